//! Breakdowns, with the tree of segments and the probes' costs computed again
//! ([`crate::stream`]).

use std::collections::BTreeMap;

use super::{Answer, Found, count, differ, rows};
use crate::rows::{Breakdown, Measured, Row, Segment};
use crate::run::Run;
use crate::stream::{Records, Said, Tables};

/// The variant with all probes.
const TRACED: &str = "segments";

/// Values from here on are stored in buckets, whose middle is this far off at most.
const BUCKETED: f64 = 65536.0;
const BUCKET_ERROR: f64 = 0.001;

/// Shares are quotients of sums, and two programs may round in two places.
const TOLERANCE: f64 = 1e-9;

/// A segment by its name and its parent's.
type Key = (String, String);

/// The records of all boots with probes.
#[derive(Default)]
struct Together {
    complete: u64,
    incomplete: u64,
    ticks: u128,
    segments: BTreeMap<Key, Records>,
}

pub(super) fn check(run: &Run) -> Found {
    let (_, document) = (run.record()?, run.document()?);
    let (mut faults, mut breakdowns, mut lines) = (Vec::new(), 0, 0);
    for (row, measured) in document.passed() {
        let Some(breakdown) = &measured.breakdown else {
            continue;
        };
        breakdowns += 1;
        lines += breakdown.segments.len();
        match one(run, row, measured, breakdown) {
            Ok(wrong) => {
                let wrong = wrong.into_iter();
                faults.extend(wrong.map(|wrong| format!("{}: {wrong}", row.title())));
            }
            Err(error) => faults.push(format!("{}: {error}", row.title())),
        }
    }
    let looked_at = format!(
        "{} with {}, self times included",
        count(breakdowns, "breakdown"),
        count(lines, "line")
    );
    Answer::new(faults, looked_at)
}

fn one(
    run: &Run,
    row: &Row,
    measured: &Measured,
    breakdown: &Breakdown,
) -> Result<Vec<String>, String> {
    let record = run.record()?;
    let boots = record.boots_of(&row.guest, &row.system).into_iter();
    let captured: Vec<&str> = boots
        .filter(|boot| boot.variant == TRACED)
        .filter_map(|boot| Some(boot.stored()?.file.as_str()))
        .collect();
    let mut faults = Vec::new();
    if breakdown.traces != captured {
        let (listed, captured) = (breakdown.traces.join(", "), captured.join(", "));
        faults.push(format!("it lists {listed}, captured were {captured}"));
    }
    let (mut all, mut calibrated) = (Together::default(), None);
    for file in captured {
        let said = run.said(file)?;
        let window = said.window(&row.benchmark_name);
        let window = window.ok_or_else(|| format!("{file}: its window never opened"))?;
        all.add(said, &window.tables);
        calibrated.get_or_insert(!said.statements.calibrations.is_empty());
    }
    let calibrated = calibrated.unwrap_or(false);
    let bound = calibrated.then(|| bounds(&all, breakdown.segments.iter().any(|s| s.bucketed)));
    let traced = rows::median_of_boots(&rows::values(run, row, measured.batch, TRACED)?);
    let effect = traced.map(|traced| traced - measured.median);
    faults.extend(
        [
            differ("dispatches", breakdown.dispatches, all.complete),
            differ("incomplete", breakdown.incomplete, all.incomplete),
            differ("traced median", breakdown.traced_median, traced),
            differ("tracing effect", breakdown.tracing_effect, effect),
        ]
        .into_iter()
        .flatten(),
    );
    match (breakdown.self_bound, bound) {
        (Some(stored), Some((least, most))) if least <= stored && stored <= most => {}
        (None, None) => {}
        (stored, found) => faults.push(format!(
            "bound of self times: stored {stored:?}, found {found:?}"
        )),
    }
    for line in &breakdown.segments {
        let key = (line.name.clone(), line.parent.clone());
        let found = all.segments.remove(&key).unwrap_or_default();
        faults.extend(of_line(line, &found, all.ticks, calibrated));
    }
    let left = all.segments.keys();
    faults.extend(left.map(|(name, _)| format!("records of {name} are in no line")));
    Ok(faults)
}

/// The least and the most that the bound of self times may be: what the probes' costs
/// leave open, and what buckets may leave open of the longest.
fn bounds(all: &Together, bucketed: bool) -> (f64, f64) {
    let records = || all.segments.values();
    let least = records().map(|records| records.bound).max().unwrap_or(0) as f64;
    let longest = records()
        .filter_map(|records| records.corrected.largest())
        .max();
    let longest = longest.filter(|_| bucketed).unwrap_or(0) as f64;
    (least, least + (longest * BUCKET_ERROR).ceil())
}

impl Together {
    fn add(&mut self, said: &Said, tables: &Tables) {
        self.complete += tables.complete;
        self.incomplete += tables.incomplete;
        self.ticks += tables.ticks;
        let segments = &said.statements.segments;
        let name = |id: u16| {
            let declared = segments.get(&id);
            declared.map_or_else(|| format!("segment {id}"), |segment| segment.name.clone())
        };
        for (id, records) in &tables.segments {
            // What is not declared is a fault of its own and has no name.
            let Some(declared) = segments.get(id) else {
                continue;
            };
            let key = (name(*id), declared.parent.map(name).unwrap_or_default());
            self.segments.entry(key).or_default().merge(records);
        }
    }
}

fn of_line(line: &Segment, found: &Records, ticks: u128, calibrated: bool) -> Vec<String> {
    let name = &line.name;
    let durations = &found.durations;
    let mut faults: Vec<String> = [
        differ(&format!("records of {name}"), line.count, durations.count()),
        differ(
            &format!("longest {name}"),
            Some(line.max),
            durations.largest(),
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    let of_dispatches = found.raw.sum() as f64 / ticks as f64;
    let share = (found.dispatched && ticks > 0).then(|| of_dispatches.min(1.0));
    let corrected = calibrated.then(|| found.corrected.median()).flatten();
    let figures = [
        ("median of", Some(line.median), durations.median()),
        ("p95 of", line.p95, durations.p95()),
        ("self time of", line.self_raw, found.raw.median()),
        ("corrected self time of", line.self_corrected, corrected),
        ("share of", line.share, share),
    ];
    for (what, stored, found) in figures {
        if !near(stored, found, line.bucketed) {
            faults.extend(differ(&format!("{what} {name}"), stored, found));
        }
    }
    faults
}

/// Equal, but for rounding and for what is stored in buckets and says so.
fn near(stored: Option<f64>, found: Option<f64>, bucketed: bool) -> bool {
    let (Some(stored), Some(found)) = (stored, found) else {
        return stored == found;
    };
    let allowed = if bucketed && found >= BUCKETED {
        BUCKET_ERROR
    } else {
        TOLERANCE
    };
    (stored - found).abs() <= allowed * found.abs().max(stored.abs())
}
