//! From a program's parameters to its rows.

use crate::{Fault, Record, Row, summary};
use alloc::boxed::Box;
use core::fmt::Arguments;
use guest_runtime::abi::boot_image::find;
use guest_runtime::abi::capos_capnp::ExceptionType;
use guest_runtime::call::CallError;
use guest_runtime::measure::MeasureControl;
use guest_runtime::ring::Ring;
use guest_runtime::{console, platform};

/// Exit code: the parameters or grants are not what the program needs.
const BAD_PARAMETERS: i64 = 1;
/// Exit code: a row failed, and there was no window to say so in.
const ROW_FAILED: i64 = 3;

/// A benchmark program.
pub trait Program {
    /// Its name, for messages.
    const NAME: &'static str;

    /// Proves what the authority profile denies. Done first, outside of every window.
    ///
    /// # Errors
    ///
    /// What was not denied.
    fn prove_denials(
        &mut self,
        _ring: &mut Ring,
        _control: MeasureControl,
    ) -> Result<(), &'static str> {
        Ok(())
    }

    /// Sets a row up, outside of its window.
    ///
    /// # Errors
    ///
    /// Why it cannot be run at all.
    fn prepare(&mut self, ring: &mut Ring, row: &Row<'_>) -> Result<Box<dyn Case>, Refusal>;
}

/// Why a row is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The program has no such operation.
    UnknownOperation,
    /// A capability that the operation needs was not granted.
    NotGranted,
    /// The operation cannot have this batch size.
    BadBatch,
    /// Setting it up went wrong.
    SetUp(&'static str),
}

/// A row that is ready to be measured.
pub trait Case {
    /// Submissions that the window will hold, those of other processes and threads
    /// included: what the kernel's count is held against.
    fn submissions(&self, row: &Row<'_>) -> u64 {
        row.operations()
    }

    /// Runs all batches and records each.
    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>);

    /// Takes the row down, outside of its window, and checks what only its end shows.
    fn finish(self: Box<Self>, _ring: &mut Ring, _record: &mut Record) {}
}

/// Runs the rows of the program's parameters. The program's exit code.
pub fn run<P: Program>(mut program: P) -> i64 {
    let mut ring = Ring::take().expect("the ring is free at the start");
    let entry = platform::program(&mut ring).expect("a grant named `boot`");
    let console = console::find().expect("a grant named `console`");
    let complain = |ring: &mut Ring, what: Arguments<'_>| {
        let line = format_args!("{}: {what}", P::NAME);
        let _ = console::write_line(ring, console, line);
        BAD_PARAMETERS
    };
    let mut fault = None;
    if let Some(name) = find(&entry.parameters, "fault") {
        fault = Fault::from_name(name);
        if fault.is_none() {
            return complain(&mut ring, format_args!("no such fault: {name:?}"));
        }
    }
    let Some(rows) = find(&entry.parameters, "rows") else {
        return complain(&mut ring, format_args!("missing parameter: \"rows\""));
    };
    let control = MeasureControl::find();
    if let Some(control) = control
        && let Err(granted) = program.prove_denials(&mut ring, control)
    {
        // Not proven is what the host makes of it; the rows still run.
        complain(&mut ring, format_args!("not denied: {granted}"));
    }

    let mut failed = false;
    for text in rows.split(',').filter(|text| !text.is_empty()) {
        let Some(row) = Row::parse(text) else {
            return complain(&mut ring, format_args!("not a row: {text:?}"));
        };
        let case = match program.prepare(&mut ring, &row) {
            Ok(case) => case,
            Err(refusal) => return complain(&mut ring, format_args!("{text:?}: {refusal:?}")),
        };
        // Only the first row misbehaves.
        let fault = fault.take();
        match control {
            Some(control) => {
                if let Err(error) = measured(&mut ring, control, &row, case, fault) {
                    complain(&mut ring, format_args!("{}: {error:?}", row.benchmark));
                    return ROW_FAILED;
                }
            }
            None => {
                let mut record = Record::new(&row);
                perform(&mut ring, &row, case, &mut record, fault, |_| Ok(()))
                    .expect("nothing but windows fails");
                failed |= record.oracle.failures != 0;
                summary::print(P::NAME, &mut ring, console, &row, &record);
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
    case: Box<dyn Case>,
    fault: Option<Fault>,
) -> Result<(), CallError> {
    let mut record = Record::new(row);
    let window = control.begin(ring, row.benchmark, row.record_bound, case.submissions(row));
    let window = match window {
        Ok(window) => window,
        // The kernel has told the host why; other rows may still fit.
        Err(CallError::Exception(ExceptionType::Overloaded)) => {
            case.finish(ring, &mut record);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let close = |ring: &mut Ring| control.close(ring, window);
    perform(ring, row, case, &mut record, fault, close)?;
    control.verdict(ring, window, &record.oracle, record.detail)?;
    control.samples(ring, window, &record.samples)?;
    control.drain(ring)
}

fn perform(
    ring: &mut Ring,
    row: &Row<'_>,
    mut case: Box<dyn Case>,
    record: &mut Record,
    fault: Option<Fault>,
    close: impl FnOnce(&mut Ring) -> Result<(), CallError>,
) -> Result<(), CallError> {
    if let Some(fault) = fault {
        fault.happen();
    }
    case.run(ring, row, record, fault);
    close(ring)?;
    case.finish(ring, record);
    Ok(())
}
