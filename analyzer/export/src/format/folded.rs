//! Exported stacks, one line each: `frame;frame;frame weight`.
//!
//! Two kinds, in files of their own:
//!
//! - *segments*: the benchmark and the segments from the dispatch down; the weight
//!   is the self time of the innermost, as recorded (the probes' cost is in it).
//!   Trees with records missing are left out and counted.
//! - *PC samples*: the program, `kernel` or `user`, and the function; the weight is
//!   the number of samples. Without a function's name, the 4 KiB page of the
//!   address stands for it.
//!
//! Memory: [`STACK_LIMIT`] stacks of each kind; what finds no place is summed under
//! `(other)`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use capbench_frames::nesting::{Ring, Tree};
use trace_format::PcSample;

use crate::boot::{Boot, Visitor};
use crate::error::ExportError;
use crate::file::{Exported, OutFile, name_part};
use crate::spans::Names;
use crate::symbols::Symbols;
use crate::write::count;

/// Different stacks of one boot.
const STACK_LIMIT: usize = 1 << 16;

/// First frame of what lies in no benchmark's window.
const OUTSIDE: &str = "(outside)";

/// Last frame of stacks that found no place.
const OTHER: &str = "(other)";

/// Stacks of one kind with their weights.
pub(crate) struct Stacks {
    /// Names the kind in files.
    pub(crate) kind: &'static str,
    /// Unit of the weights.
    pub(crate) unit: &'static str,
    /// Lines without line breaks, ascending.
    pub(crate) lines: Vec<String>,
    /// Sum of the weights.
    total: u64,
}

impl Stacks {
    /// What is in a file of them.
    pub(crate) fn holds(&self) -> String {
        let stacks = count(self.lines.len() as u64, "stack");
        format!("{stacks}, {} {}", self.total, self.unit)
    }

    fn new(kind: &'static str, unit: &'static str, weights: BTreeMap<String, u64>) -> Self {
        let weights = weights.into_iter().filter(|(_, weight)| *weight > 0);
        let mut stacks = Self {
            kind,
            unit,
            lines: Vec::new(),
            total: 0,
        };
        for (stack, weight) in weights {
            stacks.total = stacks.total.saturating_add(weight);
            stacks.lines.push(format!("{stack} {weight}"));
        }
        stacks
    }
}

/// Writes the folded stacks of a boot: `<stem>.segments.folded` and
/// `<stem>.samples.folded`, as far as it has any.
///
/// # Errors
///
/// The trace could not be read or a file not written.
pub fn write(boot: &Boot, symbols: Option<&Symbols>, to: &Path) -> Result<Exported, ExportError> {
    let (stacks, notes) = fold(boot, symbols)?;
    let write = |stacks: &Stacks| {
        let name = format!("{}.{}.folded", name_part(&boot.stem), stacks.kind);
        let mut out = OutFile::create(to, &name)?;
        for line in &stacks.lines {
            out.text(line)?;
            out.text("\n")?;
        }
        out.commit(stacks.holds())
    };
    Ok(Exported {
        written: stacks.iter().map(write).collect::<Result<_, _>>()?,
        notes,
    })
}

/// Folds a boot's stacks, each kind that it has any of.
pub(crate) fn fold(
    boot: &Boot,
    symbols: Option<&Symbols>,
) -> Result<(Vec<Stacks>, Vec<String>), ExportError> {
    let mut folding = Folding {
        boot,
        names: Names::of(boot),
        symbols,
        segments: Trie::default(),
        incomplete: 0,
        pages: BTreeMap::new(),
        unnamed: 0,
    };
    boot.walk(&mut folding)?;
    Ok(folding.finish())
}

struct Folding<'a> {
    boot: &'a Boot,
    names: Names<'a>,
    symbols: Option<&'a Symbols>,
    segments: Trie,
    /// Trees that were left out.
    incomplete: u64,
    /// PC samples by stack.
    pages: BTreeMap<String, u64>,
    /// PC samples in the kernel without a function's name.
    unnamed: u64,
}

impl Folding<'_> {
    fn finish(self) -> (Vec<Stacks>, Vec<String>) {
        let stem = &self.boot.stem;
        let mut notes = Vec::new();
        if self.incomplete > 0 {
            let trees = count(self.incomplete, "tree");
            notes.push(format!("{stem}: {trees} with missing records left out"));
        }
        if self.unnamed > 0 {
            let samples = count(self.unnamed, "PC sample");
            notes.push(match self.symbols {
                None => format!(
                    "{stem}: {samples} in the kernel have no function's name and are folded by \
                     address range; --symbols takes the kernel's ELF image or System.map"
                ),
                Some(_) => format!(
                    "{stem}: {samples} in the kernel lie in no function that its symbols name \
                     (a module, say) and are folded by address range"
                ),
            });
        }
        let unit = self.boot.unit().unit();
        let segments = self.segments.weights(&self.names);
        let stacks = [
            Stacks::new("segments", unit, segments),
            Stacks::new("samples", "samples", self.pages),
        ];
        let stacks: Vec<_> = stacks
            .into_iter()
            .filter(|stacks| !stacks.lines.is_empty())
            .collect();
        if stacks.is_empty() {
            notes.push(format!(
                "{stem}: no stacks: it recorded neither spans nor PC samples"
            ));
        }
        (stacks, notes)
    }

    fn place(&mut self, address: u64) -> String {
        let kernel = address >> 63 == 1;
        let function = self.symbols.filter(|_| kernel);
        if let Some(name) = function.and_then(|symbols| symbols.name(address)) {
            return format!("kernel;{}", frame(name));
        }
        self.unnamed += u64::from(kernel);
        let page = address & !0xFFF;
        let space = if kernel { "kernel" } else { "user" };
        format!("{space};{page:#x}-{:#x}", page | 0xFFF)
    }
}

