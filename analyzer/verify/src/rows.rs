//! `results.json` as data, without the laws of the reader that everybody uses: what
//! that reader rejects must be found and named here, not end the reading.

use capbench_results::brief;
use serde::Deserialize;

/// The document.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    pub run: RunLine,
    pub results: Vec<Row>,
    #[serde(default)]
    pub comparisons: Vec<Comparison>,
    #[serde(default)]
    pub context: Vec<Context>,
}

/// What the document says of its run.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunLine {
    pub id: String,
    pub suite: String,
    pub mode: String,
    pub commit: String,
    pub dirty: bool,
    pub envelope: EnvelopeLine,
}

/// The envelope's name.
#[derive(Debug, Deserialize)]
pub struct EnvelopeLine {
    pub hash: String,
}

/// One result.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    pub run_id: String,
    pub benchmark_name: String,
    #[serde(flatten)]
    pub parts: Parts,
    pub guest: String,
    pub system: String,
    pub mode: String,
    pub config_hash: String,
    pub artifact_hash: Option<String>,
    /// 0 in documents that are older than the field.
    #[serde(default)]
    pub attempts: usize,
    pub measurement: Option<Measured>,
}

/// The parts of a row's name; absent in older documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Parts {
    pub benchmark: Option<String>,
    #[serde(default)]
    pub parameters: Vec<Parameter>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Parameter {
    pub name: String,
    pub value: String,
}

impl Parts {
    /// The benchmark, and the operations of a batch. A name without parts ends in them.
    pub fn of<'a>(&'a self, joined: &'a str) -> (&'a str, Option<u32>) {
        let Some(benchmark) = &self.benchmark else {
            return match joined.rsplit_once('/') {
                Some((benchmark, batch)) => (benchmark, batch.parse().ok()),
                None => (joined, None),
            };
        };
        let mut parameters = self.parameters.iter();
        let batch = parameters.find(|parameter| parameter.name == "batch");
        (benchmark, batch.and_then(|batch| batch.value.parse().ok()))
    }
}

/// Its numbers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Measured {
    pub unit: String,
    pub median: f64,
    pub p95: Option<f64>,
    pub samples: Vec<f64>,
    pub batch: u32,
    pub n: u64,
    pub min: f64,
    pub max: f64,
    pub sd: Option<f64>,
    pub range: Range,
    pub interval: Option<Range>,
    pub cold: Option<f64>,
    /// Absent in documents that are older than the field.
    pub mean: Option<f64>,
    #[serde(default)]
    pub modes: Vec<ValueMode>,
    pub boots: Vec<BootLine>,
    pub breakdown: Option<Breakdown>,
    #[serde(default)]
    pub instruments: Vec<Agreement>,
    #[serde(default)]
    pub perturbations: Vec<Perturbation>,
    #[serde(default)]
    pub mispriced: Vec<Mispriced>,
}

/// One of two modes.
#[derive(Debug, Deserialize)]
pub struct ValueMode {
    pub value: f64,
    pub share: f64,
}

/// Two modes of so much each leave no robust median.
const SHARE_WITHOUT_MEDIAN: f64 = 0.25;

impl Measured {
    /// Whether its mean stands for it, and not its median.
    pub fn stands_by_mean(&self) -> bool {
        let no_median = |mode: &ValueMode| mode.share >= SHARE_WITHOUT_MEDIAN;
        self.modes.len() == 2 && self.modes.iter().all(no_median)
    }
}

/// The reading of a second instrument.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreement {
    pub pass: String,
    pub instrument: String,
    pub unit: String,
    pub agreed: u32,
    pub not_judged: u32,
    pub why: Option<String>,
    pub widest: Option<Reading>,
}

/// An instrument beside the program's own figure.
#[derive(Debug, Deserialize)]
pub struct Reading {
    pub trace: String,
    pub program: f64,
    pub observed: f64,
    pub allowed: f64,
}

/// What the window holds that exact mode misprices.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mispriced {
    pub kind: String,
    pub per_operation: Option<f64>,
    pub counted_by: Option<String>,
}

#[derive(Debug, Deserialize)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

#[derive(Debug, Deserialize)]
pub struct BootLine {
    pub trace: String,
    pub n: u64,
    pub median: f64,
    pub p95: Option<f64>,
    pub cold: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Breakdown {
    pub traces: Vec<String>,
    pub dispatches: u64,
    pub incomplete: u64,
    pub traced_median: Option<f64>,
    pub tracing_effect: Option<f64>,
    pub self_bound: Option<f64>,
    pub segments: Vec<Segment>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    pub name: String,
    pub parent: String,
    pub count: u64,
    pub median: f64,
    pub p95: Option<f64>,
    pub max: u64,
    pub share: Option<f64>,
    pub self_raw: Option<f64>,
    pub self_corrected: Option<f64>,
    pub bucketed: bool,
}

#[derive(Debug, Deserialize)]
pub struct Perturbation {
    pub pass: String,
    pub median: f64,
    pub effect: f64,
}

/// Two rows side by side.
#[derive(Debug, Deserialize)]
pub struct Comparison {
    pub numerator: Name,
    pub denominator: Name,
    pub ratio: Option<Ratio>,
}

/// What names a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Name {
    pub benchmark_name: String,
    pub guest: String,
    pub system: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ratio {
    pub value: f64,
    pub unit: String,
    pub numerator: f64,
    pub denominator: f64,
    /// Absent where the median was divided.
    pub numerator_headline: Option<String>,
    pub denominator_headline: Option<String>,
}

/// A number from outside the envelope.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    pub column: String,
    pub benchmark_name: String,
    #[serde(flatten)]
    pub parts: Parts,
    pub value: Option<ContextValue>,
}

#[derive(Debug, Deserialize)]
pub struct ContextValue {
    pub unit: String,
    pub median: f64,
    pub min: f64,
    pub n: u64,
}

impl Row {
    /// The benchmark, and the operations of a batch.
    pub fn benchmark(&self) -> (&str, Option<u32>) {
        self.parts.of(&self.benchmark_name)
    }

    /// The row as evidence names it.
    pub fn title(&self) -> String {
        self.name().title()
    }

    pub fn name(&self) -> Name {
        Name {
            benchmark_name: self.benchmark_name.clone(),
            guest: self.guest.clone(),
            system: self.system.clone(),
        }
    }
}

impl Name {
    pub fn title(&self) -> String {
        format!("{} on {}/{}", self.benchmark_name, self.guest, self.system)
    }
}

impl Document {
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(brief)
    }

    /// Rows that passed, with their numbers.
    pub fn passed(&self) -> impl Iterator<Item = (&Row, &Measured)> {
        let rows = self.results.iter();
        rows.filter_map(|row| Some((row, row.measurement.as_ref()?)))
    }
}
