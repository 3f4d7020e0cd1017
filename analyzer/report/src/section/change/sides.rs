//! What was compared, and what to know before any number.

use super::super::head::strong;
use super::counts;
use crate::document::Inlines;
use crate::number::{or_none, short};
use capbench_results::Mode;
use capbench_results::change::{Change, Side, Subject};

pub(super) fn facts(change: &Change) -> Vec<(&'static str, Inlines)> {
    vec![
        ("base", side(&change.base)),
        ("head", side(&change.head)),
        ("rows", counts(change).into()),
    ]
}

fn side(side: &Side) -> Inlines {
    match &side.subject {
        Subject::Run(run) => {
            let changes = if run.dirty { " with changes" } else { "" };
            Inlines::code(&run.id).text(format!(
                " · {} in {} mode, {} boots · commit {}{changes} · {}",
                run.suite,
                run.mode,
                run.boots,
                or_none(short(&run.commit)),
                run.started_at
            ))
        }
        Subject::Trace(trace) => Inlines::code(&side.source).text(format!(
            " · kernel {}, build {}, probes {}",
            or_none(&trace.kernel),
            or_none(short(&trace.build_id)),
            or_none(&trace.variant)
        )),
    }
}

pub(super) fn warnings(change: &Change) -> Vec<Inlines> {
    let mut warnings = Vec::new();
    let sides = [&change.base, &change.head];
    let runs = sides.iter().filter_map(|side| match &side.subject {
        Subject::Run(run) => Some(run),
        Subject::Trace(_) => None,
    });
    let runs: Vec<_> = runs.collect();
    if runs.iter().any(|run| run.mode == Mode::Exact) {
        warnings.push(strong(
            "Numbers count instructions that the guest executed.",
            " They are not time and not cycles.",
        ));
    }
    let mut cautions: Vec<&str> = Vec::new();
    for caution in runs.iter().flat_map(|run| &run.cautions) {
        if !cautions.contains(&caution.as_str()) {
            cautions.push(caution);
        }
    }
    warnings.extend(cautions.into_iter().map(|caution| strong(caution, "")));
    warnings
}
