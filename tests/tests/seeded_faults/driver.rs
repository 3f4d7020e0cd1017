//! Runs cases two at a time and counts what must not be.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use capbench_runner::hash;
use capbench_runner::stderr::line;

use crate::base::{Base, files};
use crate::case::{Case, Place};
use crate::child::{self, Ended, MEMORY_LIMIT_BYTES, TIME_LIMIT};
use crate::random::Random;

/// Names the cases to run: `all`, or how their names begin.
const CHOICE: &str = "CAPBENCH_FAULTS";
/// A sample holds one case in so many of each kind, the first always.
const SAMPLE: u64 = 10;
const WORKERS: usize = 2;
/// No error needs more words.
const LONGEST_ERROR_BYTES: usize = 16 << 10;

/// What must not be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Panic,
    FalseHold,
    Memory,
    Time,
    NoRemedy,
    Executed,
    ControlCharacter,
    LongError,
    Unexpected,
}

impl Fault {
    const ALL: [(Self, &'static str); 9] = [
        (Self::Panic, "panics"),
        (Self::FalseHold, "false holds"),
        (Self::Memory, "over 256 MiB"),
        (Self::Time, "over 20 s"),
        (Self::NoRemedy, "without remedy"),
        (Self::Executed, "executed"),
        (Self::ControlCharacter, "control characters"),
        (Self::LongError, "errors over 16 KiB"),
        (Self::Unexpected, "not as stated"),
    ];
}

/// Runs those that are asked for.
pub fn drive(cases: Vec<Case>) -> ExitCode {
    let choice = std::env::var(CHOICE).unwrap_or_default();
    let all = cases.len();
    let chosen = choose(cases, &choice);
    let is_shown = !choice.is_empty() && choice != "all";
    let base = Base::make();
    let before = digests(&base);
    let faults = Mutex::new(BTreeMap::<Fault, Vec<String>>::new());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(case) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (ended, found) = run(case, &base);
                    let text = report(case, &ended);
                    if is_shown {
                        line(&text);
                    }
                    let mut faults = faults.lock().unwrap();
                    for fault in found {
                        faults.entry(fault).or_default().push(text.clone());
                    }
                }
            });
        }
    });
    assert_eq!(digests(&base), before, "a command wrote into its input");
    let faults = faults.into_inner().unwrap();
    for (fault, name) in Fault::ALL {
        for text in faults.get(&fault).into_iter().flatten() {
            line(format_args!("{name}: {text}"));
        }
    }
    line(totals(&chosen, all, &faults));
    match faults.is_empty() && !chosen.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn choose(cases: Vec<Case>, choice: &str) -> Vec<Case> {
    let mut kinds = BTreeSet::new();
    let chosen = cases.into_iter().filter(|case| match choice {
        "all" => true,
        "" => kinds.insert((case.area, case.kind.clone())) || case.seed % SAMPLE == SAMPLE - 1,
        prefix => case.name().starts_with(prefix),
    });
    chosen.collect()
}

fn run(case: &Case, base: &Base) -> (Ended, Vec<Fault>) {
    let directory = tempfile::tempdir().unwrap();
    let place = Place {
        directory: directory.path().join("case"),
        base,
    };
    fs::create_dir(&place.directory).unwrap();
    let mut random = Random::new(case.seed);
    let arguments = (case.prepare)(&place, &mut random);
    let ended = child::run(&arguments, case.output, directory.path());
    let mut found = faults(case, &arguments, &ended);
    if place.trap().exists() {
        found.push(Fault::Executed);
    }
    (ended, found)
}

fn faults(case: &Case, arguments: &[String], ended: &Ended) -> Vec<Fault> {
    let mut found = Vec::new();
    let stdout = String::from_utf8_lossy(&ended.stdout);
    let is_late = ended.time > TIME_LIMIT;
    let is_stated = ended
        .status
        .is_some_and(|status| case.expected.statuses.contains(&status));
    let says = stdout.contains(case.expected.says) || ended.stderr.contains(case.expected.says);
    let is_panic = matches!(ended.status, None | Some(101)) || ended.stderr.contains("panicked at");
    let is_false_hold = ended.status == Some(0) && arguments[0] == "verify" && !is_stated;
    let checks = [
        (Fault::Panic, is_panic && !is_late),
        (Fault::FalseHold, is_false_hold),
        (Fault::Memory, ended.memory_bytes > MEMORY_LIMIT_BYTES),
        (Fault::Time, is_late),
        (
            Fault::NoRemedy,
            ended.status == Some(1) && !has_remedy(&ended.stderr),
        ),
        (
            Fault::ControlCharacter,
            [&stdout, ended.stderr.as_str()]
                .iter()
                .any(|text| steers(text)),
        ),
        (Fault::LongError, ended.stderr.len() > LONGEST_ERROR_BYTES),
        (Fault::Unexpected, !(is_stated && says) && !is_late),
    ];
    found.extend(checks.iter().filter(|check| check.1).map(|check| check.0));
    found
}

/// miette's line of help, or clap's.
fn has_remedy(stderr: &str) -> bool {
    ["help:", "--help"].iter().any(|word| stderr.contains(word))
}

/// Whether a terminal would obey any of it.
fn steers(text: &str) -> bool {
    text.chars().any(|letter| {
        (letter.is_control() && !matches!(letter, '\n' | '\t'))
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

fn report(case: &Case, ended: &Ended) -> String {
    /// As much as tells one error from another.
    const SHOWN: usize = 600;
    let said: String = ended.stderr.chars().take(SHOWN).collect();
    format!(
        "{}: status {:?}, stated {:?} {:?}, {:.1} s, {} MiB\n{}",
        case.name(),
        ended.status,
        case.expected.statuses,
        case.expected.says,
        ended.time.as_secs_f64(),
        ended.memory_bytes >> 20,
        said.escape_debug().to_string().replace("\\n", "\n")
    )
}

fn totals(chosen: &[Case], all: usize, faults: &BTreeMap<Fault, Vec<String>>) -> String {
    let mut areas: BTreeMap<&str, (BTreeSet<&str>, usize)> = BTreeMap::new();
    for case in chosen {
        let area = areas.entry(case.area).or_default();
        area.0.insert(&case.kind);
        area.1 += 1;
    }
    let mut text = String::new();
    for (area, (kinds, cases)) in areas {
        let _ = writeln!(text, "{area}: {cases} cases of {} kinds", kinds.len());
    }
    let _ = write!(text, "seeded faults: {} of {all} cases", chosen.len());
    for (fault, name) in Fault::ALL {
        let _ = write!(text, "; {name} {}", faults.get(&fault).map_or(0, Vec::len));
    }
    text
}

/// Hashes of the undamaged inputs.
fn digests(base: &Base) -> Vec<(String, String)> {
    let places = [&base.run, &base.other_run, &base.store];
    let digest = |place: &std::path::PathBuf, name: String| {
        let hash = hash::of_file(&place.join(&name)).unwrap();
        (name, hash.to_string())
    };
    let files = places.map(|place| {
        let names = files(place).into_iter();
        names.map(|name| digest(place, name)).collect::<Vec<_>>()
    });
    files.concat()
}
