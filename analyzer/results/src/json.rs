//! results.json.

use crate::comparison::{Comparison, ComparisonOutcome, Ratio, RowName};
use crate::context::{ContextRow, ContextValue};
use crate::digest::Digest;
use crate::document::{BenchmarkResult, Contradiction, Results, Run, SCHEMA};
use crate::measurement::Measurement;
use crate::name::{BenchmarkName, Parameter};
use crate::outcome::{Outcome, Refusal};
use crate::reason::{
    FailureReason, InvalidReason, NoRatioReason, NotApplicableReason, UnsupportedReason,
};
use crate::words::{Label, Mode, Status};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The document as JSON spells it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "capbench results, version 1")]
struct Document {
    /// Name and version of this shape.
    #[schemars(extend("const" = SCHEMA))]
    schema: String,
    run: Run,
    results: Vec<FlatResult>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    comparisons: Vec<FlatComparison>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    context: Vec<FlatContext>,
}

/// A result as JSON spells it: the branch stands in the object under its name.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "BenchmarkResult", transform = exactly_one_branch)]
struct FlatResult {
    run_id: String,
    /// Benchmark and parameters, joined.
    benchmark_name: String,
    /// The benchmark; absent in older documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    benchmark: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter>,
    tier: u16,
    status: Status,
    correctness_id: String,
    config_hash: Digest,
    /// Absent when nothing was captured.
    artifact_hash: Option<Digest>,
    notes: String,
    guest: String,
    /// Empty in documents that are older than the field.
    #[serde(default)]
    system: String,
    mode: Mode,
    authority_profile: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    labels: Vec<Label>,
    #[serde(default, skip_serializing_if = "is_untold")]
    attempts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    measurement: Option<Measurement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Refusal<FailureReason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unsupported: Option<Refusal<UnsupportedReason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invalid: Option<Refusal<InvalidReason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_applicable: Option<Refusal<NotApplicableReason>>,
}

fn is_untold(attempts: &u32) -> bool {
    *attempts == 0
}

/// Two rows side by side, as JSON spells it: a ratio or a reason under its name.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Comparison", transform = ratio_or_none)]
struct FlatComparison {
    numerator: RowName,
    denominator: RowName,
    difference: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ratio: Option<Ratio>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    none: Option<Refusal<NoRatioReason>>,
}

/// A number from outside the envelope, as JSON spells it.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "ContextRow", transform = exactly_one_context_branch)]
struct FlatContext {
    column: String,
    /// Benchmark and parameters, joined.
    benchmark_name: String,
    /// The benchmark; absent in older documents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    benchmark: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<Parameter>,
    source: String,
    status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<ContextValue>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Refusal<FailureReason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unsupported: Option<Refusal<UnsupportedReason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    invalid: Option<Refusal<InvalidReason>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_applicable: Option<Refusal<NotApplicableReason>>,
}

/// Status and the name of its branch.
const BRANCHES: [(Status, &str); 5] = [
    (Status::Passed, "measurement"),
    (Status::Failed, "failure"),
    (Status::Unsupported, "unsupported"),
    (Status::Invalid, "invalid"),
    (Status::NotApplicable, "notApplicable"),
];

/// The same where less is known of the value.
const CONTEXT_BRANCHES: [(Status, &str); 5] = {
    let mut branches = BRANCHES;
    branches[0].1 = "value";
    branches
};

/// Says in JSON Schema what the enum says in Rust.
fn exactly_one_branch(schema: &mut schemars::Schema) {
    exactly_one_of(schema, &BRANCHES);
}

fn exactly_one_context_branch(schema: &mut schemars::Schema) {
    exactly_one_of(schema, &CONTEXT_BRANCHES);
}

fn exactly_one_of(schema: &mut schemars::Schema, branches: &[(Status, &str)]) {
    let alternatives = branches.iter().map(|(status, branch)| {
        let mut alternative = only(branch, branches.iter().map(|(_, name)| *name));
        alternative["properties"]["status"] = json!({ "const": status });
        alternative
    });
    schema.insert("oneOf".to_owned(), alternatives.collect());
    never_null(schema, branches.iter().map(|(_, name)| *name));
}

fn ratio_or_none(schema: &mut schemars::Schema) {
    const BRANCHES: [&str; 2] = ["ratio", "none"];
    let alternatives = BRANCHES.iter().map(|branch| only(branch, BRANCHES));
    schema.insert("oneOf".to_owned(), alternatives.collect());
    never_null(schema, BRANCHES);
}

/// An object with this branch and none of the others.
fn only<'a>(branch: &str, branches: impl IntoIterator<Item = &'a str>) -> Value {
    let mut properties = json!({});
    for other in branches.into_iter().filter(|other| *other != branch) {
        properties[other] = json!(false);
    }
    json!({ "properties": properties, "required": [branch] })
}

