//! Where a number comes from: everything that stands behind one row of a run.
//!
//! Adds nothing of its own but the values of single boots, which it reads from
//! their traces; what cannot be read is left out, never guessed.

use std::fmt;
use std::str::FromStr;

use capbench_results::{
    BenchmarkResult, Comparison, ComparisonOutcome, ContextRow, Digest, Evidence, Label,
    Measurement, Outcome, Results, RowName, Status,
};
use serde::ser::Error;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::inside;
use crate::record::{Boot, Record};
use crate::run::{RESULTS_JSON, Run};
use crate::statistics::median;

/// Names suggested for one that is not there.
const SUGGESTIONS: usize = 3;

/// Which rows to explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Name of the result, batch included.
    pub benchmark: String,
    /// On this guest only.
    pub guest: Option<String>,
    /// On this system only.
    pub system: Option<String>,
}

impl FromStr for Cell {
    type Err = String;

    /// `ring/nop/16` or `linux:linux/null-syscall/1`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (guest, benchmark) = match text.split_once(':') {
            Some((guest, benchmark)) => (Some(guest.to_owned()), benchmark),
            None => (None, text),
        };
        if benchmark.is_empty() || guest.as_deref() == Some("") {
            return Err("expected BENCHMARK/BATCH or GUEST:BENCHMARK/BATCH".to_owned());
        }
        Ok(Self {
            benchmark: benchmark.to_owned(),
            guest,
            system: None,
        })
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            benchmark,
            guest,
            system,
        } = self;
        match (guest, system) {
            (None, None) => write!(f, "{benchmark}"),
            (guest, system) => {
                let any = |name: &Option<String>| name.clone().unwrap_or_else(|| "any".into());
                write!(f, "{benchmark} on {}/{}", any(guest), any(system))
            }
        }
    }
}

/// What a benchmark's definition says, where the checkout has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// The measured operation and the reason to measure it.
    pub intent: String,
    /// Its hash as the checkout has it now.
    pub hash: Digest,
    /// How this guest does it.
    pub mechanism: Option<Mechanism>,
    /// The program's grants, as `name: source`.
    pub grants: Vec<String>,
    /// What must be refused to it.
    pub denials: Vec<String>,
}

/// How one guest does it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Mechanism {
    /// The program.
    pub program: String,
    /// In words.
    pub mechanism: String,
    /// Notes to read before comparing.
    pub difference: String,
}

/// Everything behind one row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The run.
    pub run: String,
    /// When it started.
    pub started_at: String,
    /// The tool that made it.
    pub tool: String,
    /// Of which commit.
    pub commit: String,
    /// Whether the tree had changes that the commit does not hold.
    pub dirty: bool,
    /// The source of the clock.
    pub mode: String,
    /// Changes by the command line; empty where there are none.
    pub overrides: Value,
    /// The row.
    pub row: RowName,
    /// How it ended.
    pub status: Status,
    /// Notes to read before its number.
    pub labels: Vec<Label>,
    /// Its numbers, where it passed; written without the samples.
    #[serde(serialize_with = "without_samples")]
    pub measurement: Option<Measurement>,
    /// Why it has none.
    pub refusal: Option<WhyNot>,
    /// What the run's record says the definition's hash was.
    pub definition_hash: Option<String>,
    /// What the definition says, where the checkout has it.
    pub definition: Option<Definition>,
    /// The oracle.
    pub verifier: String,
    /// The authority profile.
    pub authority: String,
    /// The series: what must be equal for two numbers to be of one.
    pub config_hash: Digest,
    /// The streams behind the row.
    pub artifact_hash: Option<Digest>,
    /// The envelope's hash.
    pub envelope: String,
    /// The emulator.
    pub emulator: String,
    /// Its arguments, with placeholders.
    pub emulator_arguments: Vec<String>,
    /// The kernels that were booted.
    pub kernels: Vec<KernelUsed>,
    /// Packages whose programs are in the image.
    pub packages: Vec<String>,
    /// Every boot of its guest and system, whatever its end.
    pub attempts: Vec<Attempt>,
    /// Comparisons it is part of.
    pub comparisons: Vec<Beside>,
    /// Numbers from outside the envelope beside it.
    pub context: Vec<Context>,
}

/// Why a row has no number.
#[derive(Clone, Debug, Serialize)]
pub struct WhyNot {
    /// The rule.
    pub reason: String,
    /// In words.
    pub detail: String,
    /// The observation.
    pub evidence: Vec<Evidence>,
}

/// A kernel that was booted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KernelUsed {
    /// In boots of this variant.
    pub variant: String,
    /// Its name.
    pub name: String,
    /// Of its file.
    pub sha256: String,
}

/// One boot and what it says of the row.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// As its files are named.
    pub boot: String,
    /// How it ended.
    pub end: String,
    /// How long it took, on the host's clock.
    pub wall_ms: u64,
    /// Its stored stream.
    pub trace: Option<String>,
    /// The hash of its raw bytes, as recorded.
    pub sha256: Option<String>,
    /// What the stream says of the row.
    pub said: Option<BootValues>,
    /// Why it says nothing.
    pub silent: Option<String>,
    /// Its other files.
    pub files: Vec<String>,
}

