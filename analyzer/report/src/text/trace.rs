//! One trace by itself.

use super::breakdown;
use crate::flags;
use crate::look::Look;
use crate::number::{NONE, number, optional};
use crate::table::{Align, Table};
use capbench_frames::summary::{Bucket, SampleSummary, TraceSummary, WindowSummary};
use capbench_results::{InstrumentAgreement, SampleKind, Unit};

/// Everything a trace says, objections first.
pub fn trace(summary: &TraceSummary, look: Look) -> String {
    let mut text = header(summary, look);
    text.push_str(&objections(summary, look));
    if !summary.windows.is_empty() {
        text.push('\n');
        text.push_str(&windows(&summary.windows, look));
        text.push_str(&flagged(&summary.windows, look));
    }
    for window in &summary.windows {
        text.push_str(&details(window, summary.unit, look));
    }
    if let Some(outside) = &summary.outside {
        text.push_str(&format!("\n{}\n", look.bold("outside of windows")));
        text.push_str(&breakdown::body(outside, summary.unit, look));
    }
    text
}

fn header(summary: &TraceSummary, look: Look) -> String {
    let mut text = format!("{}\n", look.bold(&summary.source));
    let or_none = |text: &str| {
        if text.is_empty() {
            NONE.to_owned()
        } else {
            text.to_owned()
        }
    };
    let kernel = format!(
        "kernel {} · build {} · variant {} · features {} · in {}",
        or_none(&summary.kernel),
        or_none(&summary.build_id),
        or_none(&summary.variant),
        or_none(&summary.features.join(", ")),
        summary.unit,
    );
    text.push_str(&look.wrap(&kernel, 0));
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
    text.push_str(&look.wrap(&totals, 0));
    if summary.unit == Unit::Instructions {
        text.push_str("Numbers are instructions the guest executed, not time.\n");
    }
    text
}

fn objections(summary: &TraceSummary, look: Look) -> String {
    let mut text = String::new();
    if !summary.findings.is_empty() {
        text.push_str(&format!("\n{}\n", look.bold("not to be believed")));
    }
    for finding in &summary.findings {
        let whom = finding.benchmark.as_deref().unwrap_or("all");
        let line = format!(
            "- {whom}: {} ({}): {}",
            finding.reason, finding.check, finding.evidence
        );
        text.push_str(&look.wrap(&line, 2));
    }
    if !summary.warnings.is_empty() {
        text.push_str(&format!("\n{}\n", look.bold("while reading")));
    }
    for warning in &summary.warnings {
        text.push_str(&look.wrap(&format!("- {warning}"), 2));
    }
    text
}

fn windows(windows: &[WindowSummary], look: Look) -> String {
    use Align::{Left, Right};
    let mut table = Table::new(&[
        ("window", Left),
        ("median", Right),
        ("p95", Right),
        ("min", Right),
        ("max", Right),
        ("samples", Right),
        ("cold", Right),
        ("lost", Right),
        ("oracle", Left),
    ]);
    for window in windows {
        let verdict = window.verdict.as_deref().unwrap_or(NONE);
        let of = |value: fn(&SampleSummary) -> Option<f64>| {
            optional(window.samples.as_ref().and_then(value))
        };
        table.row(vec![
            window.benchmark.as_str().into(),
            of(|samples| Some(samples.median)).into(),
            window.samples.as_ref().map_or(NONE.to_owned(), p95).into(),
            of(|samples| Some(samples.min)).into(),
            of(|samples| Some(samples.max)).into(),
            window
                .samples
                .map_or(NONE.to_owned(), |s| format!("{} × {}", s.n, s.batch))
                .into(),
            of(|samples| samples.cold).into(),
            window.lost.to_string().into(),
            verdict.into(),
        ]);
    }
    table.render(look)
}

/// Windows whose median does not say it all.
fn flagged(windows: &[WindowSummary], look: Look) -> String {
    let told = windows.iter().filter_map(|window| {
        let flags = flags::words(&window.samples?.flags)?;
        Some(look.wrap(&format!("{} {flags}", window.benchmark), 2))
    });
    told.collect()
}

fn p95(samples: &SampleSummary) -> String {
    match (samples.p95, samples.sample_kind) {
        (None, _) => NONE.to_owned(),
        (Some(p95), SampleKind::Operations) => number(p95),
        (Some(p95), SampleKind::BatchMeans) => format!("{} of batch means", number(p95)),
    }
}

fn details(window: &WindowSummary, unit: Unit, look: Look) -> String {
    if window.breakdown.is_none() && window.counters.is_empty() && window.instruments.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", look.bold(&window.benchmark));
    if let Some(breakdown) = &window.breakdown {
        text.push_str(&breakdown::body(breakdown, unit, look));
    }
    if !window.counters.is_empty() {
        text.push_str(&look.wrap(&counters(window), 0));
    }
    for (name, buckets) in &window.histograms {
        text.push_str(&look.wrap(&histogram(name, buckets), 0));
    }
    for agreement in &window.instruments {
        text.push_str(&look.wrap(&instrument(agreement), 0));
    }
    text
}

fn histogram(name: &str, buckets: &[Bucket]) -> String {
    let parts: Vec<String> = buckets
        .iter()
        .map(|Bucket { log2, count }| format!("{count} in 2^{log2}…2^{}", log2 + 1))
        .collect();
    format!("histogram {name}: {}", parts.join(", "))
}

/// An instrument beside the program, as far off as it ever was.
fn instrument(agreement: &InstrumentAgreement) -> String {
    let InstrumentAgreement {
        instrument, unit, ..
    } = agreement;
    match (&agreement.widest, &agreement.why) {
        (Some(widest), _) => format!(
            "{instrument}: {} beside the program's {} (may differ by {}, {unit})",
            number(widest.observed),
            number(widest.program),
            number(widest.allowed)
        ),
        (None, why) => format!(
            "{instrument}: not judged: {}",
            why.as_deref().unwrap_or(NONE)
        ),
    }
}

/// Those that moved, by name; the others in one word.
fn counters(window: &WindowSummary) -> String {
    let moved = window.counters.iter().filter(|(_, change)| **change != 0);
    let mut parts: Vec<String> = moved
        .map(|(name, change)| format!("{name} {change}"))
        .collect();
    let still = window.counters.len() - parts.len();
    if still > 0 {
        parts.push(format!("{still} others 0"));
    }
    format!("counters: {}", parts.join(", "))
}
