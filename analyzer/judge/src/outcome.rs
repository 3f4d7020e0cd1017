//! From boots to one outcome of one benchmark.
//!
//! A number comes out only if no finding touches the benchmark in any boot, the
//! breakdown's boots included: a kernel whose accounts do not balance under full
//! tracing is not believed without tracing either.

use crate::rule::{Finding, Objection};
use capbench_frames::Budget;
use capbench_frames::breakdown;
use capbench_frames::flags::Flags;
use capbench_frames::samples::SampleSet;
use capbench_frames::trace::Trace;
use capbench_frames::windows::{Tables, Window};
use capbench_results::{
    BootSummary, Breakdown, Evidence, FailureReason, InstrumentAgreement, Interval, InvalidReason,
    Measurement, Mispriced, Outcome, Perturbation, Range, Refusal, SampleKind, Unit,
    UnsupportedReason, ValueMode,
};
use capbench_stats::{
    Confidence, Mode, REPORT_RESAMPLES, Replicates, Resampling, Summary, mean, median, summarize,
};

/// Evidence kept in a refusal; the traces hold the rest.
const EVIDENCE_LIMIT: usize = 16;

/// Memory for the merged histograms of one breakdown.
const BREAKDOWN_BYTES: usize = 64 << 20;

/// A boot and what the rules found in it.
#[derive(Clone, Copy, Debug)]
pub struct Boot<'a> {
    /// Its trace.
    pub trace: &'a Trace,
    /// Its findings.
    pub findings: &'a [Finding],
}

/// What the definition of a benchmark says about one of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Result name, batch included.
    pub benchmark: &'a str,
    /// Operations per sample.
    pub batch: u32,
    /// Warm samples per boot, where the definition says.
    pub samples: Option<u64>,
    /// Unit of the ticks in a window that does not idle.
    pub unit: Unit,
    /// Which direction is an improvement.
    pub lower_is_better: bool,
}

/// What one row has to go by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Material<'a> {
    /// Boots of the `samples` variant.
    pub measured: &'a [Boot<'a>],
    /// Boots of the `segments` variant, if there are any.
    pub traced: &'a [Boot<'a>],
    /// Boots that carried another instrument, by pass.
    pub passes: &'a [(&'a str, Vec<Boot<'a>>)],
    /// Findings that are of no single boot.
    pub across: &'a [Finding],
    /// The readings of second instruments for the row.
    pub instruments: &'a [InstrumentAgreement],
    /// What its window holds that exact mode misprices.
    pub mispriced: &'a [Mispriced],
}

/// The outcome of a row.
pub fn outcome(row: &Row, material: &Material) -> Outcome {
    let passes = material.passes.iter().flat_map(|(_, boots)| boots);
    let boots = material
        .measured
        .iter()
        .chain(material.traced)
        .chain(passes);
    let findings = boots.flat_map(|boot| boot.findings).chain(material.across);
    let touching: Vec<&Finding> = findings.filter(|f| f.touches(row.benchmark)).collect();
    if let Some(first) = touching.first() {
        return refuse(first, &touching);
    }
    if let Some(outcome) = unsupported(row, material.measured) {
        return outcome;
    }
    match measure(row, material) {
        Ok(measurement) => Outcome::Passed(measurement),
        Err(refused) => *refused,
    }
}

/// What a guest said it lacks. A kernel does not come and go: boots that do not
/// all say so are no proof, and their missing samples are found.
fn unsupported(row: &Row, measured: &[Boot]) -> Option<Outcome> {
    let lacking = measured.iter().map(|boot| {
        let verdict = window_of(row, boot.trace)?.verdict.as_ref()?;
        verdict.unsupported()
    });
    let lacking: Option<Vec<&str>> = lacking.collect();
    let first = *lacking?.first()?;
    let refusal = Refusal::new(UnsupportedReason::MissingSubsystem, first);
    Some(Outcome::Unsupported(refusal))
}