/// A row's values in one boot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BootValues {
    /// Warm samples.
    pub n: usize,
    /// Their middle.
    pub median: Option<f64>,
    /// The first value.
    pub cold: Option<f64>,
    /// The oracle's word.
    pub verdict: String,
}

/// Another row beside this one.
#[derive(Clone, Debug, Serialize)]
pub struct Beside {
    /// Whether this row is divided or divides.
    pub role: &'static str,
    /// The other row.
    pub other: RowName,
    /// The differences between the two.
    pub difference: String,
    /// The ratio.
    pub ratio: Option<f64>,
    /// Why there is none.
    pub none: Option<String>,
}

/// A number beside the row.
#[derive(Clone, Debug, Serialize)]
pub struct Context {
    /// Its column.
    pub column: String,
    /// Where it comes from.
    pub source: String,
    /// The number in its unit, or why there is none.
    pub says: String,
}

/// No row can be explained.
#[derive(Debug, thiserror::Error)]
pub enum NoSuchCell {
    /// The run has none of this name.
    #[error("the run has no row `{asked}`")]
    Unknown {
        /// The name that was asked for.
        asked: String,
        /// The nearest names, best first.
        nearest: Vec<String>,
    },
    /// The run cannot be read.
    #[error("the run cannot be read: {0}")]
    Unreadable(String),
}

/// Explains every row of the run that `cell` names. `define` looks a benchmark's
/// definition up for a guest.
pub fn explain(
    run: &Run,
    cell: &Cell,
    define: &dyn Fn(&str, &str) -> Option<Definition>,
) -> Result<Vec<Explanation>, NoSuchCell> {
    let record = run.record().map_err(NoSuchCell::Unreadable)?;
    let results = results(run).map_err(NoSuchCell::Unreadable)?;
    let rows: Vec<&BenchmarkResult> = results
        .results
        .iter()
        .filter(|row| names(cell, row))
        .collect();
    if rows.is_empty() {
        return Err(NoSuchCell::Unknown {
            asked: cell.to_string(),
            nearest: nearest(&cell.benchmark, &results.results),
        });
    }
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| explain_row(run, record, &results, row, define))
        .collect())
}

fn results(run: &Run) -> Result<Results, String> {
    let text = inside::text(&run.directory, RESULTS_JSON);
    let text = text.map_err(|error| format!("{RESULTS_JSON}: {error}"))?;
    Results::from_json(&text).map_err(|error| format!("{RESULTS_JSON}: {error}"))
}

fn names(cell: &Cell, row: &BenchmarkResult) -> bool {
    let is = |asked: &Option<String>, name: &str| asked.as_deref().is_none_or(|a| a == name);
    row.benchmark_name == cell.benchmark
        && is(&cell.guest, &row.guest)
        && is(&cell.system, &row.system)
}

/// Names that begin with what was asked for come first: a forgotten batch size is
/// the likeliest slip.
fn nearest(asked: &str, rows: &[BenchmarkResult]) -> Vec<String> {
    let mut known: Vec<(bool, usize, String)> = rows
        .iter()
        .map(|row| {
            let name = &row.benchmark_name;
            let distance = strsim::damerau_levenshtein(asked, name);
            let title = format!("{}:{name}", row.guest);
            (!name.starts_with(asked), distance, title)
        })
        .collect();
    known.sort();
    known.dedup();
    let known = known.into_iter().map(|(.., title)| title);
    known.take(SUGGESTIONS).collect()
}

fn explain_row(
    run: &Run,
    record: &Record,
    results: &Results,
    row: &BenchmarkResult,
    define: &dyn Fn(&str, &str) -> Option<Definition>,
) -> Explanation {
    let name = RowName::of(row);
    let benchmark = row.benchmark_name.benchmark();
    let recorded = record.definitions.get(&format!("benchmarks/{benchmark}"));
    let measurement = row.outcome.measurement().cloned();
    Explanation {
        run: record.run_id.clone(),
        started_at: record.started_at.clone(),
        tool: record.tool.clone(),
        commit: record.checkout.commit.clone(),
        dirty: record.checkout.dirty,
        mode: record.mode.clone(),
        overrides: record.overrides.clone(),
        status: row.status(),
        labels: row.labels.clone(),
        measurement,
        refusal: row
            .outcome
            .refusal()
            .map(|(reason, detail, evidence)| WhyNot {
                reason: reason.to_owned(),
                detail: detail.to_owned(),
                evidence: evidence.to_vec(),
            }),
        definition_hash: recorded.cloned(),
        definition: define(benchmark, &row.guest),
        verifier: row.correctness_id.clone(),
        authority: row.authority_profile.clone(),
        config_hash: row.config_hash,
        artifact_hash: row.artifact_hash,
        envelope: record.envelope.hash.clone(),
        emulator: record.envelope.qemu_version.clone(),
        emulator_arguments: record.envelope.arguments.clone(),
        kernels: kernels(record, &row.guest),
        packages: packages(record, &row.system),
        attempts: record
            .boots
            .iter()
            .filter(|boot| boot.guest == row.guest && boot.system == row.system)
            .map(|boot| attempt(run, boot, &row.benchmark_name))
            .collect(),
        comparisons: beside(&results.comparisons, &name),
        context: context(&results.context, &row.benchmark_name),
        row: name,
    }
}

