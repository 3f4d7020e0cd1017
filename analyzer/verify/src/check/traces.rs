//! The stored streams themselves.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

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

pub(super) fn equal(run: &Run) -> Found {
    let record = run.record()?;
    if !record.repeats_exactly() {
        return Err(format!("boots of {} mode may differ", record.mode));
    }
    let mut kinds: BTreeMap<String, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
    let mut boots = 0;
    // A boot that went wrong differs for a reason of its own.
    for boot in record.boots.iter().filter(|boot| boot.ended_clean()) {
        let Some(stored) = boot.stored() else {
            continue;
        };
        let hash = match run.stream(&stored.file) {
            Ok(stream) => stream.sha256.as_str(),
            Err(_) => stored.sha256.as_str(),
        };
        let audit = if boot.audit { " audit" } else { "" };
        let kind = format!("{}/{} {}{audit}", boot.guest, boot.system, boot.variant);
        let hashes = kinds.entry(kind).or_default();
        hashes.entry(hash).or_default().push(boot.stem());
        boots += 1;
    }
    let faults = kinds.iter().filter(|(_, hashes)| hashes.len() > 1);
    let faults = faults.map(|(kind, hashes)| {
        let groups: Vec<String> = hashes.values().map(|boots| boots.join(", ")).collect();
        format!("{kind}: {} streams: {}", groups.len(), groups.join(" | "))
    });
    let looked_at = format!(
        "{}, {} of guest, system and variant, one hash each",
        count(boots, "boot"),
        count(kinds.len(), "kind")
    );
    Answer::new(faults.collect(), looked_at)
}

pub(super) fn complete(run: &Run) -> Found {
    let (record, document) = (run.record()?, run.document()?);
    let measured: BTreeSet<(&str, &str)> = document
        .passed()
        .map(|(row, _)| (row.guest.as_str(), row.system.as_str()))
        .collect();
    let (mut faults, mut streams) = (Vec::new(), 0);
    for boot in &record.boots {
        let behind = measured.contains(&(boot.guest.as_str(), boot.system.as_str()));
        let Some(stored) = boot.stored().filter(|_| behind) else {
            continue;
        };
        streams += 1;
        match run.said(&stored.file) {
            Ok(said) => {
                if !said.ended {
                    faults.push(format!("{}: it has no end-of-stream message", stored.file));
                }
                if let Some(first) = said.damage.first() {
                    let number = count(said.damage.len(), "place");
                    faults.push(format!("{}: damaged in {number}: {first}", stored.file));
                }
            }
            Err(error) => faults.push(error),
        }
    }
    Answer::new(faults, count(streams, "stream"))
}
