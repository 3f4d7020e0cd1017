//! results.json.

use crate::digest::Digest;
use crate::document::{BenchmarkResult, Contradiction, Results, Run, SCHEMA};
use crate::measurement::Measurement;
use crate::outcome::{Outcome, Refusal};
use crate::reason::{FailureReason, InvalidReason, NotApplicableReason, UnsupportedReason};
use crate::words::{Mode, Status};
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
}

/// A result as JSON spells it: the branch stands in the object under its name.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "BenchmarkResult", transform = exactly_one_branch)]
struct FlatResult {
    run_id: String,
    benchmark_name: String,
    tier: u16,
    status: Status,
    correctness_id: String,
    config_hash: Digest,
    /// Absent when nothing was captured.
    artifact_hash: Option<Digest>,
    notes: String,
    guest: String,
    mode: Mode,
    authority_profile: String,
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

/// Status and the name of its branch.
const BRANCHES: [(Status, &str); 5] = [
    (Status::Passed, "measurement"),
    (Status::Failed, "failure"),
    (Status::Unsupported, "unsupported"),
    (Status::Invalid, "invalid"),
    (Status::NotApplicable, "notApplicable"),
];

/// Says in JSON Schema what the enum says in Rust.
fn exactly_one_branch(schema: &mut schemars::Schema) {
    let alternatives: Vec<Value> = BRANCHES
        .iter()
        .map(|(status, branch)| {
            let mut properties = json!({ "status": { "const": status } });
            for (_, other) in BRANCHES.iter().filter(|(_, other)| other != branch) {
                properties[other] = json!(false);
            }
            json!({ "properties": properties, "required": [branch] })
        })
        .collect();
    schema.insert("oneOf".to_owned(), Value::Array(alternatives));
    let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) else {
        return;
    };
    // A branch is an object when it is there at all, never null.
    for (_, branch) in BRANCHES {
        let Some(property) = properties.get_mut(branch) else {
            continue;
        };
        if let Some(reference) = property.pointer("/anyOf/0").cloned() {
            *property = reference;
        }
    }
}

impl From<&BenchmarkResult> for FlatResult {
    fn from(result: &BenchmarkResult) -> Self {
        let mut flat = Self {
            run_id: result.run_id.clone(),
            benchmark_name: result.benchmark_name.clone(),
            tier: result.tier,
            status: result.status(),
            correctness_id: result.correctness_id.clone(),
            config_hash: result.config_hash,
            artifact_hash: result.artifact_hash,
            notes: result.notes.clone(),
            guest: result.guest.clone(),
            mode: result.mode,
            authority_profile: result.authority_profile.clone(),
            measurement: None,
            failure: None,
            unsupported: None,
            invalid: None,
            not_applicable: None,
        };
        match result.outcome.clone() {
            Outcome::Passed(branch) => flat.measurement = Some(branch),
            Outcome::Failed(branch) => flat.failure = Some(branch),
            Outcome::Unsupported(branch) => flat.unsupported = Some(branch),
            Outcome::Invalid(branch) => flat.invalid = Some(branch),
            Outcome::NotApplicable(branch) => flat.not_applicable = Some(branch),
        }
        flat
    }
}

impl TryFrom<FlatResult> for BenchmarkResult {
    type Error = Contradiction;

    fn try_from(flat: FlatResult) -> Result<Self, Contradiction> {
        let name = flat.benchmark_name.clone();
        let mut branches = [
            flat.measurement.map(Outcome::Passed),
            flat.failure.map(Outcome::Failed),
            flat.unsupported.map(Outcome::Unsupported),
            flat.invalid.map(Outcome::Invalid),
            flat.not_applicable.map(Outcome::NotApplicable),
        ]
        .into_iter()
        .flatten();
        let (Some(outcome), None) = (branches.next(), branches.next()) else {
            return Err(Contradiction(format!(
                "result `{name}` must carry exactly one of {}",
                BRANCHES.map(|(_, branch)| branch).join(", ")
            )));
        };
        if flat.status != outcome.status() {
            return Err(Contradiction(format!(
                "result `{name}` says `{}` but carries what belongs to `{}`",
                flat.status,
                outcome.status()
            )));
        }
        Ok(Self {
            run_id: flat.run_id,
            benchmark_name: name,
            tier: flat.tier,
            correctness_id: flat.correctness_id,
            config_hash: flat.config_hash,
            artifact_hash: flat.artifact_hash,
            notes: flat.notes,
            guest: flat.guest,
            mode: flat.mode,
            authority_profile: flat.authority_profile,
            outcome,
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
        };
        let mut text = serde_json::to_string_pretty(&document)
            .map_err(|error| Contradiction(error.to_string()))?;
        text.push('\n');
        Ok(text)
    }

    /// Reads results.json.
    pub fn from_json(text: &str) -> Result<Self, Contradiction> {
        // The version first: a document of another version deserves to be told so
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
            results: document
                .results
                .into_iter()
                .map(TryInto::try_into)
                .collect::<Result<_, _>>()?,
        };
        results.check()?;
        Ok(results)
    }
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
