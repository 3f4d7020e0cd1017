//! `capbench verify`: a finished run, checked from its raw bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use capbench_runner::checkout::{self, Checkout};
use capbench_runner::hash;
use capbench_runner::manifest::Catalogue;
use capbench_verify::{Check, Definitions, Report, Run, Verdict, verify};
use clap::Args;
use miette::{Result, miette};
use serde::Serialize;

use super::{Format, print_json};
use crate::exit::Exit;
use crate::stdout::{self, Unwritten};

/// The run that is meant where none is named, below the checkout.
const LATEST: &str = "runs/latest";

#[derive(Args)]
pub struct Verify {
    /// A run directory [default: runs/latest in the checkout]
    run: Option<PathBuf>,

    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Verify {
    pub fn execute(&self, root: Result<PathBuf>) -> Result<Exit> {
        let run = open(self.run.as_deref(), root)?;
        let report = verify(&run);
        match self.format {
            Format::Json => print_json(&report)?,
            Format::Text => print_text(&report)?,
        }
        // What was not checked is not held.
        Ok(match report.all_held() {
            true => Exit::Success,
            false => Exit::Unusable,
        })
    }
}

/// Opens a run, or the latest; a checkout is needed only for the latter, and helps
/// with definitions.
pub(super) fn open(run: Option<&Path>, root: Result<PathBuf>) -> Result<Run> {
    let (directory, definitions) = match (run, root) {
        (Some(run), Ok(root)) => (run.to_owned(), definitions(&root)),
        (Some(run), Err(why)) => (run.to_owned(), Definitions::Unknown(why.to_string())),
        (None, Ok(root)) => (root.join(LATEST), definitions(&root)),
        (None, Err(why)) => return Err(why),
    };
    Run::open(&directory, definitions).map_err(|error| {
        miette!(
            code = "capbench::no_run",
            help = "name a directory below runs/, or make one: `capbench run ring`",
            "{error}"
        )
    })
}

/// The checkout's definitions by kind and name, as a record names them.
fn definitions(root: &Path) -> Definitions {
    let catalogue = match Catalogue::load(&root.join("manifests")) {
        Ok(catalogue) => catalogue,
        Err(error) => {
            let why = format!("the checkout's definitions cannot be read: {error}");
            return Definitions::Unknown(why);
        }
    };
    let mut hashes = BTreeMap::new();
    for (name, benchmark) in &catalogue.benchmarks {
        let hash = benchmark.definition_hash().to_string();
        hashes.insert(format!("benchmarks/{name}"), hash);
    }
    add(&mut hashes, "authority", &catalogue.authority);
    add(&mut hashes, "systems", &catalogue.systems);
    add(&mut hashes, "suites", &catalogue.suites);
    add(&mut hashes, "mappings", &catalogue.mappings);
    let checkout = checkout::read(root).unwrap_or_else(|error| Checkout::unknown(&error));
    Definitions::Of {
        commit: checkout.commit,
        dirty: checkout.dirty,
        hashes,
    }
}

fn add<T: Serialize>(
    hashes: &mut BTreeMap<String, String>,
    kind: &str,
    definitions: &BTreeMap<String, T>,
) {
    for (name, definition) in definitions {
        let hash = hash::of_canonical(definition).to_string();
        hashes.insert(format!("{kind}/{name}"), hash);
    }
}

fn print_text(report: &Report) -> Result<(), Unwritten> {
    let look = super::look();
    let how = match report.state.as_deref() {
        None | Some("complete") => String::new(),
        Some(state) => format!(", {state}"),
    };
    stdout::line(format_args!("{}{how}\n", report.run))?;
    stdout::line("Recomputed independently, from raw bytes:")?;
    for check in &report.recomputed {
        stdout::text(text(check, look.width))?;
    }
    stdout::line("\nJudged again by the same code:")?;
    for check in &report.judged_again {
        stdout::text(text(check, look.width))?;
    }
    stdout::line(format_args!(
        "\n{} hold, {} broken, {} not checked, {} do not apply; {} judged alike",
        report.holds, report.broken, report.not_checked, report.do_not_apply, report.judged_alike
    ))
}

/// One line where a check holds; a broken one also says what it asks.
fn text(check: &Check, width: usize) -> String {
    let Check {
        name,
        asks,
        verdict,
        evidence,
    } = check;
    let word = match verdict {
        Verdict::Holds => "holds",
        Verdict::JudgedAlike => "alike",
        Verdict::Broken => "BROKEN",
        Verdict::NotChecked => "not checked",
        Verdict::DoesNotApply => "n/a",
    };
    let head = format!("{name:<17} {word:<12}");
    match verdict {
        Verdict::Broken => {
            let evidence = evidence.iter();
            let evidence = evidence.map(|line| wrap(line, "                  - ", width));
            let asks = wrap(asks, &head, width);
            format!("{asks}{}", evidence.collect::<String>())
        }
        _ => wrap(&evidence.join("; "), &head, width),
    }
}

/// Breaks words behind `head` into lines of at most `width`, the later ones indented.
pub(super) fn wrap(text: &str, head: &str, width: usize) -> String {
    let indent = " ".repeat(head.chars().count());
    let room = width.saturating_sub(indent.len()).max(20);
    let (mut lines, mut line) = (String::new(), String::new());
    let mut lead = head;
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
            lines.push_str(&format!("{lead}{line}\n"));
            lead = &indent;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push_str(format!("{lead}{line}").trim_end());
    lines.push('\n');
    lines
}
