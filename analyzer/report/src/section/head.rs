//! Title, facts and warnings: what a reader must know before any number.

use super::correctness;
use crate::appendix::Appendix;
use crate::document::{Inline, Inlines, status_words};
use crate::extent::Extent;
use crate::number::short;
use crate::refusals::{grouped, has_values};
use capbench_results::{Mode, Results, Status};
use std::collections::BTreeSet;

pub(super) fn title(results: &Results) -> String {
    format!("{} in {} mode", results.run.suite, results.run.mode)
}

pub(super) fn facts(results: &Results, appendix: &Appendix) -> Vec<(&'static str, Inlines)> {
    let run = &results.run;
    let boots = match (appendix.extent, run.boots) {
        (Extent::Part { booted, planned }, _) => format!("{booted} of {planned} took place"),
        (Extent::Whole, 1) => "1 per guest".to_owned(),
        (Extent::Whole, boots) => format!("{boots} per guest"),
    };
    let until = if appendix.ended_at.is_empty() {
        String::new()
    } else {
        format!(" to {}", appendix.ended_at)
    };
    vec![
        ("run", Inlines::code(&run.id)),
        ("started", format!("{}{until}", run.started_at).into()),
        ("boots", boots.into()),
        ("results", ends(results).into()),
        (
            "envelope",
            Inlines::code(short(&run.envelope.hash.to_string())),
        ),
        (
            "made by",
            Inlines::from(format!("{} · ", run.tool)).text(commit(results)),
        ),
    ]
}

fn commit(results: &Results) -> String {
    let run = &results.run;
    match (run.has_commit(), run.dirty) {
        (false, _) => "commit unknown".to_owned(),
        (true, false) => format!("commit {}", short(&run.commit)),
        (true, true) => format!("commit {} with changes", short(&run.commit)),
    }
}

/// How many rows ended how; only ends that occurred.
fn ends(results: &Results) -> String {
    let count = |status: Status| {
        let rows = results.results.iter();
        rows.filter(|row| row.status() == status).count()
    };
    let ends: Vec<String> = Status::ALL
        .iter()
        .map(|status| (count(*status), status_words(*status).1))
        .filter(|(rows, _)| *rows > 0)
        .map(|(rows, words)| format!("{rows} {words}"))
        .collect();
    if ends.is_empty() {
        "none".to_owned()
    } else {
        ends.join(", ")
    }
}

pub(super) fn warnings(results: &Results, appendix: &Appendix) -> Vec<Inlines> {
    let mut warnings = Vec::new();
    if appendix.interrupted {
        warnings.push(strong(
            "The run was interrupted;",
            " not every boot took place.",
        ));
    }
    if has_values(results) {
        warnings.push(meaning(results.run.mode));
    }
    let cautions = results.run.cautions();
    warnings.extend(cautions.map(|caution| strong(caution, "")));
    warnings.extend(measurement_builds(appendix));
    warnings.extend(measurement_capabilities(appendix));
    if !results.run.has_commit() {
        warnings.push(strong(
            "The commit of the sources is unknown.",
            " Nobody can build what was measured again.",
        ));
    } else if results.run.dirty {
        warnings.push(strong(
            "The sources had changes that the commit does not hold.",
            " The commit alone may give other numbers.",
        ));
    }
    if !appendix.overrides.is_empty() {
        warnings.push(
            strong("The command line changed the definitions:", " ")
                .with_code(appendix.overrides.join(" ")),
        );
    }
    warnings
}

/// Causes of missing numbers, before the numbers that are left.
pub(super) fn causes(results: &Results) -> Vec<Inlines> {
    let groups = grouped(&results.results).into_iter().zip(1..);
    let unusable = groups.filter(|(group, _)| group.is_unusable());
    let causes = unusable.map(|(group, number)| {
        let rows = match group.rows.len() {
            1 => group.names(),
            rows => format!("{rows} rows"),
        };
        let words = status_words(group.status).1;
        let loud = format!("{rows} on {}: {words}, {}.", group.place(), group.reason);
        let seen = Inline::Place {
            anchor: correctness::anchor(number),
            text: "See Correctness.".to_owned(),
        };
        strong(&loud, " ").text(group.detail).text(" ").and(seen)
    });
    causes.collect()
}

pub(super) fn strong(loud: &str, quiet: &str) -> Inlines {
    Inlines(vec![Inline::Strong(loud.to_owned())]).text(quiet)
}

fn meaning(mode: Mode) -> Inlines {
    match mode {
        Mode::Exact => strong(
            "Numbers count instructions that the guest executed per operation.",
            " They are not time and not cycles. Where a unit is virtual_ns, idling moved the \
             emulator's clock too.",
        ),
        Mode::Hardware => strong("Numbers hold for this host's hardware.", ""),
        Mode::Emulated => strong(
            "EMULATED: a smoke run.",
            " Its numbers are not publishable.",
        ),
    }
}

/// Kernels with a recorder inside are not the kernels that people run.
fn measurement_builds(appendix: &Appendix) -> Option<Inlines> {
    let built: BTreeSet<String> = appendix
        .guests
        .iter()
        .filter(|build| !build.features.is_empty() || !build.extra.is_empty())
        .map(|build| {
            let features = build.features.iter().chain(&build.extra);
            let features: Vec<&str> = features.map(String::as_str).collect();
            format!(
                "{} {} ({})",
                build.guest,
                build.variant,
                features.join(", ")
            )
        })
        .collect();
    (!built.is_empty()).then(|| {
        let built: Vec<String> = built.into_iter().collect();
        strong("These are measurement builds:", " ").text(format!("{}.", built.join("; ")))
    })
}

fn measurement_capabilities(appendix: &Appendix) -> Option<Inlines> {
    let holders: Vec<&str> = appendix
        .authority
        .iter()
        .filter(|profile| {
            profile.declared.as_ref().is_some_and(|declared| {
                let mut grants = declared.grants.iter();
                grants.any(|(_, source)| *source == declared.measurement_source)
            })
        })
        .map(|profile| profile.name.as_str())
        .collect();
    (!holders.is_empty()).then(|| {
        strong(
            "Programs hold a capability that exists for measuring only,",
            " to open windows and hand over samples, outside of timed code. Profiles: ",
        )
        .with_code(holders.join(", "))
    })
}
