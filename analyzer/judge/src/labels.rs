//! What a reader must know of a row before its number, from what was declared, built and
//! booted.

use crate::Run;
use capbench_results::Label;
use capbench_runner::boot::BootId;
use capbench_runner::manifest::{Catalogue, MEASUREMENT_SOURCE};
use capbench_runner::plan::Row;

/// The kernel parameter that has a script type what the terminal reads.
const TERMINAL_SCRIPT: &str = "terminal_script";

/// The kernel parameter that says where the trace leaves, and the console's port.
const TRANSPORT: &str = "transport";
const CONSOLE_PORT: &str = "debugcon";

/// In the order of their declaration.
pub fn labels(row: &Row, run: &Run, catalogue: &Catalogue) -> Vec<Label> {
    let of_row = |id: &BootId| id.guest == row.guest && id.system == row.system;
    let holds = |label| match label {
        Label::MeasurementCapability => {
            let grants = &catalogue.authority[&row.benchmark.authority].grants;
            grants
                .iter()
                .any(|grant| grant.source == MEASUREMENT_SOURCE)
        }
        Label::ScriptedInput => has_script(run, of_row),
        Label::DebugTransport => has_parameter(run, of_row, TRANSPORT, |to| to == CONSOLE_PORT),
        Label::SpecialBuild => {
            let mut built = run.record.guests.iter();
            built.any(|guest| guest.guest == row.guest && !guest.extra.is_empty())
        }
        Label::RepeatedBoot => {
            let mut boots = run.record.boots.iter().map(|boot| &boot.id);
            boots.any(|id| of_row(id) && id.attempt > 1)
        }
    };
    let all = Label::ALL.iter().copied();
    all.filter(|label| holds(*label)).collect()
}

/// Whether boots are declared to have scripted input.
pub fn has_script(run: &Run, is_it: impl Fn(&BootId) -> bool) -> bool {
    has_parameter(run, is_it, TERMINAL_SCRIPT, |_| true)
}

/// Whether one of these boots has such a value of a kernel parameter. The plan's own
/// parameters go over the system's.
fn has_parameter(
    run: &Run,
    is_it: impl Fn(&BootId) -> bool,
    name: &str,
    is_such: impl Fn(&str) -> bool,
) -> bool {
    let took_place = |id: &BootId| {
        let mut boots = run.record.boots.iter().map(|boot| &boot.id);
        boots.any(|of| (of.guest, &of.system) == (id.guest, &id.system))
    };
    let boots = run.plan.boots.iter();
    let mut boots = boots.filter(|boot| is_it(&boot.id) && took_place(&boot.id));
    boots.any(|boot| {
        let own = boot.kernel_parameters.get(name);
        let value = own.or_else(|| boot.system.kernel.get(name));
        value.is_some_and(|value| is_such(value))
    })
}
