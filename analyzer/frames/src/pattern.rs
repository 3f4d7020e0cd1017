//! Dispatches that nest as an earlier one did.
//!
//! A kernel path makes the same tree again and again; only its durations differ.
//! So the shape of a tree that proved complete is kept, with what its probes cost,
//! and a later dispatch is held against it: the same segments, every record behind
//! the one before it and inside its parent, touching where the first one touched.
//! If all of that holds, rebuilding the tree could only give the same one again.
//! If anything differs, nothing is concluded, and [`crate::nesting`] rebuilds it.
//!
//! Dispatches that nest alike are gathered, place by place, for a counter of their
//! durations: going through one place at a time keeps one histogram in the cache.
//!
//! Costs a few instructions and one store per record, where rebuilding costs fifty.
//! Memory: [`BATCH`] durations for each place of each pattern, shared by all rings.

use crate::nesting::Node;
use std::array;
use trace_format::decode::SpanColumns;

/// Most patterns of one CPU. A kernel path branches in a few places only; what
/// stands in none of them is rebuilt, which is slower and no less right.
const PATTERN_LIMIT: usize = 16;

/// Longest tree worth keeping.
const LENGTH_LIMIT: usize = 64;

/// Longest duration that is gathered: seconds, which no dispatch on a CPU takes.
pub(crate) const DURATION_MAX: u64 = u32::MAX as u64;

/// Dispatches gathered before they are counted: more than a frame holds of any
/// usual kind. (Gathering those of several frames was measured to gain nothing.)
const BATCH: usize = 2048;

/// Distance of two columns: with a power of two all of them would compete for the
/// same lines of the cache.
const STRIDE: usize = BATCH + 16;

/// The shape of a tree, in commit order, its root last.
#[derive(Debug)]
pub(crate) struct Pattern {
    segments: Box<[u16]>,
    places: Box<[Place]>,
}

/// What is the same for every record at one place of a tree.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) segment: u16,
    /// What of a self time is the probes' own cost.
    pub(crate) cost: u64,
    /// How far that figure may be off.
    pub(crate) bound: u64,
    /// Places directly inside, in commit order.
    pub(crate) children: Box<[u8]>,
    before: Before,
}

/// What stands to the left of a record and its children.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    /// This place, which ends where the record begins.
    Touching(u8),
    /// This place, which ends before the record begins.
    Apart(u8),
}

impl Pattern {
    /// The pattern of a complete tree, if there can be one.
    pub(crate) fn of(tree: &[Node]) -> Option<Self> {
        if tree.len() > LENGTH_LIMIT {
            return None;
        }
        let places: Option<Box<[Place]>> = (0..tree.len()).map(|at| Place::of(tree, at)).collect();
        let pattern = Self {
            segments: tree.iter().map(|node| node.segment).collect(),
            places: places?,
        };
        let ends: Vec<u64> = tree.iter().map(|node| node.start + node.duration).collect();
        let durations: Vec<u64> = tree.iter().map(|node| node.duration).collect();
        // What does not even fit itself has records without length.
        pattern.holds(&ends, &durations).then_some(pattern)
    }

    /// Number of records, the root included.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// Its places, in commit order.
    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Whether the records from `first` on nest this way.
    #[inline]
    fn fits(&self, columns: &SpanColumns, first: usize) -> bool {
        let records = first..first + self.len();
        columns.segment[records.clone()] == *self.segments
            && self.holds(&columns.end[records.clone()], &columns.duration[records])
    }

    #[inline]
    fn holds(&self, ends: &[u64], durations: &[u64]) -> bool {
        let length = self.places.len();
        let (ends, durations) = (&ends[..length], &durations[..length]);
        let mut holds = true;
        let mut last_end = 0;
        for (at, place) in self.places.iter().enumerate() {
            let start = ends[at] - durations[at];
            // Records without length may lie on either side of an edge.
            holds &= ends[at] >= last_end && durations[at] > 0;
            last_end = ends[at];
            holds &= match place.before {
                Before::Nothing => true,
                Before::Touching(before) => ends[usize::from(before)] == start,
                Before::Apart(before) => ends[usize::from(before)] < start,
            };
            if let Some(first) = place.children.first() {
                let first = usize::from(*first);
                holds &= ends[first] - durations[first] >= start;
            }
        }
        // What a dispatch costs is in the first record that begins with it.
        holds && ends[0] - durations[0] == ends[length - 1] - durations[length - 1]
    }
}

