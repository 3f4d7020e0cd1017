//! The rules that decide whether a number may be believed, one file per rule.
//!
//! A rule looks at a trace and at what was expected of its boot, and returns
//! findings: which result they touch, why, and the evidence. No rule changes a
//! value or repairs anything. Rules run on whatever arrived; a boot that was
//! killed is judged by the same ones as a boot that went well. What takes several
//! boots or several tables to see is judged where they are joined.

pub(crate) mod accounts;
mod authority;
pub(crate) mod boots;
mod calibrations;
mod clocks;
mod damage;
mod declarations;
mod declared;
mod dropped;
mod end_of_stream;
mod ending;
mod exits;
mod features;
mod instruments;
mod nesting;
mod origins;
mod panic;
pub(crate) mod repeated;
mod required;
mod samples;
mod sequence;
mod session;
mod streams;
mod time_order;
pub(crate) mod transcript;
mod verifier;
mod windows;

pub use clocks::Clock;
pub use required::{Accounts, Dispatches, Required};
pub use session::Session;
pub use streams::{Stream, streams_differ};
pub use windows::Asked;

use capbench_frames::summary::FindingSummary;
use capbench_frames::trace::Trace;
use capbench_results::{Evidence, FailureReason, InvalidReason};
use std::collections::BTreeMap;
use std::fmt;

/// What was expected of a boot and cannot be read from its trace. What is absent
/// is not judged.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// How the boot ended.
    pub ending: Option<Ending>,
    /// Whose stream it must be.
    pub session: Option<Session>,
    /// What its clocks must say.
    pub clock: Option<Clock>,
    /// What was asked of its windows, by row.
    pub windows: BTreeMap<String, Asked>,
    /// What must be in it.
    pub required: Option<Required>,
    /// Features of the kernel build that the configuration declares.
    pub features: Option<Vec<String>>,
    /// The programs' authority.
    pub authority: Option<Authority>,
    /// Submissions of an operation whose dispatch begins inside its timed interval, by
    /// row; one where a row is not here.
    pub submissions: BTreeMap<String, u32>,
    /// What programs exit with, by name; 0 where a program is not here.
    pub exit_codes: BTreeMap<String, i64>,
}

/// How a boot ended, seen from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The guest shut down and said that all went well.
    Clean,
    /// The guest shut down and said that its init failed.
    InitFailed,
    /// The guest said that its kernel panicked.
    Panicked,
    /// The emulator ended in a way the guest did not ask for.
    Abnormal(String),
    /// It took too long and was stopped.
    TimedOut(String),
    /// The hypervisor gave up on it, or on a boot before it.
    InternalError(String),
    /// Somebody stopped the run.
    Interrupted,
    /// It could not be started.
    NotStarted(String),
}

/// The authority of a boot's programs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authority {
    /// Each program by name.
    pub programs: Vec<Program>,
    /// Denials that must be proven: the program and their name.
    pub denials: Vec<(String, String)>,
}

/// The authority of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// Name of the program.
    pub name: String,
    /// Its capabilities: name and source.
    pub grants: Vec<(String, String)>,
}

/// An objection to results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub check: &'static str,
    /// Why.
    pub objection: Objection,
    /// The benchmark it touches; all of the boot without one.
    pub benchmark: Option<String>,
    /// The observation.
    pub evidence: Evidence,
}

/// Why a result has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Objection {
    /// The guest did not do its work.
    Failed(FailureReason),
    /// Its number must not be believed.
    Invalid(InvalidReason),
}

impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(reason) => reason.fmt(f),
            Self::Invalid(reason) => reason.fmt(f),
        }
    }
}

impl From<&Finding> for FindingSummary {
    fn from(finding: &Finding) -> Self {
        Self {
            check: finding.check,
            reason: finding.objection.to_string(),
            benchmark: finding.benchmark.clone(),
            evidence: finding.evidence.clone(),
        }
    }
}

impl Finding {
    /// Whether it touches this benchmark.
    pub fn touches(&self, benchmark: &str) -> bool {
        self.benchmark
            .as_deref()
            .is_none_or(|name| name == benchmark)
    }
}

