//! `definitions.json` as this crate reads it: the definitions that a run rests on,
//! by the names that `run.json` has their hashes under.

use std::collections::BTreeMap;

use capbench_results::brief;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::canonical;

/// The kept definitions.
#[derive(Debug)]
pub struct Kept(BTreeMap<String, Value>);

/// What a benchmark's definition says, as far as arithmetic asks.
#[derive(Debug, Deserialize)]
pub struct Benchmark {
    pub authority: String,
    pub guests: BTreeMap<String, Mechanism>,
}

#[derive(Debug, Deserialize)]
pub struct Mechanism {
    #[serde(default)]
    pub mispriced: Vec<String>,
}

/// What one boot runs.
#[derive(Debug, Deserialize)]
pub struct System {
    pub programs: Vec<Program>,
}

#[derive(Debug, Deserialize)]
pub struct Program {
    pub name: String,
    pub authority: String,
}

/// The authority of a program.
#[derive(Debug, Deserialize)]
pub struct Profile {
    #[serde(default)]
    pub denials: Vec<Denial>,
}

#[derive(Debug, Deserialize)]
pub struct Denial {
    pub name: String,
}

/// The features of a guest.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Guest {
    pub capabilities: bool,
    /// What its kernel calls itself in a stream, as far as that is known beforehand.
    #[serde(default)]
    pub session_kernel: Option<String>,
}

impl Kept {
    pub fn parse(text: &str) -> Result<Self, String> {
        let kept = serde_json::from_str(text).map_err(brief)?;
        Ok(Self(kept))
    }

    pub fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    pub fn benchmark(&self, name: &str) -> Result<Benchmark, String> {
        self.get("benchmarks", name)
    }

    pub fn system(&self, name: &str) -> Result<System, String> {
        self.get("systems", name)
    }

    pub fn profile(&self, name: &str) -> Result<Profile, String> {
        self.get("authority", name)
    }

    pub fn guest(&self, name: &str) -> Result<Guest, String> {
        self.get("guests", name)
    }

    /// The hash of a definition, as `run.json` has it.
    /// Whether there is one by this kind and name.
    pub fn holds(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    pub fn hash(&self, key: &str) -> Option<String> {
        let mut value = self.0.get(key)?.clone();
        if key.starts_with("benchmarks/") {
            only_meaning(&mut value);
        }
        Some(canonical::hash(&value))
    }

    fn get<T: DeserializeOwned>(&self, kind: &str, name: &str) -> Result<T, String> {
        let key = format!("{kind}/{name}");
        let value = self.0.get(&key);
        let value = value.ok_or_else(|| format!("definitions.json holds no {key}"))?;
        T::deserialize(value).map_err(|error| format!("definitions.json: {key}: {}", brief(error)))
    }
}

/// How often a benchmark is repeated, how a value is to be read and what else must pass
/// for it are no part of what it means.
fn only_meaning(benchmark: &mut Value) {
    let Some(fields) = benchmark.as_object_mut() else {
        return;
    };
    fields.insert("boots".to_owned(), 0.into());
    fields.remove("smokes");
    let guests = fields.get_mut("guests").and_then(Value::as_object_mut);
    for mechanism in guests.into_iter().flat_map(|guests| guests.values_mut()) {
        if let Some(fields) = mechanism.as_object_mut() {
            fields.remove("mispriced");
        }
    }
}
