//! What one trace says, in a form to print: for a reader who has a trace and no run.

use crate::breakdown::breakdown;
use crate::flags::Flags;
use crate::samples::SampleSet;
use crate::trace::{Damage, Trace};
use crate::windows::{Edges, Window};
use capbench_results::{Breakdown, Evidence, InstrumentAgreement, SampleKind, Unit};
use capbench_stats::summarize;
use serde::Serialize;
use std::collections::BTreeMap;
use trace_format::control::Aggregation;

/// One trace.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TraceSummary {
    /// The file.
    pub source: String,
    /// Name of the kernel; empty when the stream does not say.
    pub kernel: String,
    /// The kernel's build.
    pub build_id: String,
    /// `samples` or `segments`.
    pub variant: String,
    /// Features of the kernel build.
    pub features: Vec<String>,
    /// What a tick of its clock is: instructions where the guest saw it count
    /// them, else increments of the time-stamp counter.
    pub unit: Unit,
    /// Totals over everything that was read.
    pub totals: TotalsSummary,
    /// The benchmarks' windows.
    pub windows: Vec<WindowSummary>,
    /// Segments recorded outside of every window.
    pub outside: Option<Breakdown>,
    /// Losses and everything not understood, in words.
    pub warnings: Vec<String>,
    /// The objections of the rules.
    pub findings: Vec<FindingSummary>,
}

/// Totals over everything that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)] // as in `Totals`
pub struct TotalsSummary {
    pub bytes: u64,
    pub frames: u64,
    pub records: u64,
    pub samples: u64,
    pub instants: u64,
    pub switches: u64,
    pub lost: u64,
}

/// One window.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WindowSummary {
    /// Result name of the benchmark.
    pub benchmark: String,
    /// The program's measurements; absent without samples.
    pub samples: Option<SampleSummary>,
    /// The verdict of the program's oracle; absent without one.
    pub verdict: Option<String>,
    /// Records lost inside.
    pub lost: u64,
    /// Change of each counter inside, by name.
    pub counters: BTreeMap<String, u64>,
    /// Histograms that an instrument of the guest kept, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub histograms: BTreeMap<String, Vec<Bucket>>,
    /// Second instruments beside the program's figures, where the caller joined them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub instruments: Vec<InstrumentAgreement>,
    /// Where its dispatches spend themselves; absent without segment probes.
    pub breakdown: Option<Breakdown>,
}

/// How often values lay from 2^log2 up to twice that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // as its own description says
pub struct Bucket {
    pub log2: u32,
    pub count: u64,
}

/// The measurements of a program, per operation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SampleSummary {
    /// Warm batches.
    pub n: u64,
    /// Operations in a batch.
    pub batch: u32,
    /// What a percentile is of.
    pub sample_kind: SampleKind,
    /// The middle.
    pub median: f64,
    /// 95th percentile, if there are enough.
    pub p95: Option<f64>,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// Standard deviation, if there are two.
    pub sd: Option<f64>,
    /// The very first batch.
    pub cold: Option<f64>,
    /// What the median does not say.
    #[serde(flatten)]
    pub flags: Flags,
}

/// An objection of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingSummary {
    /// The rule.
    pub check: &'static str,
    /// The reason a result would carry.
    pub reason: String,
    /// The benchmark it touches; absent for all.
    pub benchmark: Option<String>,
    /// The observation.
    pub evidence: Evidence,
}

