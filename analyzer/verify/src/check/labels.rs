//! What a reader must know of a row before its number.

use super::{Answer, Found, count, differ};
use crate::kept::{Kept, TERMINAL_SCRIPT};
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
    let transport = system.parameter(record, "transport").filter(|_| booted);
    let script = system.parameter(record, TERMINAL_SCRIPT).filter(|_| booted);
    let mut guests = record.guests.iter();
    let special = guests.any(|guest| guest.guest == row.guest && !guest.extra.is_null());
    let mut boots = record.boots_of(&row.guest, &row.system).into_iter();
    let repeated = boots.any(|boot| boot.attempt > 1);
    let holds = [
        (
            "measurement-capability",
            grants.any(|grant| grant.source == MEASUREMENT_SOURCE),
        ),
        ("scripted-input", script.is_some()),
        ("debug-transport", transport == Some("debugcon")),
        ("special-build", special),
        ("repeated-boot", repeated),
    ];
    let holds = holds.into_iter().filter(|(_, holds)| *holds);
    Ok(holds.map(|(label, _)| label).collect())
}
