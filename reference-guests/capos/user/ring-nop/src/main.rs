//! What one trip through the capability ring costs.
//!
//! Each row of the `rows` parameter is one benchmark: an operation, how many of
//! it one `cap_enter` carries, how many batches warm up and how many count. Every
//! completion is checked: result, `user_data`, order, overflow. The program reads
//! the clock itself, around `cap_enter`, and hands the samples over when the row
//! is done; in a boot without `MeasureControl` it prints them instead, a line a
//! row.
//!
//! Parameter `fault` is for tests only: it makes the program misbehave, so that a
//! result can be seen to be refused. See [`Fault`].
#![no_std]
#![no_main]

extern crate alloc;

mod clock;
mod operation;
mod row;
mod run;
mod summary;

use guest_runtime::abi::boot_image::find;
use guest_runtime::abi::capos_capnp::ExceptionType;
use guest_runtime::call::CallError;
use guest_runtime::measure::MeasureControl;
use guest_runtime::ring::Ring;
use guest_runtime::{console, entry_point, platform};
use operation::Targets;
use row::Row;
use run::Outcome;

/// Exit code: the parameters or grants are not what the program needs.
const BAD_PARAMETERS: i64 = 1;
/// Exit code: a row failed, and there was no window to say so in.
const ROW_FAILED: i64 = 3;

/// How the program misbehaves when a test asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// `wrong-result`: in the first row it expects a result that no kernel should
    /// give, once, so that its oracle fails.
    WrongResult,
    /// `crash`: it reads address 0 inside the first row.
    Crash,
    /// `hang`: it never finishes the first row.
    Hang,
}

impl Fault {
    fn from_name(name: &str) -> Option<Self> {
        match name {
            "wrong-result" => Some(Self::WrongResult),
            "crash" => Some(Self::Crash),
            "hang" => Some(Self::Hang),
            _ => None,
        }
    }
}

entry_point!(main);

fn main() -> i64 {
    let mut ring = Ring::take().expect("the ring is free at the start");
    let program = platform::program(&mut ring).expect("a grant named `boot`");
    let console = console::find().expect("a grant named `console`");
    let complain = |ring: &mut Ring, what: &str, value: &str| {
        let line = format_args!("ring-nop: {what}: {value:?}");
        let _ = console::write_line(ring, console, line);
        BAD_PARAMETERS
    };
    let mut fault = None;
    if let Some(name) = find(&program.parameters, "fault") {
        fault = Fault::from_name(name);
        if fault.is_none() {
            return complain(&mut ring, "no such fault", name);
        }
    }
    let Some(rows) = find(&program.parameters, "rows") else {
        return complain(&mut ring, "missing parameter", "rows");
    };
    let targets = Targets::find();
    let control = MeasureControl::find();

    let mut failed = false;
    for text in rows.split(',').filter(|text| !text.is_empty()) {
        let Some(row) = Row::parse(text) else {
            return complain(&mut ring, "not a row", text);
        };
        let Some(target) = targets.of(row.operation) else {
            return complain(&mut ring, "not granted what this row needs", text);
        };
        // Every row misbehaves at most once, and only the first one does.
        let fault = fault.take();
        match control {
            Some(control) => {
                if let Err(error) = measured(&mut ring, control, &row, target, fault) {
                    let line = format_args!("ring-nop: {}: {error:?}", row.benchmark);
                    let _ = console::write_line(&mut ring, console, line);
                    return ROW_FAILED;
                }
            }
            None => {
                let outcome = run::run(&mut ring, &row, target, fault);
                failed |= outcome.oracle.failures != 0;
                summary::print(&mut ring, console, &row, &outcome);
            }
        }
    }
    if failed { ROW_FAILED } else { 0 }
}

/// Runs a row in a window of its own.
fn measured(
    ring: &mut Ring,
    control: MeasureControl,
    row: &Row<'_>,
    target: u32,
    fault: Option<Fault>,
) -> Result<(), CallError> {
    let window = control.begin(ring, row.benchmark, row.record_bound, row.operations());
    let window = match window {
        Ok(window) => window,
        // The kernel has told the host why; other rows may still fit.
        Err(CallError::Exception(ExceptionType::Overloaded)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let Outcome {
        oracle,
        detail,
        samples,
    } = run::run(ring, row, target, fault);
    control.end(ring, window, &oracle, detail)?;
    control.samples(ring, window, &samples)?;
    control.drain(ring)
}
