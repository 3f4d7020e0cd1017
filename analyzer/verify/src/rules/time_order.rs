//! Time runs forwards: in each ring, in each window and from sample to sample.

use std::collections::BTreeMap;

use super::{Objections, Scene};
use crate::stream::Window;

const BROKEN: &str = "timeOrderBroken";

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let Some(said) = scene.said else { return };
    let backwards = said.outside.faults.backwards;
    if backwards > 0 {
        let observed = format!("{backwards} records end before the one before them");
        objections.all(BROKEN, observed);
    }
    for window in &said.windows {
        let name = &window.benchmark;
        let backwards = window.tables.faults.backwards;
        if backwards > 0 {
            let observed = format!("{name}: {backwards} records end before the one before them");
            objections.one(name, BROKEN, observed);
        }
        if window.ended.is_some_and(|ended| ended < window.begun) {
            objections.one(name, BROKEN, format!("{name}: ends before it begins"));
        }
        if let Some(start) = misplaced(window) {
            let observed = format!("{name}: the sample at {start} leaves its place");
            objections.one(name, BROKEN, observed);
        }
    }
}

/// The start of the first sample that overlaps the one before it, or lies outside
/// of its window.
fn misplaced(window: &Window) -> Option<u64> {
    let mut ends = BTreeMap::new();
    let mut samples = window.samples.iter();
    let found = samples.find(|sample| {
        let Some(end) = sample.start.checked_add(sample.ticks) else {
            return true;
        };
        let due = ends.insert(sample.metric, end).unwrap_or(window.begun);
        sample.start < due || window.ended.is_some_and(|ended| end > ended)
    });
    found.map(|sample| sample.start)
}