type Rule = fn(&Trace, &Expectation, &mut Findings);

/// Every rule that needs one trace. Causes stand before their consequences: the
/// first finding names the reason of a result, the others are its evidence.
const RULES: &[(&str, Rule)] = &[
    ("ending", ending::check),
    ("panic", panic::check),
    ("damage", damage::check),
    ("session", session::check),
    ("clocks", clocks::check),
    ("sequence", sequence::check),
    ("declarations", declarations::check),
    ("declared", declared::check),
    ("origins", origins::check),
    ("end-of-stream", end_of_stream::check),
    ("windows", windows::check),
    ("exits", exits::check),
    ("dropped", dropped::check),
    ("verifier", verifier::check),
    ("required", required::check),
    ("accounts", accounts::check),
    ("samples", samples::check),
    ("time-order", time_order::check),
    ("nesting", nesting::check),
    ("calibrations", calibrations::check),
    ("authority", authority::check),
    ("features", features::check),
    ("instruments", instruments::check),
];

/// Holds a trace against every rule.
pub fn check(trace: &Trace, expected: &Expectation) -> Vec<Finding> {
    let mut findings = Findings {
        check: "",
        source: &trace.source,
        list: Vec::new(),
    };
    for (name, rule) in RULES {
        findings.check = name;
        rule(trace, expected, &mut findings);
    }
    findings.list
}

/// Holds a boot that left no readable trace against the rules that need none.
pub fn check_without_trace(source: &str, expected: &Expectation) -> Vec<Finding> {
    let trace = Trace {
        source: source.to_owned(),
        ..Trace::default()
    };
    let mut findings = Findings {
        check: "ending",
        source,
        list: Vec::new(),
    };
    ending::check(&trace, expected, &mut findings);
    findings.check = "end-of-stream";
    end_of_stream::check(&trace, expected, &mut findings);
    findings.list
}

/// Holds a boot whose trace is there and cannot be read against the rules that
/// need none; that it cannot be read is a finding too.
pub fn check_unreadable(
    source: &str,
    expected: &Expectation,
    error: &dyn fmt::Display,
) -> Vec<Finding> {
    let mut list = check_without_trace(source, expected);
    let mut findings = Findings {
        check: "damage",
        source,
        list: Vec::new(),
    };
    findings.invalid(
        InvalidReason::FrameDamaged,
        "the trace",
        "a readable one",
        error,
    );
    // How the boot ended explains the damage; that the end is missing follows from it.
    let at = list
        .iter()
        .take_while(|finding| finding.check == "ending")
        .count();
    list.splice(at..at, findings.list);
    list
}

/// Collects what the rules find.
struct Findings<'a> {
    check: &'static str,
    source: &'a str,
    list: Vec<Finding>,
}

impl Findings<'_> {
    /// Against every benchmark of the boot.
    fn invalid(
        &mut self,
        reason: InvalidReason,
        subject: impl fmt::Display,
        expected: impl fmt::Display,
        observed: impl fmt::Display,
    ) {
        self.push(
            Objection::Invalid(reason),
            None,
            subject,
            expected,
            observed,
        );
    }

    /// Against one benchmark.
    fn invalid_for(
        &mut self,
        benchmark: &str,
        reason: InvalidReason,
        subject: impl fmt::Display,
        expected: impl fmt::Display,
        observed: impl fmt::Display,
    ) {
        self.push(
            Objection::Invalid(reason),
            Some(benchmark),
            subject,
            expected,
            observed,
        );
    }

    fn push(
        &mut self,
        objection: Objection,
        benchmark: Option<&str>,
        subject: impl fmt::Display,
        expected: impl fmt::Display,
        observed: impl fmt::Display,
    ) {
        self.list.push(Finding {
            check: self.check,
            objection,
            benchmark: benchmark.map(str::to_owned),
            evidence: Evidence {
                source: self.source.to_owned(),
                subject: subject.to_string(),
                expected: expected.to_string(),
                observed: observed.to_string(),
            },
        });
    }
}

#[cfg(test)]
pub(crate) mod testing;
