//! Every QEMU that is here measures the same.
//!
//! The one that runs use by default is the reference. Each other one below
//! `target/qemu/` runs the ring suite and tier 0, audits included; all its rows must
//! pass, and those of capOS must be equal to the reference's to the last bit. Linux
//! looks at its processor and devices while it boots, so its rows may differ by a few
//! instructions and only have to pass.
//!
//! `make test-qemu` fetches the others; where there are none, the test is reported as
//! ignored. Each QEMU takes a minute and a half on two cores.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::OnceLock;

use capbench_results::{Outcome, Results, Status};
use capbench_runner::guest::capos;
use capbench_runner::qemu::{PROGRAM, Qemu};
use capbench_runner::stderr::line;
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{capbench, run};
use capbench_tests::source_copy::repository;
use libtest_mimic::{Arguments, Failed, Trial};

const SUITES: [&str; 2] = ["ring", "tier0"];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let reference = match Qemu::find(None) {
        Ok(reference) => reference,
        Err(error) => {
            line(error);
            return ExitCode::FAILURE;
        }
    };
    let others = others(&reference);
    let mut tests: Vec<Trial> = others.into_iter().map(trial).collect();
    if tests.is_empty() {
        line(format_args!(
            "skipped: no QEMU but {reference}; `make test-qemu` fetches others"
        ));
        let ignored = Trial::test("other_emulators_measure_the_same", || Ok(()));
        tests.push(ignored.with_ignored_flag(true));
    }
    libtest_mimic::run(&arguments, tests).exit_code()
}

/// Those that `tools/qemu.sh` fetched, of other versions than the reference.
fn others(reference: &Qemu) -> Vec<Qemu> {
    let fetched = repository().join("target/qemu");
    let releases = fs::read_dir(fetched).into_iter().flatten().flatten();
    let mut programs: Vec<PathBuf> = releases
        .map(|release| release.path().join(PROGRAM))
        .filter(|program| program.is_file())
        .collect();
    programs.sort();
    let found = programs.iter().map(|program| {
        Qemu::find(Some(program)).unwrap_or_else(|error| panic!("{}: {error}", program.display()))
    });
    found
        .filter(|qemu| qemu.version != reference.version)
        .collect()
}

fn trial(qemu: Qemu) -> Trial {
    let (major, minor) = qemu.release;
    Trial::test(
        format!("qemu_{major}_{minor}_measures_the_same"),
        move || {
            static REFERENCE: OnceLock<[Results; 2]> = OnceLock::new();
            let reference = REFERENCE.get_or_init(|| SUITES.map(|suite| measure(suite, None)));
            let mut values = 0;
            for (suite, expected) in SUITES.iter().zip(reference) {
                let found = measure(suite, Some(&qemu.program));
                values += compare(expected, &found)?;
            }
            line(format_args!(
                "{}: {values} values of capOS are equal",
                qemu.version
            ));
            Ok(())
        },
    )
}

fn measure(suite: &str, qemu: Option<&Path>) -> Results {
    let checkout = Checkout::new().unwrap();
    let mut command = capbench(&checkout, &["run", suite, "--quiet"]);
    if let Some(program) = qemu {
        command.arg("--qemu").arg(program);
    }
    let said = run(command);
    assert_eq!(said.status, 0, "{}", said.text);
    assert!(said.text.contains("spans equal the emulator's own count"));
    let verified = run(capbench(&checkout, &["verify"]));
    assert_eq!(verified.status, 0, "{}", verified.text);
    let text = fs::read_to_string(checkout.latest_run().join("results.json")).unwrap();
    Results::from_json(&text).unwrap()
}

/// How many values are equal, or the first row in which one is not.
fn compare(expected: &Results, found: &Results) -> Result<usize, Failed> {
    let of_capos = |results: &Results| {
        let rows = results.results.iter();
        let rows = rows.filter(|row| row.guest == capos::GUEST.name());
        rows.cloned().collect::<Vec<_>>()
    };
    for row in &found.results {
        let is_lacking = matches!(row.status(), Status::Unsupported);
        if row.outcome.measurement().is_none() && !is_lacking {
            return Err(format!("{}: {:?}", row.benchmark_name, row.outcome).into());
        }
    }
    let (expected, found) = (of_capos(expected), of_capos(found));
    assert_eq!(expected.len(), found.len());
    let mut values = 0;
    for (expected, found) in expected.iter().zip(&found) {
        if expected.outcome != found.outcome {
            let name = &expected.benchmark_name;
            let median = |outcome: &Outcome| outcome.measurement().map(|m| m.median);
            let (one, other) = (median(&expected.outcome), median(&found.outcome));
            return Err(format!("{name}: {one:?} and {other:?}, or a figure below").into());
        }
        if let Some(measurement) = found.outcome.measurement() {
            let lines = measurement.breakdown.iter().flat_map(|b| &b.segments);
            values += measurement.samples.len() + lines.count();
        }
    }
    Ok(values)
}
