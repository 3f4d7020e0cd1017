//! What the results say of second instruments, against each boot's own readings.

use std::collections::BTreeMap;

use super::{Answer, Found, count};
use crate::readings::{Reading, readings};
use crate::record::Record;
use crate::rows::{Agreement, Row};
use crate::run::Run;

/// Ticks become time by a factor, and two programs may multiply in two orders.
const TOLERANCE: f64 = 1e-9;

/// Names one instrument of a row: pass, instrument, unit.
type Key<'a> = (&'a str, &'a str, &'a str);

pub(super) fn check(run: &Run) -> Found {
    let (record, document) = (run.record()?, run.document()?);
    let all = all_readings(run, record);
    let (mut faults, mut held) = (Vec::new(), 0);
    for (row, measured) in document.passed() {
        let mut own: BTreeMap<Key, Vec<(&str, &Reading)>> = BTreeMap::new();
        for found in &all {
            let of_row = found.guest == row.guest && found.system == row.system;
            for reading in found.readings.iter().filter(|_| of_row) {
                if reading.benchmark == row.benchmark_name {
                    let key = (found.pass, &*reading.instrument, &*reading.unit);
                    own.entry(key).or_default().push((found.trace, reading));
                }
            }
        }
        let mut fault = |what: String| faults.push(format!("{}: {what}", row.title()));
        for stated in &measured.instruments {
            held += 1;
            let key = (&*stated.pass, &*stated.instrument, &*stated.unit);
            let name = format!("{} in pass {}", stated.instrument, stated.pass);
            match own.remove(&key) {
                None => fault(format!("{name}: no trace has a reading of it")),
                Some(found) => {
                    if let Some(wrong) = differs(stated, &found) {
                        fault(format!("{name}: {wrong}"));
                    }
                }
            }
        }
        for (pass, instrument, _) in own.keys() {
            fault(format!("{instrument} in pass {pass}: is in no line"));
        }
    }
    let readings: usize = all.iter().map(|found| found.readings.len()).sum();
    let looked_at = format!(
        "{}, {}",
        count(readings, "reading"),
        count(held, "agreement")
    );
    Answer::new(faults, looked_at)
}

/// The readings of one boot.
struct OfBoot<'a> {
    guest: &'a str,
    system: &'a str,
    pass: &'a str,
    trace: &'a str,
    readings: Vec<Reading>,
}

fn all_readings<'a>(run: &'a Run, record: &'a Record) -> Vec<OfBoot<'a>> {
    let found = record.counted().filter_map(|boot| {
        let file = boot.stored()?.file.as_str();
        let said = run.said(file).ok()?;
        let session = said.statements.session.as_ref()?;
        Some(OfBoot {
            guest: &boot.guest,
            system: &boot.system,
            pass: &session.variant,
            trace: file,
            readings: readings(said),
        })
    });
    found.collect()
}

fn differs(stated: &Agreement, found: &[(&str, &Reading)]) -> Option<String> {
    let judged = found
        .iter()
        .filter(|(_, reading)| reading.not_judged.is_none());
    let agreed = judged.clone().count() as u32;
    let not_judged = found.len() as u32 - agreed;
    if (stated.agreed, stated.not_judged) != (agreed, not_judged) {
        return Some(format!(
            "stored {} agreed and {} not judged, found {agreed} and {not_judged}",
            stated.agreed, stated.not_judged
        ));
    }
    let mut reasons = found.iter().filter_map(|(_, reading)| reading.not_judged);
    let why = stated.why.as_deref();
    if !reasons.clone().any(|reason| why == Some(reason))
        && (why.is_some() || reasons.next().is_some())
    {
        return Some(format!("why it was not judged: stored {why:?}"));
    }
    let widest = judged.clone().map(|(_, reading)| reading.deviation());
    let widest = widest.max_by(f64::total_cmp);
    let (Some(stored), Some(widest)) = (&stated.widest, widest) else {
        return None;
    };
    // Of several boots that lie equally far off, any may be named.
    let mut judged = judged;
    let is_one = judged.any(|(trace, reading)| {
        *trace == stored.trace
            && near(reading.program, stored.program)
            && near(reading.observed, stored.observed)
            && near(reading.allowed, stored.allowed)
            && near(reading.deviation(), widest)
    });
    (!is_one).then(|| {
        format!(
            "stored as the widest: {} beside {} ± {} in {}, found a deviation of {widest} at most",
            stored.observed, stored.program, stored.allowed, stored.trace
        )
    })
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() <= TOLERANCE * one.abs().max(1.0)
}

/// Page faults per operation as the first boot of the pass that counts them saw
/// them; `None` where it saw none.
pub(super) fn page_faults(run: &Run, record: &Record, row: &Row) -> Option<f64> {
    let boots = record.boots_of(&row.guest, &row.system).into_iter();
    let mut windows = boots
        .filter(|boot| boot.variant == "perf")
        .filter_map(|boot| {
            let said = run.said(&boot.stored()?.file).ok()?;
            Some((said, said.window(&row.benchmark_name)?))
        });
    let (said, window) = windows.find(|(_, window)| window.closed())?;
    let mut samples = window.samples.iter();
    let operations = samples.find(|sample| sample.metric == 1)?.operations;
    let (_, faults) = *window.changes(&said.statements).get("page_faults")?;
    (faults > 0 && operations > 0).then(|| faults as f64 / f64::from(operations))
}