/// A branch is an object when it is there at all, never null.
fn never_null<'a>(schema: &mut schemars::Schema, branches: impl IntoIterator<Item = &'a str>) {
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    for branch in branches {
        let Some(property) = properties.get_mut(branch) else {
            continue;
        };
        if let Some(reference) = property.pointer("/anyOf/0").cloned() {
            *property = reference;
        }
    }
}

/// An outcome as JSON spells it: one branch is there.
struct Branches<V> {
    value: Option<V>,
    failure: Option<Refusal<FailureReason>>,
    unsupported: Option<Refusal<UnsupportedReason>>,
    invalid: Option<Refusal<InvalidReason>>,
    not_applicable: Option<Refusal<NotApplicableReason>>,
}

impl<V> From<Outcome<V>> for Branches<V> {
    fn from(outcome: Outcome<V>) -> Self {
        let mut branches = Self {
            value: None,
            failure: None,
            unsupported: None,
            invalid: None,
            not_applicable: None,
        };
        match outcome {
            Outcome::Passed(branch) => branches.value = Some(branch),
            Outcome::Failed(branch) => branches.failure = Some(branch),
            Outcome::Unsupported(branch) => branches.unsupported = Some(branch),
            Outcome::Invalid(branch) => branches.invalid = Some(branch),
            Outcome::NotApplicable(branch) => branches.not_applicable = Some(branch),
        }
        branches
    }
}

impl<V> Branches<V> {
    /// The one branch that is there, if it is the one that the status repeats.
    fn outcome(
        self,
        what: &str,
        status: Status,
        names: &[(Status, &str)],
    ) -> Result<Outcome<V>, Contradiction> {
        let branches = [
            self.value.map(Outcome::Passed),
            self.failure.map(Outcome::Failed),
            self.unsupported.map(Outcome::Unsupported),
            self.invalid.map(Outcome::Invalid),
            self.not_applicable.map(Outcome::NotApplicable),
        ];
        let mut branches = branches.into_iter().flatten();
        let (Some(outcome), None) = (branches.next(), branches.next()) else {
            let names: Vec<&str> = names.iter().map(|(_, name)| *name).collect();
            return Err(Contradiction(format!(
                "{what} must carry exactly one of {}",
                names.join(", ")
            )));
        };
        if status != outcome.status() {
            return Err(Contradiction(format!(
                "{what} says `{status}` but carries what belongs to `{}`",
                outcome.status()
            )));
        }
        Ok(outcome)
    }
}

impl From<&BenchmarkResult> for FlatResult {
    fn from(result: &BenchmarkResult) -> Self {
        let branches = Branches::from(result.outcome.clone());
        Self {
            run_id: result.run_id.clone(),
            benchmark_name: result.benchmark_name.to_string(),
            benchmark: Some(result.benchmark_name.benchmark().to_owned()),
            parameters: result.benchmark_name.parameters().to_vec(),
            tier: result.tier,
            status: result.status(),
            correctness_id: result.correctness_id.clone(),
            config_hash: result.config_hash,
            artifact_hash: result.artifact_hash,
            notes: result.notes.clone(),
            guest: result.guest.clone(),
            system: result.system.clone(),
            mode: result.mode,
            authority_profile: result.authority_profile.clone(),
            labels: result.labels.clone(),
            attempts: result.attempts,
            measurement: branches.value,
            failure: branches.failure,
            unsupported: branches.unsupported,
            invalid: branches.invalid,
            not_applicable: branches.not_applicable,
        }
    }
}

impl TryFrom<FlatResult> for BenchmarkResult {
    type Error = Contradiction;

    fn try_from(flat: FlatResult) -> Result<Self, Contradiction> {
        let what = format!("result `{}`", flat.benchmark_name);
        let branches = Branches {
            value: flat.measurement,
            failure: flat.failure,
            unsupported: flat.unsupported,
            invalid: flat.invalid,
            not_applicable: flat.not_applicable,
        };
        Ok(Self {
            outcome: branches.outcome(&what, flat.status, &BRANCHES)?,
            run_id: flat.run_id,
            benchmark_name: BenchmarkName::stored(
                flat.benchmark_name,
                flat.benchmark,
                flat.parameters,
            )?,
            tier: flat.tier,
            correctness_id: flat.correctness_id,
            config_hash: flat.config_hash,
            artifact_hash: flat.artifact_hash,
            notes: flat.notes,
            guest: flat.guest,
            system: flat.system,
            mode: flat.mode,
            authority_profile: flat.authority_profile,
            labels: flat.labels,
            attempts: flat.attempts,
        })
    }
}

