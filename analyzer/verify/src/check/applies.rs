//! Which checks apply to which runs; `docs/src/verify.md` has the same table.
//!
//! Decided by what the record says the run is, before any check looks. A check that
//! does not apply is listed with the reason and leaves nothing open; one that applies
//! and could not look does.

use crate::record::{Record, UNKNOWN};
use crate::run::{Definitions, Run};

/// Why a check does not apply to a run, if it does not. Of a run whose record cannot be
/// read, every check applies.
pub(super) fn why_not(run: &Run, check: &str) -> Option<String> {
    let record = run.record().ok()?;
    match check {
        "definitions" => another_checkout(run, record),
        "exact" if !record.repeats_exactly() => {
            Some(format!("boots of {} mode may differ", record.mode))
        }
        "quiescent" if record.mode != "hardware" => Some(format!(
            "no other load of a host moves the clock of {} mode",
            record.mode
        )),
        "native" if record.native.is_none() && !has_context(run) => {
            Some("the run has no column of its host".to_owned())
        }
        "audit" => not_audited(record),
        _ => None,
    }
}

fn has_context(run: &Run) -> bool {
    run.document()
        .is_ok_and(|document| !document.context.is_empty())
}

/// Definitions that were edited since break nothing: the number is of the definition
/// that the run keeps.
fn another_checkout(run: &Run, record: &Record) -> Option<String> {
    let (commit, dirty) = match &run.definitions {
        Definitions::Of { commit, dirty, .. } => (commit, *dirty),
        Definitions::Unknown(why) => return Some(format!("no checkout to compare with: {why}")),
    };
    let of = |commit: &str, dirty: bool| match (commit, dirty) {
        (UNKNOWN, _) => "an unknown commit".to_owned(),
        (commit, true) => format!("commit {commit} with changes"),
        (commit, false) => format!("commit {commit}"),
    };
    let own = &record.checkout;
    let is_same = *commit == own.commit && commit != UNKNOWN && !dirty && !own.dirty;
    (!is_same).then(|| {
        format!(
            "the run is of {} and the checkout of {}",
            of(&own.commit, own.dirty),
            of(commit, dirty)
        )
    })
}

/// Whether the command line left the audit out, or the clock counts nothing that could
/// be audited. A record that merely has no audit boot is another matter.
fn not_audited(record: &Record) -> Option<String> {
    if !record.repeats_exactly() {
        return Some(format!(
            "the clock of {} mode counts no instructions",
            record.mode
        ));
    }
    let overrides = &record.overrides;
    if overrides["noAudit"] == true {
        return Some("the command line left the audit boot out".to_owned());
    }
    // Only a kernel with probes is audited; the judge knows which boots were planned.
    let traced = record.boots.iter().any(|boot| boot.variant == "segments");
    (!traced).then(|| "no boot has probes to audit".to_owned())
}