impl Place {
    fn of(tree: &[Node], at: usize) -> Option<Self> {
        let node = &tree[at];
        let first = at - node.inside as usize;
        let before = match first.checked_sub(1) {
            None => Before::Nothing,
            Some(before) => {
                let place = u8::try_from(before).ok()?;
                if tree[before].start + tree[before].duration == node.start {
                    Before::Touching(place)
                } else {
                    Before::Apart(place)
                }
            }
        };
        let mut children = Vec::new();
        let mut end = at;
        while end > first {
            let child = end - 1;
            children.push(u8::try_from(child).ok()?);
            end = child - tree[child].inside as usize;
        }
        children.reverse();
        Some(Self {
            segment: node.segment,
            cost: node.cost,
            bound: node.bound,
            children: children.into(),
            before,
        })
    }
}

/// The durations of dispatches that nest by one pattern, a column for each place.
#[derive(Debug, Default)]
pub(crate) struct Alike {
    columns: Vec<u32>,
    length: usize,
}

impl Alike {
    /// The durations at one place.
    pub(crate) fn durations(&self, place: usize) -> &[u32] {
        &self.columns[place * STRIDE..][..self.length]
    }

    /// Takes the durations of one dispatch, none longer than [`DURATION_MAX`].
    #[inline]
    fn push(&mut self, durations: &[u64]) {
        let columns = durations.len() * STRIDE;
        if self.columns.len() < columns {
            self.columns.resize(columns, 0);
        }
        let columns = self.columns[self.length..].iter_mut().step_by(STRIDE);
        for (column, duration) in columns.zip(durations) {
            *column = *duration as u32;
        }
        self.length += 1;
    }
}

/// Dispatches of a frame that were gathered and not counted yet, by pattern. All of
/// them belong to one place `P`.
#[derive(Debug)]
pub(crate) struct Gathered<P> {
    place: Option<P>,
    alike: [Alike; PATTERN_LIMIT],
}

impl<P> Default for Gathered<P> {
    fn default() -> Self {
        Self {
            place: None,
            alike: array::from_fn(|_| Alike::default()),
        }
    }
}

impl<P: Copy + PartialEq> Gathered<P> {
    /// Whether one more dispatch of that pattern at that place can be taken before
    /// the others are counted.
    #[inline]
    pub(crate) fn takes(&self, place: P, pattern: usize) -> bool {
        self.place.is_none_or(|known| known == place) && self.alike[pattern].length < BATCH
    }

    /// Takes a dispatch: the durations of its records, none longer than
    /// [`DURATION_MAX`].
    #[inline]
    pub(crate) fn push(&mut self, place: P, pattern: usize, durations: &[u64]) {
        self.place = Some(place);
        self.alike[pattern].push(durations);
    }

    /// Hands everything over and is empty then.
    pub(crate) fn drain(&mut self, patterns: &Patterns, mut to: impl FnMut(P, &Pattern, &Alike)) {
        let Some(place) = self.place.take() else {
            return;
        };
        for (alike, pattern) in self.alike.iter_mut().zip(&patterns.0) {
            if alike.length > 0 {
                to(place, pattern, alike);
                alike.length = 0;
            }
        }
    }
}

/// The patterns of one CPU, whose probes cost the same everywhere.
#[derive(Debug, Default)]
pub(crate) struct Patterns(Vec<Pattern>);

impl Patterns {
    /// The pattern by which the `length` records from `first` on nest.
    #[inline]
    pub(crate) fn find(&self, columns: &SpanColumns, first: usize, length: usize) -> Option<usize> {
        self.0
            .iter()
            .position(|pattern| pattern.len() == length && pattern.fits(columns, first))
    }

    /// Keeps the pattern of a complete tree.
    pub(crate) fn learn(&mut self, tree: &[Node]) {
        if self.0.len() < PATTERN_LIMIT {
            self.0.extend(Pattern::of(tree));
        }
    }
}