impl TraceSummary {
    /// Summarises a trace with what the rules found in it.
    pub fn new(trace: &Trace, findings: Vec<FindingSummary>) -> Self {
        let statements = &trace.statements;
        let session = statements.session.clone();
        let counts = statements
            .clocks
            .values()
            .any(|clock| clock.counts_instructions);
        let session = session.unwrap_or_else(|| crate::statements::Session {
            build_id: String::new(),
            kernel: String::new(),
            variant: String::new(),
            features: Vec::new(),
            cpus: 0,
            ring_slots: 0,
            overwrites: false,
        });
        let unit = if counts {
            Unit::Instructions
        } else {
            Unit::TscTicks
        };
        let totals = &trace.totals;
        Self {
            source: trace.source.clone(),
            kernel: session.kernel,
            build_id: session.build_id,
            variant: session.variant,
            features: session.features,
            unit,
            totals: TotalsSummary {
                bytes: totals.bytes,
                frames: totals.frames,
                records: totals.records,
                samples: totals.samples,
                instants: totals.instants,
                switches: totals.switches,
                lost: trace.damage.lost,
            },
            windows: trace
                .windows
                .iter()
                .map(|window| summarize_window(window, trace, unit))
                .collect(),
            outside: breakdown(&trace.outside, statements, vec![trace.source.clone()]),
            warnings: warnings(&trace.damage),
            findings,
        }
    }
}

fn summarize_window(window: &Window, trace: &Trace, unit: Unit) -> WindowSummary {
    let samples = summarize_samples(window, unit);
    let traces = vec![trace.source.clone()];
    let mut breakdown = breakdown(&window.tables, &trace.statements, traces);
    if let Some(breakdown) = &mut breakdown {
        breakdown.traced_median = samples.map(|samples| samples.median);
    }
    WindowSummary {
        benchmark: window.benchmark.clone(),
        samples,
        verdict: window.verdict.as_ref().map(|verdict| match verdict.passed {
            true => format!("passed, {} of {}", verdict.completed, verdict.submitted),
            false => format!("failed, {}: {}", verdict.failures, verdict.detail),
        }),
        lost: window.lost,
        counters: counters(window, trace),
        histograms: histograms(window, trace),
        instruments: Vec::new(),
        breakdown,
    }
}

fn summarize_samples(window: &Window, unit: Unit) -> Option<SampleSummary> {
    let found = SampleSet::of(window);
    let summary = summarize(&[&found.warm])?;
    let batch = window.samples.first()?.operations;
    Some(SampleSummary {
        n: summary.n,
        batch,
        sample_kind: SampleKind::of_batch(batch),
        median: summary.median,
        p95: summary.p95,
        min: summary.values.low,
        max: summary.values.high,
        sd: summary.sd,
        cold: found.cold,
        flags: Flags::of_boots(&[&found.warm], batch, unit),
    })
}

/// Change of each counter between the window's edges, CPUs combined as declared.
fn counters(window: &Window, trace: &Trace) -> BTreeMap<String, u64> {
    let mut changes: BTreeMap<String, u64> = BTreeMap::new();
    for ((_, id), edges) in &window.counters {
        let Edges {
            begin: Some(begin),
            end: Some(end),
        } = *edges
        else {
            continue;
        };
        let Some(counter) = trace.statements.counters.get(id) else {
            continue;
        };
        let change = end.wrapping_sub(begin);
        changes
            .entry(counter.name.clone())
            .and_modify(|all| {
                *all = match counter.aggregation {
                    Aggregation::Sum => all.saturating_add(change),
                    Aggregation::Minimum => (*all).min(change),
                    Aggregation::Maximum => (*all).max(change),
                }
            })
            .or_insert(change);
    }
    changes
}

fn histograms(window: &Window, trace: &Trace) -> BTreeMap<String, Vec<Bucket>> {
    let named = window.histograms.iter().filter_map(|(id, buckets)| {
        let name = trace.statements.instants.get(id)?.name.clone();
        let buckets = buckets.iter();
        let buckets = buckets.map(|(&log2, &count)| Bucket { log2, count });
        Some((name, buckets.collect()))
    });
    named.collect()
}

fn warnings(damage: &Damage) -> Vec<String> {
    let mut warnings = damage.first.clone();
    if damage.left_out > 0 {
        warnings.push(format!("{} statements found no place", damage.left_out));
    }
    warnings
}
