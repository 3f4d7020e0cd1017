//! What a reader must know of a row before its number.

use super::{Answer, Found, count, differ};
use crate::kept::{Kept, System};
use crate::record::Record;
use crate::rows::Row;
use crate::run::Run;

/// Where a capability comes from that exists for measuring only.
const MEASUREMENT_SOURCE: &str = "measure_control";

pub(super) fn check(run: &Run) -> Found {
    let (record, document, kept) = (run.record()?, run.document()?, run.kept()?);
    let mut faults = Vec::new();
    for row in &document.results {
        let expected = expected(record, kept, row)?;
        faults.extend(differ(
            &row.title(),
            row.labels.join(", "),
            expected.join(", "),
        ));
    }
    Answer::new(faults, count(document.results.len(), "row"))
}

fn expected(record: &Record, kept: &Kept, row: &Row) -> Result<Vec<&'static str>, String> {
    let profile = kept.profile(&row.authority_profile)?;
    let mut grants = profile.grants.iter();
    let mut boots = record.boots.iter();
    let booted = boots.any(|boot| boot.guest == row.guest && boot.system == row.system);
    let system = kept.system(&row.system)?;
    let transport = parameter(record, &system, "transport").filter(|_| booted);
    let script = parameter(record, &system, "terminal_script").filter(|_| booted);
    let mut guests = record.guests.iter();
    let special = guests.any(|guest| guest.guest == row.guest && !guest.extra.is_null());
    let holds = [
        (
            "measurement-capability",
            grants.any(|grant| grant.source == MEASUREMENT_SOURCE),
        ),
        ("scripted-input", script.is_some()),
        ("debug-transport", transport == Some("debugcon")),
        ("special-build", special),
    ];
    let holds = holds.into_iter().filter(|(_, holds)| *holds);
    Ok(holds.map(|(label, _)| label).collect())
}

/// A kernel parameter: the command line's, or else the system's own.
fn parameter<'a>(record: &'a Record, system: &'a System, name: &str) -> Option<&'a str> {
    let own = record.overrides["parameters"].get(name);
    own.or_else(|| system.kernel.get(name))?.as_str()
}
