//! The column of this host's own kernel, from a guest's program.
//!
//! The same rules decide as for a guest; what is left of a number is a time and a
//! minimum, in a type that no ratio can be made of.

use crate::Run;
use crate::outcome::{self, Boot, Material, outcome};
use crate::rule::{Ending, Expectation, check};
use capbench_frames::trace::Trace;
use capbench_results::{
    ContextRow, ContextValue, FailureReason, Measurement, Outcome, Refusal, Unit,
};
use capbench_runner::boot::Capture;
use capbench_runner::native::{NativeExit, NativeRun};
use capbench_runner::plan::Row;

use crate::boot::declared_features;
use capbench_runner::guest::Variant;

const COLUMN: &str = "native host";

/// A context row for each row that the program could measure here, if it was run.
pub(crate) fn context(run: &Run) -> Vec<ContextRow> {
    let Some(native) = &run.record.native else {
        return Vec::new();
    };
    let host = &run.record.envelope.host;
    let source = format!("{} on {}", host.kernel, host.processor);
    let trace = read(native, run);
    let rows = run.plan.native_rows().into_iter();
    rows.map(|row| ContextRow {
        column: COLUMN.to_owned(),
        benchmark_name: row.name.clone(),
        source: source.clone(),
        outcome: match &trace {
            Ok(trace) => value(row, trace, native, run),
            Err(why) => Outcome::Failed(Refusal::new(FailureReason::NotStarted, why)),
        },
    })
    .collect()
}

fn read(native: &NativeRun, run: &Run) -> Result<Trace, String> {
    match (&native.capture, &native.exit) {
        (Capture::Stored(stream), _) => {
            let source = stream.file.display().to_string();
            let trace = run.trace(&stream.file, &source);
            trace.map_err(|error| error.to_string())
        }
        (_, NativeExit::Abnormal { message }) => Err(message.clone()),
        (Capture::Failed { message, .. }, _) => Err(message.clone()),
        (Capture::Absent, _) => Err("the program left no stream".to_owned()),
    }
}

fn value(row: &Row, trace: &Trace, native: &NativeRun, run: &Run) -> Outcome<ContextValue> {
    let expected = Expectation {
        ending: Some(ending(&native.exit)),
        features: Some(declared_features(trace, (row.guest, Variant::Samples), run)),
        ..Expectation::default()
    };
    let findings = check(trace, &expected);
    let asked = outcome::Row {
        benchmark: &row.name,
        batch: row.batch,
        samples: Some(row.benchmark.samples.into()),
        unit: Unit::TscTicks,
        lower_is_better: row.benchmark.lower_is_better,
    };
    let boot = Boot {
        trace,
        findings: &findings,
    };
    let material = Material {
        measured: &[boot],
        ..Material::default()
    };
    match outcome(&asked, &material) {
        Outcome::Passed(measurement) => Outcome::Passed(in_time(&measurement, trace)),
        Outcome::Failed(refusal) => Outcome::Failed(refusal),
        Outcome::Unsupported(refusal) => Outcome::Unsupported(refusal),
        Outcome::Invalid(refusal) => Outcome::Invalid(refusal),
        Outcome::NotApplicable(refusal) => Outcome::NotApplicable(refusal),
    }
}

/// A program that stopped early says so itself, row by row.
fn ending(exit: &NativeExit) -> Ending {
    match exit {
        NativeExit::Clean | NativeExit::OracleFailed => Ending::Clean,
        NativeExit::Interrupted => Ending::Interrupted,
        NativeExit::Abnormal { message } => Ending::Abnormal(message.clone()),
    }
}

/// In nanoseconds where the clock's rate is known.
fn in_time(measurement: &Measurement, trace: &Trace) -> ContextValue {
    let clocks = trace.statements.clocks.values();
    let hz = clocks.map(|clock| clock.tsc_hz).max().unwrap_or(0);
    let (unit, scale) = if hz > 0 {
        (Unit::Ns, 1e9 / hz as f64)
    } else {
        (Unit::TscTicks, 1.0)
    };
    ContextValue {
        unit,
        median: measurement.median * scale,
        min: measurement.min * scale,
        n: measurement.n,
    }
}
