//! The stored streams themselves.

use std::collections::BTreeMap;

use super::{Answer, Found, count};
use crate::record::Capture;
use crate::run::Run;

pub(super) fn hashes(run: &Run) -> Found {
    let record = run.record()?;
    let (mut faults, mut traces, mut total) = (Vec::new(), 0, 0);
    for stored in record.stored() {
        traces += 1;
        match run.stream(&stored.file) {
            Ok(stream) if stream.sha256 == stored.sha256 && stream.bytes == stored.bytes => {
                total += stream.bytes;
            }
            Ok(stream) if stream.bytes == stored.bytes => faults.push(format!(
                "{}: its {} bytes have the hash {}, not {}",
                stored.file, stream.bytes, stream.sha256, stored.sha256
            )),
            Ok(stream) => faults.push(format!(
                "{}: {} raw bytes or more, not {}",
                stored.file, stream.bytes, stored.bytes
            )),
            Err(error) => faults.push(error),
        }
    }
    for boot in &record.boots {
        if let Capture::Failed { message } = &boot.capture {
            faults.push(format!("{}: was not stored: {message}", boot.stem()));
        }
    }
    let looked_at = format!("{}, {total} raw bytes", count(traces, "trace"));
    Answer::new(faults, looked_at)
}

/// Boots that must send the same bytes.
pub(super) struct Kind<'a> {
    pub guest: &'a str,
    pub system: &'a str,
    variant: &'a str,
    pub audit: bool,
    /// Their streams by hash. One is as it should be.
    pub streams: BTreeMap<&'a str, Vec<String>>,
}

/// Boots by guest, system and variant, in exact mode; a boot that went wrong
/// differs for a reason of its own.
pub(super) fn kinds(run: &Run) -> Result<Vec<Kind<'_>>, String> {
    let record = run.record()?;
    let mut kinds: Vec<Kind> = Vec::new();
    let clean = record.boots.iter().filter(|boot| boot.ended_clean());
    for boot in clean.filter(|_| record.repeats_exactly()) {
        let Some(stored) = boot.stored() else {
            continue;
        };
        let hash = match run.stream(&stored.file) {
            Ok(stream) => stream.sha256.as_str(),
            Err(_) => stored.sha256.as_str(),
        };
        let own = kinds.iter_mut().find(|kind| {
            let of = (kind.guest, kind.system, kind.variant, kind.audit);
            of == (&*boot.guest, &*boot.system, &*boot.variant, boot.audit)
        });
        let source = boot.source();
        match own {
            Some(kind) => kind.streams.entry(hash).or_default().push(source),
            None => kinds.push(Kind {
                guest: &boot.guest,
                system: &boot.system,
                variant: &boot.variant,
                audit: boot.audit,
                streams: [(hash, vec![source])].into(),
            }),
        }
    }
    Ok(kinds)
}

pub(super) fn equal(run: &Run) -> Found {
    let (record, document) = (run.record()?, run.document()?);
    let kinds = kinds(run)?;
    let mut faults = Vec::new();
    for kind in kinds.iter().filter(|kind| kind.streams.len() > 1) {
        let passed = document.passed().filter(|(row, _)| {
            let of_row = (row.guest.as_str(), row.system.as_str());
            of_row == (kind.guest, kind.system)
        });
        let rows = passed.count();
        if rows > 0 {
            let groups: Vec<String> = kind
                .streams
                .values()
                .map(|boots| boots.join(", "))
                .collect();
            faults.push(format!(
                "{}/{} {}: {} streams: {}; yet {} of it have numbers",
                kind.guest,
                kind.system,
                kind.variant,
                groups.len(),
                groups.join(" | "),
                count(rows, "row")
            ));
        }
    }
    let boots = kinds
        .iter()
        .flat_map(|kind| kind.streams.values().flatten());
    let looked_at = if record.repeats_exactly() {
        format!(
            "{}, {} of guest, system and variant, one hash each",
            count(boots.count(), "boot"),
            count(kinds.len(), "kind")
        )
    } else {
        format!("boots of {} mode may differ", record.mode)
    };
    Answer::new(faults, looked_at)
}
