//! The audits, counted again, and what exact mode misprices.

use super::{Answer, Found, count, differ};
use capbench_results::AuditReport;

use crate::audit::{Counted, Uncounted, stated};
use crate::kept::Kept;
use crate::record::Record;
use crate::rows::{Mispriced, Row};
use crate::run::Run;

use super::instruments::page_faults;

pub(super) fn check(run: &Run) -> Found {
    let (record, document) = (run.record()?, run.document()?);
    let audits = run.audits();
    if audits.is_empty() {
        let fault = "the record has no audit boot, and nobody left it out".to_owned();
        return Answer::new(vec![fault], "");
    }
    let stated = stated(run)?;
    let (mut faults, mut not_kept, mut compared) = (Vec::new(), Vec::new(), 0);
    for audit in audits {
        let boot = &audit.boot;
        let own = stated.iter().find(|stated| stated.boot == *boot);
        let kept = record.boots.iter().find(|of| of.stem() == *boot);
        let kept = kept.and_then(|boot| boot.instruction_log.as_deref());
        if let (Some(own), Some(kept)) = (own, kept)
            && own.log_left_out.is_none()
            && own.log.as_deref() != Some(kept)
            && own.log.as_deref() != Some(&format!("{kept}.zst"))
        {
            let log = own.log.as_deref().unwrap_or("none");
            faults.push(format!(
                "{boot}: audit.json names the log {log}, the record {kept}"
            ));
        }
        let wrong = match &audit.counted {
            Ok(counted) => {
                compared += counted.compared;
                let reported = match own {
                    Some(own) => against(own, counted),
                    None => vec!["audit.json has no entry for it".to_owned()],
                };
                faults.extend(reported.into_iter().map(|wrong| format!("{boot}: {wrong}")));
                counted.faults.clone()
            }
            Err(Uncounted::NotKept(why)) => {
                not_kept.push(format!("{boot}: {why}"));
                continue;
            }
            Err(Uncounted::Broken(why)) => vec![why.clone()],
        };
        let of_audit = |row: &Row| row.guest == audit.guest && row.system == audit.system;
        let rows = document.passed().filter(|(row, _)| of_audit(row)).count();
        for wrong in wrong.iter().filter(|_| rows > 0) {
            let rows = count(rows, "row");
            faults.push(format!("{boot}: {wrong}; yet {rows} of it have numbers"));
        }
    }
    if faults.is_empty() && !not_kept.is_empty() {
        return Err(not_kept.join("; "));
    }
    let looked_at = format!(
        "{}, {} as long as the emulator's log says",
        count(audits.len(), "boot"),
        count(compared as usize, "record")
    );
    Answer::new(faults, looked_at)
}

fn against(stated: &AuditReport, counted: &Counted) -> Vec<String> {
    let figures = [
        differ("records compared", stated.compared, counted.compared),
        differ(
            "readings before",
            stated.readings_before,
            counted.readings_before,
        ),
        differ("instructions", stated.instructions, counted.instructions),
        differ("disagreements", stated.disagreements, counted.disagreements),
    ];
    figures.into_iter().flatten().collect()
}

/// What each row's window holds that exact mode misprices: counted in the audit's
/// log, or declared by its definition and perhaps counted by perf.
pub(super) fn mispriced(run: &Run) -> Found {
    let (record, document, kept) = (run.record()?, run.document()?, run.kept()?);
    let (mut faults, mut held, mut unknown) = (Vec::new(), 0, 0);
    for (row, measured) in document.passed() {
        let Some(found) = found(run, record, kept, row)? else {
            unknown += 1;
            continue;
        };
        held += 1;
        let sorted = |list: &[Mispriced]| {
            let mut list = list.to_vec();
            list.sort_by(|one, other| one.kind.cmp(&other.kind));
            list
        };
        let (stored, found) = (sorted(&measured.mispriced), sorted(&found));
        faults.extend(differ(&row.title(), stored, found));
    }
    if faults.is_empty() && unknown > 0 {
        let rows = count(unknown, "row");
        return Err(format!("{rows} by an audit whose log is not kept"));
    }
    Answer::new(faults, count(held, "row"))
}

/// `None` where only a log that is not kept could tell.
fn found(
    run: &Run,
    record: &Record,
    kept: &Kept,
    row: &Row,
) -> Result<Option<Vec<Mispriced>>, String> {
    if !record.repeats_exactly() {
        return Ok(Some(Vec::new()));
    }
    let mut found = Vec::new();
    let audits = run.audits().iter();
    for audit in audits.filter(|audit| audit.guest == row.guest && audit.system == row.system) {
        match &audit.counted {
            Ok(counted) => {
                let own = counted.mispriced.get(&row.benchmark_name);
                found.extend(own.into_iter().flatten().cloned());
            }
            Err(Uncounted::NotKept(_)) => return Ok(None),
            Err(Uncounted::Broken(_)) => {}
        }
    }
    let benchmark = kept.benchmark(row.benchmark().0)?;
    let declared = benchmark.guests.get(&row.guest);
    for kind in declared
        .into_iter()
        .flat_map(|mechanism| &mechanism.mispriced)
    {
        if !found.iter().any(|known| known.kind == *kind) {
            let faults = page_faults(run, record, row).filter(|_| kind == "exception");
            found.push(Mispriced {
                kind: kind.clone(),
                per_operation: faults,
                counted_by: faults.map(|_| "perf's count of page faults".to_owned()),
            });
        }
    }
    Ok(Some(found))
}