/// The outcome of a row that no boot left a readable trace for.
pub fn refused(row: &Row, findings: &[Finding]) -> Outcome {
    let touching: Vec<&Finding> = findings
        .iter()
        .filter(|f| f.touches(row.benchmark))
        .collect();
    match touching.first() {
        Some(first) => refuse(first, &touching),
        None => *never_ran("no boot"),
    }
}

fn refuse(first: &Finding, all: &[&Finding]) -> Outcome {
    let mut detail = format!("{}: {}", first.check, first.evidence);
    if all.len() > 1 {
        detail.push_str(&format!("; and {} more", all.len() - 1));
    }
    let evidence: Vec<Evidence> = all
        .iter()
        .take(EVIDENCE_LIMIT)
        .map(|finding| finding.evidence.clone())
        .collect();
    match first.objection {
        Objection::Failed(reason) => Outcome::Failed(Refusal {
            reason,
            detail,
            evidence,
        }),
        Objection::Invalid(reason) => Outcome::Invalid(Refusal {
            reason,
            detail,
            evidence,
        }),
    }
}

type Refused = Box<Outcome>;

fn never_ran(source: &str) -> Refused {
    let detail = format!("{source}: its window never opened");
    Box::new(Outcome::Failed(Refusal::new(
        FailureReason::NeverRan,
        detail,
    )))
}

fn measure(row: &Row, material: &Material) -> Result<Measurement, Refused> {
    let boots = values_of_all(row, material.measured)?;
    let slices: Vec<&[f64]> = boots.iter().map(|boot| boot.warm.as_slice()).collect();
    let summary = summarize(&slices).ok_or_else(|| never_ran("no boot"))?;
    let cold: Option<Vec<f64>> = boots.iter().map(|boot| boot.cold).collect();
    let idled = boots.iter().any(|boot| boot.idled);
    let unit = if idled && row.unit == Unit::Instructions {
        Unit::VirtualNs
    } else {
        row.unit
    };
    let samples = slices.concat();
    // Of the boots' means, for a long boot weighs as much as a short one.
    let means: Option<Vec<f64>> = slices.iter().map(|values| mean(values)).collect();
    let modes = Flags::of_boots(&slices, row.batch, unit).modes(&samples);
    Ok(Measurement {
        unit,
        lower_is_better: row.lower_is_better,
        median: summary.median,
        p95: summary.p95,
        mean: means.and_then(|means| mean(&means)),
        modes: modes.into_iter().flatten().map(value_mode).collect(),
        samples,
        sample_kind: SampleKind::of_batch(row.batch),
        batch: row.batch,
        n: summary.n,
        min: summary.values.low,
        max: summary.values.high,
        sd: summary.sd,
        range: Range {
            low: summary.medians.low,
            high: summary.medians.high,
        },
        interval: interval(&summary),
        cold: cold.and_then(|cold| median(&cold)),
        boots: boots
            .iter()
            .zip(&summary.boots)
            .map(|(boot, summary)| BootSummary {
                trace: boot.source.clone(),
                n: summary.n,
                median: summary.median,
                p95: summary.p95,
                cold: boot.cold,
            })
            .collect(),
        breakdown: trace_breakdown(row, summary.median, material.traced)?,
        instruments: material.instruments.to_vec(),
        perturbations: perturbations(row, summary.median, material.passes)?,
        mispriced: material.mispriced.to_vec(),
    })
}

fn value_mode(mode: Mode) -> ValueMode {
    ValueMode {
        value: mode.value,
        share: mode.share,
    }
}

/// Seed of every interval: equal boots give equal intervals.
const INTERVAL_SEED: u64 = 1;

/// Of the median of boots' medians, by percentiles: a median's bias cannot be
/// corrected from its own replicates (`docs/src/statistics.md`).
fn interval(summary: &Summary) -> Option<Interval> {
    let medians: Vec<f64> = summary.boots.iter().map(|boot| boot.median).collect();
    let resampling = Resampling {
        resamples: REPORT_RESAMPLES,
        seed: INTERVAL_SEED,
    };
    let of_medians = |medians: &[f64]| median(medians).unwrap_or(f64::NAN);
    let replicates = Replicates::draw(&medians, of_medians, resampling).ok()?;
    let found = replicates.percentile(Confidence::P95);
    Some(Interval {
        low: found.low,
        high: found.high,
        confidence: found.confidence.fraction(),
    })
}