impl From<&Comparison> for FlatComparison {
    fn from(comparison: &Comparison) -> Self {
        let (ratio, none) = match comparison.outcome.clone() {
            ComparisonOutcome::Ratio(ratio) => (Some(ratio), None),
            ComparisonOutcome::None(refusal) => (None, Some(refusal)),
        };
        Self {
            numerator: comparison.numerator.clone(),
            denominator: comparison.denominator.clone(),
            difference: comparison.difference.clone(),
            ratio,
            none,
        }
    }
}

impl TryFrom<FlatComparison> for Comparison {
    type Error = Contradiction;

    fn try_from(flat: FlatComparison) -> Result<Self, Contradiction> {
        let outcome = match (flat.ratio, flat.none) {
            (Some(ratio), None) => ComparisonOutcome::Ratio(ratio),
            (None, Some(refusal)) => ComparisonOutcome::None(refusal),
            _ => {
                return Err(Contradiction(
                    "a comparison must carry exactly one of ratio, none".to_owned(),
                ));
            }
        };
        Ok(Self {
            numerator: flat.numerator,
            denominator: flat.denominator,
            difference: flat.difference,
            outcome,
        })
    }
}

impl From<&ContextRow> for FlatContext {
    fn from(row: &ContextRow) -> Self {
        let branches = Branches::from(row.outcome.clone());
        Self {
            column: row.column.clone(),
            benchmark_name: row.benchmark_name.to_string(),
            benchmark: Some(row.benchmark_name.benchmark().to_owned()),
            parameters: row.benchmark_name.parameters().to_vec(),
            source: row.source.clone(),
            status: row.outcome.status(),
            value: branches.value,
            failure: branches.failure,
            unsupported: branches.unsupported,
            invalid: branches.invalid,
            not_applicable: branches.not_applicable,
        }
    }
}

impl TryFrom<FlatContext> for ContextRow {
    type Error = Contradiction;

    fn try_from(flat: FlatContext) -> Result<Self, Contradiction> {
        let what = format!("{} of `{}`", flat.column, flat.benchmark_name);
        let branches = Branches {
            value: flat.value,
            failure: flat.failure,
            unsupported: flat.unsupported,
            invalid: flat.invalid,
            not_applicable: flat.not_applicable,
        };
        Ok(Self {
            outcome: branches.outcome(&what, flat.status, &CONTEXT_BRANCHES)?,
            column: flat.column,
            benchmark_name: BenchmarkName::stored(
                flat.benchmark_name,
                flat.benchmark,
                flat.parameters,
            )?,
            source: flat.source,
        })
    }
}

impl Results {
    /// The document as indented JSON, with a newline at its end. Fails rather than
    /// write what no reader would accept.
    pub fn to_json(&self) -> Result<String, Contradiction> {
        self.check()?;
        let document = Document {
            schema: SCHEMA.to_owned(),
            run: self.run.clone(),
            results: self.results.iter().map(FlatResult::from).collect(),
            comparisons: self.comparisons.iter().map(FlatComparison::from).collect(),
            context: self.context.iter().map(FlatContext::from).collect(),
        };
        let mut text = serde_json::to_string_pretty(&document)
            .map_err(|error| Contradiction(error.to_string()))?;
        text.push('\n');
        Ok(text)
    }

    /// Reads results.json.
    pub fn from_json(text: &str) -> Result<Self, Contradiction> {
        // The version first: a document of another version deserves that message
        // instead of being accused of its first unknown field.
        #[derive(Deserialize)]
        struct Version {
            schema: String,
        }
        let broken = |error: serde_json::Error| Contradiction(error.to_string());
        let Version { schema } = serde_json::from_str(text).map_err(broken)?;
        check_schema(&schema)?;
        let document: Document = serde_json::from_str(text).map_err(broken)?;
        let results = Self {
            run: document.run,
            results: each_from(document.results)?,
            comparisons: each_from(document.comparisons)?,
            context: each_from(document.context)?,
        };
        results.check()?;
        Ok(results)
    }
}

fn each_from<F, T: TryFrom<F, Error = Contradiction>>(
    flat: Vec<F>,
) -> Result<Vec<T>, Contradiction> {
    flat.into_iter().map(T::try_from).collect()
}

/// Reads one result object, as it stands in the `results` of a document.
pub fn result_from_json(text: &str) -> Result<BenchmarkResult, Contradiction> {
    let flat: FlatResult =
        serde_json::from_str(text).map_err(|error| Contradiction(error.to_string()))?;
    let result = BenchmarkResult::try_from(flat)?;
    result.check()?;
    Ok(result)
}

pub(crate) fn check_schema(schema: &str) -> Result<(), Contradiction> {
    if schema == SCHEMA {
        return Ok(());
    }
    Err(Contradiction(format!(
        "the document is `{schema}`, this program reads `{SCHEMA}`; use the version that wrote it"
    )))
}

/// The JSON Schema of results.json. `schema/results.schema.json` is a copy.
pub fn json_schema() -> Value {
    schemars::schema_for!(Document).to_value()
}
