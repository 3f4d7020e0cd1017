//! Every row has one window in each boot; it opened, closed and held what the
//! definition asks of it.

use super::{Objections, Scene};
use crate::rows::Row;
use crate::stream::{Said, Window};

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let Some(said) = scene.said else { return };
    for refused in &said.statements.refused {
        let name = &refused.benchmark;
        let (needed, capacity) = (refused.needed, refused.capacity);
        let observed = format!("{name}: refused, {needed} slots needed of {capacity}");
        objections.one(name, "windowRefused", observed);
    }
    for (index, window) in said.windows.iter().enumerate() {
        let name = &window.benchmark;
        if !window.closed() {
            objections.one(name, "incomplete", format!("{name}: never closed"));
        }
        let earlier = &said.windows[..index];
        if earlier.iter().any(|earlier| earlier.benchmark == *name) {
            let observed = format!("{name}: a second window");
            objections.one(name, "accountsUnbalanced", observed);
        }
        operations(window, objections);
    }
    for row in scene.rows {
        samples(scene, said, row, objections);
    }
}

/// The program did what it set out to do.
fn operations(window: &Window, objections: &mut Objections) {
    let Some(verdict) = &window.verdict else {
        return;
    };
    let (intended, submitted) = (window.expected_operations, verdict.submitted);
    if intended > 0 && submitted != intended && verdict.unsupported().is_none() {
        let name = &window.benchmark;
        let observed = format!("{name}: {submitted} operations of {intended}");
        objections.one(name, "incomplete", observed);
    }
}

/// A row's samples are as many and as large as its definition says.
fn samples(scene: &Scene, said: &Said, row: &Row, objections: &mut Objections) {
    let name = &row.benchmark_name;
    let (benchmark, batch) = row.benchmark();
    let Some(window) = said.window(name) else {
        let refused = said.statements.refused.iter();
        if !refused
            .into_iter()
            .any(|refused| refused.benchmark == *name)
        {
            objections.one(name, "neverRan", format!("{name}: no window"));
        }
        return;
    };
    let unsupported = window.verdict.as_ref().and_then(|v| v.unsupported());
    if unsupported.is_some() {
        return;
    }
    let values = window.values(batch.unwrap_or(0));
    if !values.of_batch {
        let observed = format!("{name}: a sample is of another number of operations");
        objections.one(name, "accountsUnbalanced", observed);
    }
    let declared = scene.kept.and_then(|kept| kept.benchmark(benchmark).ok());
    let found = values.warm.len();
    let asked = declared.map_or(found.max(1), |declared| declared.samples as usize);
    if found != asked {
        let observed = format!("{name}: {found} warm samples of {asked}");
        objections.one(name, "incomplete", observed);
    }
}
