//! Counts of one thing that were made in different places are equal.

use super::{Objections, Scene};
use crate::stream::{Said, Window};

const UNBALANCED: &str = "accountsUnbalanced";

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let Some(said) = scene.said else { return };
    if let Some(end) = said.statements.end {
        let totals = [
            ("samples", end.samples, said.totals.samples),
            ("instants", end.instants, said.totals.instants),
        ];
        for (what, sent, came) in totals.into_iter().filter(|(_, sent, came)| sent != came) {
            objections.all(UNBALANCED, format!("{sent} {what} sent, {came} decoded"));
        }
        rings(said, objections);
    }
    for window in said.windows.iter().filter(|window| window.closed()) {
        operations(window, objections);
        kernel_counts(said, window, objections);
    }
}

/// Begun = committed + dropped + open; committed − overwritten = decoded; nothing
/// open at the end.
fn rings(said: &Said, objections: &mut Objections) {
    for (ring, account) in &said.statements.accounts {
        let decoded = said.rings.get(ring).map_or(0, |ring| ring.decoded);
        let parts = [account.committed, account.dropped, account.open];
        let parts = parts.iter().map(|&part| u128::from(part)).sum::<u128>();
        let kept = account.committed.checked_sub(account.overwritten);
        let balanced = parts == u128::from(account.begun) && kept == Some(decoded);
        if !balanced || account.open > 0 {
            let (cpu, context) = ring;
            let observed = format!(
                "ring of cpu {cpu} {context:?}: {} begun, {} committed, {} dropped, {} \
                 overwritten, {} open, {decoded} decoded",
                account.begun,
                account.committed,
                account.dropped,
                account.overwritten,
                account.open
            );
            objections.all(UNBALANCED, observed);
        }
    }
    let accounts = &said.statements.accounts;
    for (cpu, context) in said
        .rings
        .keys()
        .filter(|ring| !accounts.contains_key(ring))
    {
        let observed = format!("ring of cpu {cpu} {context:?} has no account");
        objections.all(UNBALANCED, observed);
    }
}

/// Submitted = completed = dispatches, in one window.
fn operations(window: &Window, objections: &mut Objections) {
    let Some(verdict) = &window.verdict else {
        return;
    };
    let name = &window.benchmark;
    let (submitted, completed) = (verdict.submitted, verdict.completed);
    if submitted != completed {
        let observed = format!("{name}: {submitted} submitted, {completed} completed");
        objections.one(name, UNBALANCED, observed);
    }
    // Where some were dropped, that is the finding.
    let dropped = window.dropped.values();
    let dropped = dropped
        .into_iter()
        .any(|edges| edges.begin.is_none() || edges.begin != edges.end);
    let tables = &window.tables;
    if tables.dispatches() > 0 && !dropped {
        // A resumed dispatch is the second part of one that was counted.
        let begun = tables.dispatches() - tables.resumed;
        if begun != submitted {
            let observed = format!("{name}: {submitted} submitted, {begun} dispatches");
            objections.one(name, UNBALANCED, observed);
        }
    }
}

/// The kernel's own counts hold one call more: the one that closes the window was
/// taken before the last edge, the one that opens it completed after the first.
fn kernel_counts(said: &Said, window: &Window, objections: &mut Objections) {
    let Some(verdict) = &window.verdict else {
        return;
    };
    let changes = window.changes(&said.statements);
    let declared = |name: &str| {
        let mut counters = said.statements.counters.values();
        counters.any(|counter| counter.name == name)
    };
    let pairs = [
        ("sqe_consumed", "submitted", verdict.submitted),
        ("cqe_posted", "completed", verdict.completed),
    ];
    for (counter, what, of_program) in pairs {
        if !declared(counter) {
            continue;
        }
        let counted = changes.get(counter).map_or(0, |&(_, change)| change);
        if counted != of_program.wrapping_add(1) {
            let name = &window.benchmark;
            let observed = format!("{name}: {of_program} {what}, {counter} rose by {counted}");
            objections.one(name, UNBALANCED, observed);
        }
    }
}
