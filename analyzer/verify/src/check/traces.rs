//! The stored streams themselves.

use std::collections::BTreeMap;

use super::{Answer, Found, count};
use crate::record::{Boot, Capture, Record};
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

/// Beside so many boots of its kind, one may have differed and be repeated.
const FEWEST_BOOTS: usize = 4;

/// Boots that a later attempt stands in for, though none may.
pub(super) fn repeated_wrongly(record: &Record) -> Vec<&Boot> {
    let repeated = record.boots.iter().filter(|boot| record.is_repeated(boot));
    let may_be = |boot: &Boot| {
        let of_kind = |other: &&Boot| other.kind() == boot.kind();
        let counted = record.counted().filter(of_kind).count();
        let all = record.boots.iter().filter(of_kind).count();
        record.repeats_exactly()
            && !boot.audit
            && boot.ended_clean()
            && all == counted + 1
            && counted >= FEWEST_BOOTS
    };
    repeated.filter(|boot| !may_be(boot)).collect()
}

/// Boots by guest, system and variant, in exact mode; a boot that went wrong
/// differs for a reason of its own.
pub(super) fn kinds(run: &Run) -> Result<Vec<Kind<'_>>, String> {
    let record = run.record()?;
    let mut kinds: Vec<Kind> = Vec::new();
    let counted = record.boots.iter().filter(|boot| !record.is_repeated(boot));
    let clean = counted.filter(|boot| boot.ended_clean());
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
            of == boot.kind()
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
    let mut fault = |(guest, system): (&str, &str), what: String| {
        let passed = document.passed();
        let passed = passed.filter(|(row, _)| (&*row.guest, &*row.system) == (guest, system));
        match passed.count() {
            0 => {}
            rows => faults.push(format!(
                "{what}; yet {} of it have numbers",
                count(rows, "row")
            )),
        }
    };
    for kind in kinds.iter().filter(|kind| kind.streams.len() > 1) {
        let Kind {
            guest,
            system,
            variant,
            streams,
            ..
        } = kind;
        let groups: Vec<String> = streams.values().map(|boots| boots.join(", ")).collect();
        let (number, groups) = (groups.len(), groups.join(" | "));
        let what = format!("{guest}/{system} {variant}: {number} streams: {groups}");
        fault((guest, system), what);
    }
    for boot in repeated_wrongly(record) {
        let why = "may not be repeated: one odd boot beside four or more may be, for its stream";
        let what = format!("{} {why}", boot.stem());
        fault((&boot.guest, &boot.system), what);
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn boot(index: u32, attempt: u32) -> Value {
        json!({
            "guest": "g", "system": "s", "variant": "samples",
            "index": index, "attempt": attempt,
            "exit": {"kind": "clean"}, "capture": {"kind": "absent"}, "wallMs": 1,
        })
    }

    /// The stems of boots that should not have been repeated.
    fn wrongly(mode: &str, boots: &[Value]) -> Vec<String> {
        let record = json!({
            "schema": "capbench.run/1", "runId": "r", "state": "complete",
            "selection": "x", "startedAt": "", "tool": "", "mode": mode,
            "checkout": {"commit": "c", "dirty": false},
            "envelope": {
                "hash": "", "mode": mode, "arguments": [], "qemuVersion": "",
                "firmwareSha256": "", "host": {},
            },
            "boots": boots,
        });
        let record = Record::parse(&record.to_string()).unwrap();
        let boots = repeated_wrongly(&record);
        boots.iter().map(|boot| boot.stem()).collect()
    }

    #[test]
    fn one_odd_boot_beside_four_is_repeated_rightly() {
        let boots = [boot(1, 1), boot(2, 1), boot(3, 1), boot(4, 1), boot(2, 2)];
        assert_eq!(wrongly("exact", &boots), [""; 0]);
        assert_eq!(wrongly("exact", &boots[..4]), [""; 0]);
    }

    #[test]
    fn a_boot_that_was_repeated_for_another_reason_or_too_often_is_found() {
        let odd = ["g-s-samples-2"];
        let four = [boot(1, 1), boot(2, 1), boot(3, 1), boot(4, 1), boot(2, 2)];
        assert_eq!(
            wrongly("hardware", &four),
            odd,
            "boots of hardware may differ"
        );
        assert_eq!(
            wrongly("exact", &four[1..]),
            odd,
            "too few to tell which is odd"
        );

        let mut crashed = four.clone();
        crashed[1]["exit"] = json!({"kind": "kernelPanic"});
        assert_eq!(wrongly("exact", &crashed), odd, "a crash is a result");

        let mut audit = four.clone();
        for boot in &mut audit {
            boot["audit"] = json!(true);
        }
        assert_eq!(wrongly("exact", &audit), ["g-s-samples-audit-2"]);

        let mut thrice = four.to_vec();
        thrice.push(boot(2, 3));
        assert_eq!(
            wrongly("exact", &thrice),
            ["g-s-samples-2", "g-s-samples-2-attempt-2"]
        );

        let mut two = four.to_vec();
        two.push(boot(3, 2));
        assert_eq!(wrongly("exact", &two), ["g-s-samples-2", "g-s-samples-3"]);
    }
}
