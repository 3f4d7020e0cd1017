//! What a reader must know of a row before its number.

use std::collections::BTreeSet;

use super::{Answer, Found, count, differ};
use crate::kept::{Kept, TERMINAL_SCRIPT};
use crate::record::Record;
use crate::rows::{Document, Row};
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
    faults.extend(guests(document, kept)?);
    Answer::new(faults, count(document.results.len(), "row"))
}

/// Guests whose introduction is not that of the definitions. Those of an older run have
/// none.
fn guests(document: &Document, kept: &Kept) -> Result<Vec<String>, String> {
    let names: BTreeSet<&str> = document.results.iter().map(|row| &*row.guest).collect();
    let mut faults = Vec::new();
    for name in names {
        let guest = kept.guest(name)?;
        let Some(title) = guest.title else { continue };
        let expected = Some((title.as_str(), guest.caution.as_deref()));
        let mut lines = document.run.guests.iter().filter(|line| line.name == name);
        let stored = lines.next();
        let stored = stored.map(|line| (line.title.as_str(), line.caution.as_deref()));
        if stored != expected || lines.next().is_some() {
            faults.push(format!("{name} is not introduced as its definition says"));
        }
    }
    Ok(faults)
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
