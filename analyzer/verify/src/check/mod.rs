//! The checks, one file for each or for a few of a kind.
//!
//! A check asks one question of the whole run and answers it with everything it
//! found. What a check cannot look at, it says; it never takes the stored word for
//! the thing itself.

mod breakdown;
mod definitions;
mod envelope;
mod forms;
mod identity;
mod native;
mod ratios;
mod rows;
mod sums;
mod traces;
mod unchecked;

use serde::Serialize;

use crate::run::Run;

/// Faults listed of one check; the others are counted.
const FAULTS_LISTED: usize = 16;

/// What came of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Everything it looked at is as it must be.
    Holds,
    /// Something is not.
    Broken,
    /// It could not look, or nobody can.
    NotChecked,
}

/// One check of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What must be so.
    pub asks: &'static str,
    /// What came of it.
    pub verdict: Verdict,
    /// What was looked at, every fault, or why nothing was looked at.
    pub evidence: Vec<String>,
}

/// All checks of one run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The directory's name, which is the run's.
    pub run: String,
    /// How many checks hold.
    pub holds: usize,
    /// How many are broken.
    pub broken: usize,
    /// How many could not look.
    pub not_checked: usize,
    /// Every check, in the order of the data's way.
    pub checks: Vec<Check>,
}

/// What a check found, or in `Err` why it could not look.
type Found = Result<Answer, String>;

/// Faults, and what was looked at.
struct Answer {
    faults: Vec<String>,
    looked_at: String,
}

impl Answer {
    fn new(faults: Vec<String>, looked_at: impl Into<String>) -> Found {
        Ok(Self {
            faults,
            looked_at: looked_at.into(),
        })
    }
}

type Rule = fn(&Run) -> Found;

const CHECKS: &[(&str, &str, Rule)] = &[
    (
        "sums",
        "SHA256SUMS names every file of the run, and each has the hash it names",
        sums::check,
    ),
    (
        "forms",
        "results.json and results.capnp contradict neither themselves nor each other",
        forms::check,
    ),
    (
        "identity",
        "the results name the run that run.json records",
        identity::check,
    ),
    (
        "envelope",
        "the envelope's hash follows from its fields",
        envelope::hash,
    ),
    (
        "command-lines",
        "every boot was started with the envelope's arguments",
        envelope::command_lines,
    ),
    (
        "images",
        "every boot image has the hash that run.json names",
        identity::images,
    ),
    (
        "definitions",
        "the definitions are those of the checkout",
        definitions::check,
    ),
    (
        "traces",
        "every stored trace holds the bytes that left the guest",
        traces::hashes,
    ),
    (
        "exact",
        "in exact mode all boots of one guest, system and variant sent the same bytes",
        traces::equal,
    ),
    (
        "complete",
        "the streams behind numbers are undamaged and have an end",
        traces::complete,
    ),
    (
        "boots",
        "a row with a number rests on all its boots, and all of them ended well",
        rows::boots,
    ),
    (
        "artifact-hash",
        "each row's artifact hash is that of its boots' streams",
        rows::artifact_hash,
    ),
    (
        "verdicts",
        "the program's own oracle accepted each row with a number in every boot",
        rows::verdicts,
    ),
    (
        "samples",
        "each row's samples are those in its traces, in order",
        rows::samples,
    ),
    (
        "statistics",
        "n, median, p95, min, max, deviation, range and cold value follow from the traces",
        rows::statistics,
    ),
    (
        "breakdown",
        "a breakdown's counts and medians are those in its traces",
        breakdown::check,
    ),
    (
        "perturbations",
        "the medians under other instruments follow from those passes' traces",
        rows::perturbations,
    ),
    (
        "ratios",
        "a ratio is one median divided by the other, both from the traces",
        ratios::check,
    ),
    (
        "native",
        "the native column's numbers follow from its trace",
        native::check,
    ),
    (
        "refusals",
        "a row without a number has none for a reason",
        unchecked::refusals,
    ),
    (
        "instruments",
        "second instruments agree with the program",
        unchecked::check,
    ),
    (
        "audit",
        "the emulator's instruction log agrees with the probes",
        unchecked::audit,
    ),
];

/// Carries out every check.
pub fn verify(run: &Run) -> Report {
    let checks: Vec<Check> = CHECKS
        .iter()
        .map(|&(name, asks, rule)| {
            let (verdict, evidence) = conclude(rule(run));
            Check {
                name,
                asks,
                verdict,
                evidence,
            }
        })
        .collect();
    let name = run.directory.canonicalize();
    let name = name.as_deref().unwrap_or(&run.directory).file_name();
    let number = |verdict| checks.iter().filter(|c| c.verdict == verdict).count();
    Report {
        run: name.unwrap_or_default().to_string_lossy().into_owned(),
        holds: number(Verdict::Holds),
        broken: number(Verdict::Broken),
        not_checked: number(Verdict::NotChecked),
        checks,
    }
}

fn conclude(found: Found) -> (Verdict, Vec<String>) {
    match found {
        Err(why) => (Verdict::NotChecked, vec![why]),
        Ok(answer) if answer.faults.is_empty() => (Verdict::Holds, vec![answer.looked_at]),
        Ok(Answer { mut faults, .. }) => {
            let more = faults.len().saturating_sub(FAULTS_LISTED);
            faults.truncate(FAULTS_LISTED);
            if more > 0 {
                faults.push(format!("and {more} more"));
            }
            (Verdict::Broken, faults)
        }
    }
}

/// `1 boot`, `5 boots`.
fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// A fault where two values differ.
fn differ<T: PartialEq + std::fmt::Debug>(what: &str, stored: T, found: T) -> Option<String> {
    (stored != found).then(|| format!("{what}: stored {stored:?}, found {found:?}"))
}
