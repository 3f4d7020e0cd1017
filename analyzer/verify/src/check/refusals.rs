//! Rows without a number: the raw evidence, the record or the definitions show the
//! reason that each gives, and its evidence names where that was seen.

use std::collections::BTreeMap;

use super::{Answer, Found, count, traces};
use crate::audit::Uncounted;
use crate::kept::Kept;
use crate::record::Record;
use crate::rows::{Refusal, Row};
use crate::rules::objections;
use crate::run::Run;

pub(super) fn check(run: &Run) -> Found {
    let (record, document) = (run.record()?, run.document()?);
    let (mut faults, mut ends) = (Vec::new(), BTreeMap::<&str, usize>::new());
    let causes = causes(run)?;
    for row in &document.results {
        let Some((status, refusal)) = row.refusal() else {
            if row.measurement.is_none() {
                faults.push(format!("{}: neither a number nor a reason", row.title()));
            }
            continue;
        };
        *ends.entry(status).or_default() += 1;
        let wrong = match status {
            "failed" | "invalid" => caused(row, refusal, &causes),
            "unsupported" => unsupported(run, record, row, refusal)?,
            _ => not_applicable(run.kept()?, row, refusal)?,
        };
        if let Some(wrong) = wrong {
            let (title, reason) = (row.title(), &refusal.reason);
            faults.push(format!("{title}: {status}, {reason}: {wrong}"));
        }
    }
    let ends = ends
        .iter()
        .map(|(status, number)| format!("{number} {status}"));
    let ends = ends.collect::<Vec<_>>().join(", ");
    let looked_at = match ends.as_str() {
        "" => format!(
            "all of {} have a number",
            count(document.results.len(), "row")
        ),
        ends => format!("{ends}, each for a reason that is there"),
    };
    Answer::new(faults, looked_at)
}

/// Why rows of a guest and system may lack a number.
struct Cause {
    reason: &'static str,
    guest: String,
    system: String,
    benchmark: Option<String>,
    /// Where it was seen, in the words that evidence may name it by.
    seen_in: Vec<String>,
}

/// Everything that any rule objects to, of one boot or of several.
fn causes(run: &Run) -> Result<Vec<Cause>, String> {
    let of_boots = objections(run, None)?.into_iter();
    let mut causes: Vec<Cause> = of_boots
        .map(|objection| Cause {
            reason: objection.reason,
            guest: objection.guest,
            system: objection.system,
            benchmark: objection.benchmark,
            seen_in: vec![objection.source, objection.boot, run.record_id()],
        })
        .collect();
    let record = run.record()?;
    if record.state == "interrupted" {
        // Of systems that were not booted, only the record says so.
        let rows = run.document()?.results.iter();
        causes.extend(rows.map(|row| Cause {
            reason: "interrupted",
            guest: row.guest.clone(),
            system: row.system.clone(),
            benchmark: Some(row.benchmark_name.clone()),
            seen_in: vec![run.record_id()],
        }));
    }
    for kind in traces::kinds(run)? {
        if kind.streams.len() > 1 && !kind.audit {
            causes.push(Cause {
                reason: "streamsDiffer",
                guest: kind.guest.to_owned(),
                system: kind.system.to_owned(),
                benchmark: None,
                seen_in: kind.streams.into_values().flatten().collect(),
            });
        }
    }
    let repeated = traces::repeated_wrongly(record).into_iter();
    causes.extend(repeated.map(|boot| Cause {
        reason: "streamsDiffer",
        guest: boot.guest.clone(),
        system: boot.system.clone(),
        benchmark: None,
        seen_in: vec![boot.source()],
    }));
    for audit in run.audits() {
        let disagrees = match &audit.counted {
            Ok(counted) => !counted.faults.is_empty(),
            Err(Uncounted::Broken(_)) => true,
            Err(Uncounted::NotKept(_)) => false,
        };
        if disagrees {
            causes.push(Cause {
                reason: "instrumentsDisagree",
                guest: audit.guest.clone(),
                system: audit.system.clone(),
                benchmark: None,
                seen_in: vec![audit.boot.clone()],
            });
        }
    }
    Ok(causes)
}

fn caused(row: &Row, refusal: &Refusal, causes: &[Cause]) -> Option<String> {
    let touching = causes.iter().filter(|cause| {
        let all = cause.benchmark.as_deref();
        cause.guest == row.guest
            && cause.system == row.system
            && all.is_none_or(|benchmark| benchmark == row.benchmark_name)
    });
    let touching: Vec<&Cause> = touching.collect();
    if !touching.iter().any(|cause| cause.reason == refusal.reason) {
        return Some("no trace and no boot shows it".to_owned());
    }
    let seen = |source: &String| touching.iter().any(|cause| cause.seen_in.contains(source));
    let mut evidence = refusal.evidence.iter().map(|evidence| &evidence.source);
    let unseen = evidence.find(|source| !seen(source))?;
    Some(format!(
        "its evidence names {unseen}, where nothing is amiss"
    ))
}

fn unsupported(
    run: &Run,
    record: &Record,
    row: &Row,
    refusal: &Refusal,
) -> Result<Option<String>, String> {
    let kept = run.kept()?;
    let of_row = record.boots_of(&row.guest, &row.system);
    Ok(match refusal.reason.as_str() {
        "missingSubsystem" => {
            let benchmark = kept.benchmark(row.benchmark().0)?;
            let subsystems = kept.guest(&row.guest)?.subsystems;
            let required = benchmark.requires.iter();
            let lacks = required
                .filter(|needed| !subsystems.contains(needed))
                .any(|needed| refusal.detail.contains(needed.as_str()));
            if lacks || guest_says(run, record, row, &refusal.detail) {
                None
            } else {
                Some("neither the definitions nor the guest say so".to_owned())
            }
        }
        // The detail is the host's word; that nothing of it was booted is the record's.
        "noGuestImage" => {
            let kernel = record.guests.iter().any(|guest| guest.guest == row.guest);
            let wants = !kept.system(&row.system)?.packages.is_empty();
            let programs = !wants || record.packages.contains_key(&row.system);
            if !of_row.is_empty() {
                Some("it was booted".to_owned())
            } else if kernel && programs {
                Some("its kernel and programs were there".to_owned())
            } else {
                None
            }
        }
        "noAccelerator" if record.mode == "hardware" && of_row.is_empty() => None,
        _ => Some("the record does not show it".to_owned()),
    })
}

/// In every measured boot the program said that the kernel lacks it, in these words.
fn guest_says(run: &Run, record: &Record, row: &Row, detail: &str) -> bool {
    let boots = record.boots_of(&row.guest, &row.system).into_iter();
    let mut measured = boots.filter(|boot| boot.variant == "samples").peekable();
    measured.peek().is_some()
        && measured.all(|boot| {
            let said = boot.stored().and_then(|stored| run.said(&stored.file).ok());
            let window = said.and_then(|said| said.window(&row.benchmark_name));
            let verdict = window.and_then(|window| window.verdict.as_ref());
            verdict.and_then(|verdict| verdict.unsupported()) == Some(detail)
        })
}

fn not_applicable(kept: &Kept, row: &Row, refusal: &Refusal) -> Result<Option<String>, String> {
    let benchmark = kept.benchmark(row.benchmark().0)?;
    let translated = benchmark.guests.contains_key(&row.guest);
    Ok(if refusal.reason != "noHonestTranslation" {
        Some("no definition can show it".to_owned())
    } else if translated {
        Some("its definition names a mechanism for this guest".to_owned())
    } else {
        None
    })
}
