//! What arithmetic needs is there: accounts that nobody kept balance, and dispatches
//! that nobody recorded add up.

use super::{Objections, Scene};

const MISSING: &str = "evidenceMissing";

/// The kernel's own counts of a window.
const COUNTERS: [&str; 2] = ["sqe_consumed", "cqe_posted"];

/// The variant with all probes.
const TRACED: &str = "segments";

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let guest = scene.kept.map(|kept| kept.guest(&scene.boot.guest));
    let has_rings = matches!(guest, Some(Ok(guest)) if guest.capabilities);
    let Some(said) = scene.said.filter(|_| has_rings) else {
        return;
    };
    let is_traced = scene.boot.variant == TRACED;
    if is_traced && said.statements.accounts.is_empty() {
        objections.all(MISSING, "no account of any ring");
    }
    for window in &said.windows {
        let name = &window.benchmark;
        let worked = window
            .verdict
            .as_ref()
            .is_none_or(|verdict| verdict.submitted > 0 && verdict.unsupported().is_none());
        if !worked || !scene.rows.iter().any(|row| row.benchmark_name == *name) {
            continue;
        }
        let changes = window.changes(&said.statements);
        for counter in COUNTERS {
            if !changes.contains_key(counter) {
                objections.one(name, MISSING, format!("{name}: no count of {counter}"));
            }
        }
        if is_traced && window.tables.dispatches() == 0 {
            objections.one(name, MISSING, format!("{name}: not one dispatch"));
        }
    }
}
