//! What the rules object to, held against the rows: a row that one of them touches
//! must not have a number.

use super::{Answer, Found, count};
use crate::rules::objections;
use crate::run::Run;

pub(super) fn check(run: &Run, rule: &'static str) -> Found {
    let document = run.document()?;
    // What was declared decides what a stream must hold.
    run.kept()?;
    let boots = run.record()?.counted().count();
    let mut faults = Vec::new();
    for objection in objections(run, rule)? {
        let passed = document.passed();
        let touched = passed.filter(|(row, _)| objection.touches(row)).count();
        if touched > 0 {
            let (source, observed) = (&objection.source, &objection.observed);
            let reason = objection.reason;
            let rows = count(touched, "row");
            faults.push(format!(
                "{source}: {reason}: {observed}; yet {rows} of it have numbers"
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
