//! One trace by itself: objections first, then its windows and what lies in each.

use super::{breakdown, instruments};
use crate::document::{Block, Document, Inlines, Section, Table};
use crate::flags;
use crate::number::{NONE, optional, or_none};
use capbench_frames::summary::{Bucket, SampleSummary, TraceSummary, WindowSummary};
use capbench_results::{SampleKind, Unit};

pub(crate) fn document(summary: &TraceSummary) -> Document {
    let mut sections = objections(summary);
    if !summary.windows.is_empty() {
        sections.push(windows(&summary.windows));
    }
    sections.extend((1..).zip(&summary.windows).filter_map(|(number, window)| {
        let mut section = super::section(&format!("window-{number}"), &window.benchmark);
        section.blocks = details(window, summary.unit);
        (!section.blocks.is_empty()).then_some(section)
    }));
    if let Some(outside) = &summary.outside {
        let mut section = super::section("outside", "Outside of windows");
        section.blocks = breakdown::of_trace(summary.unit, outside).into();
        sections.push(section);
    }
    Document {
        title: summary.source.clone(),
        facts: facts(summary),
        warnings: super::not_time(summary.unit).into_iter().collect(),
        sections,
    }
}

fn facts(summary: &TraceSummary) -> Vec<(&'static str, Inlines)> {
    let kernel = format!(
        "{} · build {} · variant {} · features {}",
        or_none(&summary.kernel),
        or_none(&summary.build_id),
        or_none(&summary.variant),
        or_none(&summary.features.join(", ")),
    );
    let totals = summary.totals;
    let totals = format!(
        "{} bytes · {} frames · {} spans and roots · {} samples · {} instants ({} switches) · {} lost",
        totals.bytes,
        totals.frames,
        totals.records,
        totals.samples,
        totals.instants,
        totals.switches,
        totals.lost,
    );
    vec![
        ("kernel", kernel.into()),
        ("holds", totals.into()),
        ("unit", summary.unit.as_str().into()),
    ]
}

fn objections(summary: &TraceSummary) -> Vec<Section> {
    let findings = summary.findings.iter().map(|finding| {
        let whom = finding.benchmark.as_deref().unwrap_or("all");
        let (reason, check) = (&finding.reason, &finding.check);
        format!("{whom}: {reason} ({check}): {}", finding.evidence).into()
    });
    let warnings = summary
        .warnings
        .iter()
        .map(|warning| warning.as_str().into());
    let lists: [(&str, &str, Vec<Inlines>); 2] = [
        ("findings", "Not to be believed", findings.collect()),
        ("warnings", "Warnings while reading", warnings.collect()),
    ];
    let lists = lists.into_iter().filter(|(.., lines)| !lines.is_empty());
    let sections = lists.map(|(id, title, lines)| {
        let mut section = super::section(id, title);
        section.blocks.push(Block::List(lines));
        section
    });
    sections.collect()
}

fn windows(windows: &[WindowSummary]) -> Section {
    let of = |window: &WindowSummary, value: fn(&SampleSummary) -> Option<f64>| {
        optional(window.samples.as_ref().and_then(value))
    };
    let percentile_of = |window: &WindowSummary| {
        let samples = window.samples.as_ref();
        samples.map_or(NONE, percentile_of)
    };
    let batches = |window: &WindowSummary| match window.samples {
        Some(samples) => format!("{} × {}", samples.n, samples.batch),
        None => NONE.to_owned(),
    };
    let table = Table::of("Samples, per operation", windows)
        .words("benchmark", |of| Inlines::code(&of.benchmark))
        .number("median", |window| of(window, |s| Some(s.median)))
        .number("p95", |window| of(window, |s| s.p95))
        .words("p95 is of", |window| percentile_of(window))
        .number("smallest", |window| of(window, |s| Some(s.min)))
        .number("largest", |window| of(window, |s| Some(s.max)))
        .number("batches × operations", |window| batches(window))
        .number("cold", |window| of(window, |s| s.cold))
        .number("lost", |window| window.lost)
        .words("oracle", |window| window.verdict.as_deref().unwrap_or(NONE))
        .end();
    let mut section = super::section("windows", "Windows");
    section.blocks.push(Block::Table(table));
    let flagged = windows.iter().filter_map(|window| {
        let flags = flags::words(&window.samples?.flags)?;
        Some(Inlines::code(&window.benchmark).text(format!(": {flags}")))
    });
    let flagged: Vec<Inlines> = flagged.collect();
    if !flagged.is_empty() {
        section.blocks.push(Block::List(flagged));
    }
    section
}

const fn percentile_of(samples: &SampleSummary) -> &'static str {
    match (samples.p95, samples.sample_kind) {
        (None, _) => NONE,
        (Some(_), SampleKind::Operations) => "operations",
        (Some(_), SampleKind::BatchMeans) => "batch means",
    }
}

fn details(window: &WindowSummary, unit: Unit) -> Vec<Block> {
    let mut blocks = Vec::new();
    if let Some(breakdown) = &window.breakdown {
        blocks.extend(breakdown::of_trace(unit, breakdown));
    }
    if !window.counters.is_empty() {
        blocks.push(Block::Text(counters(window).into()));
    }
    if !window.histograms.is_empty() {
        let histograms = window.histograms.iter();
        let histograms = histograms.map(|(name, buckets)| histogram(name, buckets).into());
        blocks.push(Block::List(histograms.collect()));
    }
    if !window.instruments.is_empty() {
        let instruments = window
            .instruments
            .iter()
            .map(|agreement| (vec![], agreement));
        blocks.push(Block::Table(instruments::agreements(&[], instruments)));
    }
    blocks
}

fn histogram(name: &str, buckets: &[Bucket]) -> String {
    let parts: Vec<String> = buckets
        .iter()
        .map(|Bucket { log2, count }| format!("{count} in 2^{log2}…2^{}", log2 + 1))
        .collect();
    format!("Histogram {name}: {}", parts.join(", "))
}

/// Counters that changed, by name, and the number of the others.
fn counters(window: &WindowSummary) -> String {
    let moved = window.counters.iter().filter(|(_, change)| **change != 0);
    let mut parts: Vec<String> = moved
        .map(|(name, change)| format!("{name} {change}"))
        .collect();
    let still = window.counters.len() - parts.len();
    if still > 0 {
        parts.push(format!("{still} others unchanged"));
    }
    format!("Counters: {}", parts.join(", "))
}