impl Visitor for Folding<'_> {
    fn tree(&mut self, _ring: Ring, tree: &Tree) -> Result<(), ExportError> {
        let Some(top) = tree.nodes.last().filter(|_| tree.complete) else {
            self.incomplete += 1;
            return Ok(());
        };
        let benchmark = self.names.benchmark(top.start, top.end());
        self.segments.add(benchmark.unwrap_or(OUTSIDE), tree);
        Ok(())
    }

    fn pc_sample(&mut self, _ring: Ring, sample: &PcSample) -> Result<(), ExportError> {
        let program = match self.boot.statements().threads.get(&sample.tid) {
            Some((_, program)) => frame(program),
            None => format!("thread_{}", sample.tid),
        };
        let mut stack = format!("{program};{}", self.place(sample.address));
        if self.pages.len() >= STACK_LIMIT && !self.pages.contains_key(&stack) {
            stack = OTHER.into();
        }
        *self.pages.entry(stack).or_default() += 1;
        Ok(())
    }
}

/// Stacks of segments as a tree of their own: each is its parent and one more.
#[derive(Default)]
struct Trie {
    /// First frames.
    benchmarks: BTreeMap<String, u32>,
    places: HashMap<(u32, u16), u32>,
    stacks: Vec<Stack>,
    other: u64,
    /// Reused: the stack of each node of a tree.
    of_node: Vec<Option<u32>>,
}

struct Stack {
    parent: Option<u32>,
    segment: u16,
    weight: u64,
}

impl Trie {
    fn add(&mut self, benchmark: &str, tree: &Tree) {
        let first = self.benchmark(benchmark);
        self.of_node.clear();
        self.of_node.resize(tree.nodes.len(), None);
        for position in tree.from_the_top() {
            let node = &tree.nodes[position.node];
            let parent = position.parent.map_or(first, |p| self.of_node[p]);
            let stack = parent.and_then(|parent| self.child(parent, node.segment));
            self.of_node[position.node] = stack;
            let weight = match stack {
                Some(stack) => &mut self.stacks[stack as usize].weight,
                None => &mut self.other,
            };
            *weight = weight.saturating_add(node.self_raw);
        }
    }

    fn benchmark(&mut self, name: &str) -> Option<u32> {
        if let Some(known) = self.benchmarks.get(name) {
            return Some(*known);
        }
        let new = self.push(None, 0)?;
        self.benchmarks.insert(name.to_owned(), new);
        Some(new)
    }

    fn child(&mut self, parent: u32, segment: u16) -> Option<u32> {
        if let Some(known) = self.places.get(&(parent, segment)) {
            return Some(*known);
        }
        let new = self.push(Some(parent), segment)?;
        self.places.insert((parent, segment), new);
        Some(new)
    }

    fn push(&mut self, parent: Option<u32>, segment: u16) -> Option<u32> {
        let new = self.stacks.len();
        (new < STACK_LIMIT).then(|| {
            self.stacks.push(Stack {
                parent,
                segment,
                weight: 0,
            });
            new as u32
        })
    }

    fn weights(&self, names: &Names) -> BTreeMap<String, u64> {
        let benchmarks: HashMap<u32, &String> =
            self.benchmarks.iter().map(|(n, at)| (*at, n)).collect();
        let mut weights = BTreeMap::new();
        let weighty = (0u32..).zip(&self.stacks).filter(|(_, s)| s.weight > 0);
        for (at, stack) in weighty {
            let line = self.line(at, &benchmarks, names);
            let sum = weights.entry(line).or_insert(0u64);
            *sum = sum.saturating_add(stack.weight);
        }
        if self.other > 0 {
            weights.insert(OTHER.into(), self.other);
        }
        weights
    }

    fn line(&self, at: u32, benchmarks: &HashMap<u32, &String>, names: &Names) -> String {
        let mut frames = Vec::new();
        let mut next = Some(at);
        while let Some(at) = next {
            let stack = &self.stacks[at as usize];
            frames.push(match benchmarks.get(&at) {
                Some(name) => frame(name),
                None => frame(names.segment(stack.segment)),
            });
            next = stack.parent;
        }
        frames.reverse();
        frames.join(";")
    }
}

/// A name as one frame of a line: what separates frames, lines or weights, or is
/// not to be seen, is replaced.
pub(crate) fn frame(name: &str) -> String {
    let safe = |c: char| match c {
        ';' => ':',
        c if c.is_whitespace() || c.is_control() => '_',
        c => c,
    };
    let frame: String = name.chars().map(safe).collect();
    if frame.is_empty() { "?".into() } else { frame }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_frame() {
        assert_eq!(frame("a;b 12\n3"), "a:b_12_3");
        assert_eq!(frame(""), "?");
        assert_eq!(frame("core::fmt<T>"), "core::fmt<T>");
    }
}
