//! The checks, one file for each or for a few of a kind.
//!
//! A check asks one question of the whole run and answers it with everything it
//! found. What a check cannot look at, it says; it never takes the stored word for
//! the thing itself. Which checks apply to a run follows from what kind of run it is
//! ([`applies`]), never from what a check happened to find.
//!
//! Two kinds of answer are kept apart. What is *recomputed* comes from raw bytes by
//! lines that judging does not share. What is *judged again* is the work of the very
//! code that judged first: it finds what was changed since, and shows nothing about
//! the code, so it is never counted as held.

mod again;
mod applies;
mod audit;
mod breakdown;
mod complete;
mod definitions;
mod envelope;
mod files;
mod form;
mod forms;
mod identity;
mod instruments;
mod kept;
mod native;
mod quiescent;
mod ratios;
mod rows;
mod rules;
mod series;
pub mod sums;
mod traces;

use std::thread;

use capbench_results::brief;
use serde::Serialize;

use crate::run::Run;

/// Faults listed of one check; the others are counted.
const FAULTS_LISTED: usize = 16;

/// The outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Everything it looked at is as it must be.
    Holds,
    /// The same code judged again as it had; no evidence beyond that.
    JudgedAlike,
    /// Something is not as it must be.
    Broken,
    /// It applies, and could not look.
    NotChecked,
    /// It does not apply to a run of this kind.
    DoesNotApply,
}

/// One check of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// What must be so.
    pub asks: &'static str,
    /// The outcome.
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
    /// How many were judged again and came out alike.
    pub judged_alike: usize,
    /// How many are broken.
    pub broken: usize,
    /// How many apply and could not look.
    pub not_checked: usize,
    /// How many do not apply.
    pub do_not_apply: usize,
    /// What was recomputed from raw bytes, in the order of the data's way.
    pub recomputed: Vec<Check>,
    /// The judgement of the same code, made again.
    pub judged_again: Vec<Check>,
}

impl Report {
    /// Whether every check that applies was made, and none is broken.
    pub fn all_held(&self) -> bool {
        self.broken == 0 && self.not_checked == 0
    }

    /// Every check.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.recomputed.iter().chain(&self.judged_again)
    }
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

const RECOMPUTED: &[(&str, &str, Rule)] = &[
    (
        "complete",
        "record, results and definitions can be read, and every planned boot took place",
        complete::check,
    ),
    (
        "files",
        "the record names each boot's kept files, by the boot's name, and all of them are there",
        files::check,
    ),
    (
        "record",
        "times, versions, counts and images of the record have their form and agree",
        form::check,
    ),
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
        "session",
        "every stream behind a number is of its boot's variant, kernel, processors and clock",
        |run| rules::check(run, "session"),
    ),
    (
        "required",
        "it holds the dispatches, counts and accounts that the arithmetic below takes",
        |run| rules::check(run, "required"),
    ),
    (
        "losses",
        "no record was lost, in a window or in none",
        |run| rules::check(run, "losses"),
    ),
    (
        "accounts",
        "counts of one thing made in different places are equal",
        |run| rules::check(run, "accounts"),
    ),
    (
        "denials",
        "every declared denial was proven by the program it is declared for",
        |run| rules::check(run, "denials"),
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
];

/// Carries out every check.
pub fn verify(run: &Run) -> Report {
    // Either half takes as long as the other, and neither needs it.
    let (recomputed, judged_again) = thread::scope(|scope| {
        let judged_again = scope.spawn(|| again::checks(run));
        let recomputed: Vec<Check> = RECOMPUTED
            .iter()
            .map(|check| recompute(run, check))
            .collect();
        (
            recomputed,
            judged_again.join().expect("judging does not panic"),
        )
    });
    let name = run.directory.canonicalize();
    let name = name.as_deref().unwrap_or(&run.directory).file_name();
    let number = |verdict| {
        let all = recomputed.iter().chain(&judged_again);
        all.filter(|check| check.verdict == verdict).count()
    };
    Report {
        state: run.record().ok().map(|record| record.state.clone()),
        run: name.unwrap_or_default().to_string_lossy().into_owned(),
        holds: number(Verdict::Holds),
        judged_alike: number(Verdict::JudgedAlike),
        broken: number(Verdict::Broken),
        not_checked: number(Verdict::NotChecked),
        do_not_apply: number(Verdict::DoesNotApply),
        recomputed,
        judged_again,
    }
}

fn recompute(run: &Run, &(name, asks, rule): &(&'static str, &'static str, Rule)) -> Check {
    let (verdict, evidence) = match applies::why_not(run, name) {
        Some(why) => (Verdict::DoesNotApply, vec![why]),
        None => conclude(rule(run), Verdict::Holds),
    };
    Check {
        name,
        asks,
        verdict,
        evidence,
    }
}

fn conclude(found: Found, sound: Verdict) -> (Verdict, Vec<String>) {
    match found {
        Err(why) => (Verdict::NotChecked, vec![brief(why)]),
        Ok(answer) if answer.faults.is_empty() => (sound, vec![answer.looked_at]),
        Ok(Answer { faults, .. }) => {
            let more = faults.len().saturating_sub(FAULTS_LISTED);
            // A fault may quote a record of any length.
            let listed = faults.into_iter().take(FAULTS_LISTED);
            let mut faults: Vec<String> = listed.map(brief).collect();
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
