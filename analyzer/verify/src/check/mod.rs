//! The checks, one file for each or for a few of a kind.
//!
//! A check asks one question of the whole run and answers it with everything it
//! found. What a check cannot look at, it says; it never takes the stored word for
//! the thing itself.

mod audit;
mod breakdown;
mod definitions;
mod envelope;
mod forms;
mod identity;
mod instruments;
mod kept;
mod labels;
mod native;
mod quiescent;
mod ratios;
mod refusals;
mod rows;
mod rules;
mod series;
pub mod sums;
mod traces;
mod workload;

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
    /// Whether it went to its end, by its record: `complete` or `interrupted`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
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
        "kept",
        "definitions.json holds the definitions that run.json has the hashes of",
        kept::check,
    ),
    (
        "series",
        "the hash of each row's series follows from definition, authority, system and images",
        series::check,
    ),
    (
        "workload",
        "each row is of the size, oracle and unit of its definition, and pairs are as declared",
        workload::check,
    ),
    (
        "rows",
        "every row that the definitions stand for is there, once",
        workload::all_rows,
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
        "damage",
        "every byte of a stream behind a number lies in a frame whose CRC holds",
        |run| rules::check(run, "damage"),
    ),
    (
        "sequence",
        "its frames came once each, in order, all of them",
        |run| rules::check(run, "sequence"),
    ),
    (
        "end-of-stream",
        "it ends with the message that says so",
        |run| rules::check(run, "end-of-stream"),
    ),
    (
        "exits",
        "every boot behind a number ended as its guest meant it to",
        |run| rules::check(run, "exits"),
    ),
    (
        "panics",
        "no kernel panicked, no program faulted or exited with a failure",
        |run| rules::check(run, "panics"),
    ),
    (
        "windows",
        "every row's window opened and closed once in each boot and held what was asked",
        |run| rules::check(run, "windows"),
    ),
    ("dropped", "no record was dropped inside a window", |run| {
        rules::check(run, "dropped")
    }),
    (
        "accounts",
        "counts of one thing made in different places are equal",
        |run| rules::check(run, "accounts"),
    ),
    (
        "time-order",
        "time runs forwards in rings, windows and samples",
        |run| rules::check(run, "time-order"),
    ),
    (
        "segments",
        "segments nest as declared and every dispatch holds all of its spans",
        |run| rules::check(run, "segments"),
    ),
    (
        "authority",
        "programs held what is declared and used what they held",
        |run| rules::check_declared(run, "authority"),
    ),
    ("denials", "every declared denial was proven", |run| {
        rules::check_declared(run, "denials")
    }),
    (
        "features",
        "no kernel has a feature that nobody declared",
        rules::features,
    ),
    (
        "labels",
        "each row says what was special about its input, build, transport and authority",
        labels::check,
    ),
    (
        "quiescent",
        "the host did nothing else while hardware was measured",
        quiescent::check,
    ),
    (
        "boots",
        "a row with a number rests on all of its boots",
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
        |run| rules::check(run, "verdicts"),
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
        "a breakdown's counts, durations and self times follow from its traces",
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
        "program-clock",
        "what a program timed holds the dispatches that the kernel recorded in it",
        |run| rules::check(run, "program-clock"),
    ),
    (
        "instruments",
        "second instruments agree with the program, as the results say",
        instruments::check,
    ),
    (
        "audit",
        "the emulator's instruction log agrees with every probe",
        audit::check,
    ),
    (
        "mispriced",
        "what exact mode misprices in a row is what was counted or declared",
        audit::mispriced,
    ),
    (
        "refusals",
        "a row without a number has none for a reason that can be seen",
        refusals::check,
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
        state: run.record().ok().map(|record| record.state.clone()),
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