/// Thousands of samples would hide the rest, and results.json has them.
fn without_samples<S: Serializer>(
    measurement: &Option<Measurement>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut value = serde_json::to_value(measurement).map_err(S::Error::custom)?;
    if let Some(fields) = value.as_object_mut() {
        fields.remove("samples");
    }
    value.serialize(serializer)
}

fn kernels(record: &Record, guest: &str) -> Vec<KernelUsed> {
    let guests = record.guests.iter().filter(|built| built.guest == guest);
    let kernels = guests.filter_map(|built| {
        let variant = built.variant.clone();
        if let Some(kernel) = &built.kernel_image {
            let name = format!("{} {}", kernel.name, kernel.version);
            return Some(KernelUsed {
                variant,
                name: name.trim_end().to_owned(),
                sha256: kernel.sha256.clone(),
            });
        }
        let mut images = built.images.iter();
        let kernel = images.find(|image| image.name.starts_with("kernel"))?;
        Some(KernelUsed {
            variant,
            name: kernel.name.clone(),
            sha256: kernel.sha256.clone(),
        })
    });
    kernels.collect()
}

fn packages(record: &Record, system: &str) -> Vec<String> {
    let packages = record.packages.get(system).into_iter().flatten();
    packages
        .map(|package| format!("{} {}", package.name, package.version))
        .collect()
}

fn attempt(run: &Run, boot: &Boot, benchmark: &str) -> Attempt {
    let stored = boot.stored();
    let said = match stored {
        Some(stored) => said(run, &stored.file, benchmark),
        None => Err("no stream".to_owned()),
    };
    let (said, silent) = match said {
        Ok(said) => (Some(said), None),
        Err(why) => (None, Some(why)),
    };
    Attempt {
        boot: boot.stem(),
        end: boot.end(),
        wall_ms: boot.wall_ms,
        trace: stored.map(|stored| stored.file.clone()),
        sha256: stored.map(|stored| stored.sha256.clone()),
        said,
        silent,
        files: boot
            .console
            .iter()
            .chain(&boot.emulator_log)
            .cloned()
            .collect(),
    }
}

fn said(run: &Run, file: &str, benchmark: &str) -> Result<BootValues, String> {
    let window = run.said(file)?.window(benchmark);
    let window = window.ok_or("its window never opened")?;
    let values = window.values(1);
    Ok(BootValues {
        n: values.warm.len(),
        median: median(&values.warm),
        cold: values.cold,
        verdict: match &window.verdict {
            Some(verdict) if verdict.passed => "passed".to_owned(),
            Some(verdict) => format!("failed: {}", verdict.detail),
            None => "none".to_owned(),
        },
    })
}

fn beside(comparisons: &[Comparison], row: &RowName) -> Vec<Beside> {
    let own = comparisons.iter().filter_map(|comparison| {
        let (role, other) = if comparison.numerator == *row {
            ("numerator", &comparison.denominator)
        } else if comparison.denominator == *row {
            ("denominator", &comparison.numerator)
        } else {
            return None;
        };
        let (ratio, none) = match &comparison.outcome {
            ComparisonOutcome::Ratio(ratio) => (Some(ratio.value), None),
            ComparisonOutcome::None(refusal) => (None, Some(refusal.detail.clone())),
        };
        Some(Beside {
            role,
            other: other.clone(),
            difference: comparison.difference.clone(),
            ratio,
            none,
        })
    });
    own.collect()
}

fn context(rows: &[ContextRow], benchmark: &str) -> Vec<Context> {
    let rows = rows.iter().filter(|row| row.benchmark_name == benchmark);
    rows.map(|row| Context {
        column: row.column.clone(),
        source: row.source.clone(),
        says: match &row.outcome {
            Outcome::Passed(value) => format!("{} {}", value.median, value.unit),
            outcome => outcome
                .refusal()
                .map_or_else(String::new, |(_, detail, _)| detail.to_owned()),
        },
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_may_name_its_guest() {
        let cell: Cell = "linux:linux/null-syscall/1".parse().unwrap();
        assert_eq!(cell.guest.as_deref(), Some("linux"));
        assert_eq!(cell.benchmark, "linux/null-syscall/1");
        assert_eq!("ring/nop/16".parse::<Cell>().unwrap().guest, None);
        assert!("linux:".parse::<Cell>().is_err());
        assert!(":ring/nop/1".parse::<Cell>().is_err());
    }
}
