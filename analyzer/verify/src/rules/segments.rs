//! Segments lie beside or inside one another, as declared, and every dispatch
//! holds as many as it says.

use super::{Objections, Scene};
use crate::stream::{Said, Tables};

const UNBALANCED: &str = "segmentsUnbalanced";

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let Some(said) = scene.said else { return };
    let lossy = is_lossy(said);
    for fault in faults(&said.outside, lossy) {
        objections.all(UNBALANCED, format!("outside of windows: {fault}"));
    }
    for window in &said.windows {
        let name = &window.benchmark;
        for fault in faults(&window.tables, lossy) {
            objections.one(name, UNBALANCED, format!("{name}: {fault}"));
        }
    }
}

/// Where records were lost, trees are incomplete without further guilt; each loss
/// is another rule's matter.
fn is_lossy(said: &Said) -> bool {
    let damage = &said.damage;
    let mut accounts = said.statements.accounts.values();
    damage.lost > 0
        || damage.missing > 0
        || damage.malformed > 0
        || accounts.any(|account| account.dropped > 0 || account.overwritten > 0)
}

fn faults(tables: &Tables, lossy: bool) -> Vec<String> {
    let faults = tables.faults;
    let always = [
        (faults.overlapping, "segments overlap"),
        (faults.undeclared, "segments are not declared"),
    ];
    let unless_lossy = [
        (
            faults.misplaced,
            "segments are not inside their declared parent",
        ),
        (tables.incomplete, "dispatches lack spans that they began"),
        (tables.orphans, "segments never met their dispatch"),
    ];
    let unless_lossy = unless_lossy.into_iter().filter(|_| !lossy);
    let counted = always.into_iter().chain(unless_lossy);
    counted
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect()
}