/// What each pass's instrument adds to the row, from that pass's own samples.
fn perturbations(
    row: &Row,
    undisturbed_median: f64,
    passes: &[(&str, Vec<Boot>)],
) -> Result<Vec<Perturbation>, Refused> {
    let mut perturbations = Vec::new();
    for (pass, boots) in passes {
        if let Some(median) = median_of_all(&values_of_all(row, boots)?) {
            perturbations.push(Perturbation {
                pass: (*pass).to_owned(),
                median,
                effect: median - undisturbed_median,
            });
        }
    }
    Ok(perturbations)
}

/// Median of the boots' medians.
fn median_of_all(boots: &[Values]) -> Option<f64> {
    let medians: Option<Vec<f64>> = boots.iter().map(|boot| median(&boot.warm)).collect();
    median(&medians?)
}

fn trace_breakdown(
    row: &Row,
    untraced_median: f64,
    traced: &[Boot],
) -> Result<Option<Breakdown>, Refused> {
    let Some(first) = traced.first() else {
        return Ok(None);
    };
    let boots = values_of_all(row, traced)?;
    let traced_median = median_of_all(&boots);
    let mut tables = Tables::default();
    let mut budget = Budget::bytes(BREAKDOWN_BYTES);
    for boot in traced {
        if let Some(window) = window_of(row, boot.trace) {
            tables.merge(&window.tables, &mut budget);
        }
    }
    let traces = boots.into_iter().map(|boot| boot.source).collect();
    let mut breakdown = breakdown(&tables, &first.trace.statements, traces);
    if let Some(breakdown) = &mut breakdown {
        breakdown.traced_median = traced_median;
        breakdown.tracing_effect = breakdown
            .traced_median
            .map(|traced| traced - untraced_median);
    }
    Ok(breakdown)
}

/// A row's values in one boot.
struct Values {
    source: String,
    warm: Vec<f64>,
    cold: Option<f64>,
    idled: bool,
}

fn values_of_all(row: &Row, boots: &[Boot]) -> Result<Vec<Values>, Refused> {
    boots.iter().map(|boot| values(row, boot.trace)).collect()
}

fn window_of<'a>(row: &Row, trace: &'a Trace) -> Option<&'a Window> {
    trace
        .windows
        .iter()
        .find(|window| window.benchmark == row.benchmark)
}

fn values(row: &Row, trace: &Trace) -> Result<Values, Refused> {
    let window = window_of(row, trace).ok_or_else(|| never_ran(&trace.source))?;
    let other = window
        .samples
        .iter()
        .find(|sample| sample.metric == 0 && sample.operations != row.batch);
    if let Some(sample) = other {
        return Err(contradiction(
            trace,
            format!("operations of the sample at {}", sample.start),
            row.batch,
            sample.operations,
        ));
    }
    let found = SampleSet::of(window);
    let n = found.warm.len() as u64;
    if n == 0 || row.samples.is_some_and(|declared| declared != n) {
        let expected = row
            .samples
            .map_or("some".to_owned(), |declared| declared.to_string());
        let refusal = Refusal::new(
            FailureReason::Incomplete,
            format!("{}: {n} warm samples instead of {expected}", trace.source),
        );
        return Err(Box::new(Outcome::Failed(refusal)));
    }
    Ok(Values {
        source: trace.source.clone(),
        warm: found.warm,
        cold: found.cold,
        idled: found.idled,
    })
}

fn contradiction(
    trace: &Trace,
    subject: String,
    expected: impl ToString,
    observed: impl ToString,
) -> Refused {
    let evidence = Evidence {
        source: trace.source.clone(),
        subject,
        expected: expected.to_string(),
        observed: observed.to_string(),
    };
    let refusal = Refusal::new(InvalidReason::AccountsUnbalanced, evidence.to_string());
    Box::new(Outcome::Invalid(refusal.with(evidence)))
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
