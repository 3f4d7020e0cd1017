//! Nothing was lost inside a window, and nothing that no window owns.

use std::collections::BTreeMap;

use trace_format::Context;

use super::{Objections, Scene};
use crate::stream::Said;

const DROPPED: &str = "recordsDropped";

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let Some(said) = scene.said else { return };
    for window in &said.windows {
        let name = &window.benchmark;
        for ((cpu, context), edges) in &window.dropped {
            if let (Some(begin), Some(end)) = (edges.begin, edges.end)
                && begin != end
            {
                let lost = end.wrapping_sub(begin);
                let observed = format!("{name}: ring of cpu {cpu} {context:?} dropped {lost}");
                objections.one(name, DROPPED, observed);
            }
        }
        if window.lost > 0 {
            let observed = format!("{name}: frames say that {} records were lost", window.lost);
            objections.one(name, DROPPED, observed);
        }
    }
    outside(said, objections);
}

/// A ring that overwrites loses what is old by its declaration; any other loss that is
/// in no window is some window's that nobody can name.
fn outside(said: &Said, objections: &mut Objections) {
    let session = said.statements.session.as_ref();
    if session.is_some_and(|session| session.overwrites) {
        return;
    }
    let mut owned: BTreeMap<(u16, Context), u64> = BTreeMap::new();
    for window in &said.windows {
        for (ring, edges) in &window.dropped {
            if let (Some(begin), Some(end)) = (edges.begin, edges.end) {
                let of_ring = owned.entry(*ring).or_default();
                *of_ring = of_ring.saturating_add(end.wrapping_sub(begin));
            }
        }
    }
    for (ring, account) in &said.statements.accounts {
        let in_windows = owned.get(ring).copied().unwrap_or(0);
        let lost = account.dropped.saturating_add(account.overwritten);
        if lost > in_windows {
            let (cpu, context) = ring;
            let observed = format!(
                "ring of cpu {cpu} {context:?} lost {} records outside of windows",
                lost - in_windows
            );
            objections.all(DROPPED, observed);
        }
    }
    let windows = said.windows.iter();
    let in_windows = windows.fold(0u64, |sum, window| sum.saturating_add(window.lost));
    if said.damage.lost > in_windows {
        let observed = format!(
            "frames say that {} records were lost outside of windows",
            said.damage.lost - in_windows
        );
        objections.all(DROPPED, observed);
    }
}
