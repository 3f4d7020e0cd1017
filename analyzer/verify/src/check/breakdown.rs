//! Breakdowns, as far as they can be told without rebuilding the tree of segments:
//! how many dispatches and records lie in the windows, and how long the longest is.
//! Self times are not computed a second time.

use std::collections::BTreeMap;

use super::{Answer, Found, count, rows};
use crate::rows::{Breakdown, Measured, Row};
use crate::run::Run;
use crate::stream::Records;

/// The variant with all probes.
const TRACED: &str = "segments";

pub(super) fn check(run: &Run) -> Found {
    let (_, document) = (run.record()?, run.document()?);
    let (mut faults, mut breakdowns) = (Vec::new(), 0);
    for (row, measured) in document.passed() {
        let Some(breakdown) = &measured.breakdown else {
            continue;
        };
        breakdowns += 1;
        match one(run, row, measured, breakdown) {
            Ok(wrong) => {
                let wrong = wrong.into_iter();
                faults.extend(wrong.map(|wrong| format!("{}: {wrong}", row.title())));
            }
            Err(error) => faults.push(format!("{}: {error}", row.title())),
        }
    }
    if breakdowns == 0 {
        return Err("no row has one".to_owned());
    }
    let looked_at = format!(
        "{}: dispatches, counts, longest records and medians; not self times",
        count(breakdowns, "breakdown")
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
    let (mut roots, mut records) = (0, BTreeMap::<&str, Records>::new());
    for file in captured {
        let Some(window) = run.said(file)?.window(&row.benchmark_name) else {
            return Err(format!("{file}: its window never opened"));
        };
        roots += window.roots;
        for (name, found) in &window.segments {
            let all = records.entry(name).or_default();
            all.count += found.count;
            all.longest = all.longest.max(found.longest);
        }
    }
    let dispatches = breakdown.dispatches + breakdown.incomplete;
    faults.extend(super::differ("dispatches", dispatches, roots));
    for segment in &breakdown.segments {
        let found = records.remove(segment.name.as_str()).unwrap_or_default();
        let name = &segment.name;
        let what = format!("records of {name}");
        faults.extend(super::differ(&what, segment.count, found.count));
        let what = format!("longest {name}");
        faults.extend(super::differ(&what, segment.max, found.longest));
    }
    let left = records.keys();
    faults.extend(left.map(|name| format!("records of {name} are in no line")));
    let traced = rows::median_of_boots(&rows::values(run, row, measured.batch, TRACED)?);
    let effect = traced.map(|traced| traced - measured.median);
    faults.extend(super::differ(
        "traced median",
        breakdown.traced_median,
        traced,
    ));
    faults.extend(super::differ(
        "tracing effect",
        breakdown.tracing_effect,
        effect,
    ));
    Ok(faults)
}
