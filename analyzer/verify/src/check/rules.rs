//! What the rules object to, held against the rows: a row that one of them touches
//! must not have a number.

use super::{Answer, Found, count};
use crate::rules::objections;
use crate::run::Run;

pub(super) fn check(run: &Run, rule: &'static str) -> Found {
    let document = run.document()?;
    let boots = run.record()?.counted().count();
    let mut faults = Vec::new();
    for objection in objections(run, Some(rule))? {
        let passed = document.passed();
        let touched = passed.filter(|(row, _)| objection.touches(row)).count();
        if touched > 0 {
            let (source, observed) = (&objection.source, &objection.observed);
            let rows = count(touched, "row");
            faults.push(format!(
                "{source}: {observed}; yet {rows} of it have numbers"
            ));
        }
    }
    let rows = document.passed().count();
    let looked_at = format!(
        "{}, {} with a number",
        count(boots, "boot"),
        count(rows, "row")
    );
    Answer::new(faults, looked_at)
}

/// The same for rules that ask what was declared.
pub(super) fn check_declared(run: &Run, rule: &'static str) -> Found {
    run.kept()?;
    check(run, rule)
}

/// The same for features, some of which are a guest's instruments.
pub(super) fn features(run: &Run) -> Found {
    let kept = run.kept()?;
    for boot in run.record()?.counted() {
        if kept.guest(&boot.guest)?.instruments.is_none() {
            let guest = &boot.guest;
            return Err(format!(
                "definitions.json does not say which instruments `{guest}` runs; the run is of \
                 an older version"
            ));
        }
    }
    check(run, "features")
}
