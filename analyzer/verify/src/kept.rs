//! `definitions.json` as this crate reads it: the definitions that a run rests on,
//! by the names that `run.json` has their hashes under.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::canonical;
use crate::record::Record;

/// The kernel parameter that has a script type into the terminal.
pub const TERMINAL_SCRIPT: &str = "terminal_script";

/// The kept definitions.
#[derive(Debug)]
pub struct Kept(BTreeMap<String, Value>);

/// What a benchmark's definition says, as far as rules ask.
#[derive(Debug, Deserialize)]
pub struct Benchmark {
    pub tier: u8,
    pub lower_is_better: bool,
    #[serde(default)]
    pub window_idles: bool,
    pub batches: Vec<u32>,
    pub warmup: u32,
    pub samples: u32,
    pub verifier: Verifier,
    pub authority: String,
    #[serde(default)]
    pub requires: Vec<String>,
    #[serde(default)]
    pub corpus: Option<Value>,
    pub guests: BTreeMap<String, Mechanism>,
}

#[derive(Debug, Deserialize)]
pub struct Verifier {
    pub kind: String,
    pub checks: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Mechanism {
    pub system: String,
    /// Submissions of one operation that the kernel begins to serve inside the timed
    /// interval; one without.
    #[serde(default)]
    pub submissions: Option<u32>,
    #[serde(default)]
    pub mispriced: Vec<String>,
}

/// What one boot runs.
#[derive(Debug, Deserialize)]
pub struct System {
    /// Its kernel's parameters.
    #[serde(default)]
    pub kernel: BTreeMap<String, Value>,
    pub init: Init,
    #[serde(default)]
    pub packages: BTreeMap<String, Vec<String>>,
    pub programs: Vec<Program>,
    #[serde(default)]
    pub children: Vec<Child>,
}

impl System {
    /// A kernel parameter: the command line's, or else the system's own.
    pub fn parameter<'a>(&'a self, record: &'a Record, name: &str) -> Option<&'a str> {
        let given = record.given_parameter(name);
        given.or_else(|| self.kernel.get(name)?.as_str())
    }
}

#[derive(Debug, Deserialize)]
pub struct Init {
    pub binary: String,
    pub grants: Vec<Grant>,
}

#[derive(Debug, Deserialize)]
pub struct Program {
    pub name: String,
    pub authority: String,
}

/// A program that one of those may spawn, with what that one may give it.
#[derive(Debug, Deserialize)]
pub struct Child {
    pub name: String,
    /// What it leaves when it did its work.
    #[serde(default)]
    pub exit_code: i64,
    #[serde(default)]
    pub grants: Vec<Grant>,
}

/// What a program may do.
#[derive(Debug, Deserialize)]
pub struct Profile {
    pub grants: Vec<Grant>,
    #[serde(default)]
    pub denials: Vec<Denial>,
}

#[derive(Debug, Deserialize)]
pub struct Grant {
    pub name: String,
    pub source: String,
}

#[derive(Debug, Deserialize)]
pub struct Denial {
    pub name: String,
}

/// What a guest has.
#[derive(Debug, Deserialize)]
pub struct Guest {
    pub subsystems: Vec<String>,
    pub capabilities: bool,
    /// The instrument beside the samples, by variant; the session names it as a feature.
    /// Absent in older runs.
    #[serde(default)]
    pub instruments: Option<BTreeMap<String, String>>,
    /// The name in headings. Absent in older runs.
    #[serde(default)]
    pub title: Option<String>,
    /// What a reader of its numbers must know.
    #[serde(default)]
    pub caution: Option<String>,
}

/// What stands beside a benchmark.
#[derive(Debug, Deserialize)]
pub struct Mapping {
    pub counterparts: Vec<Counterpart>,
}

#[derive(Debug, Deserialize)]
pub struct Counterpart {
    pub benchmark: String,
    pub difference: String,
    #[serde(default)]
    pub batches: Vec<[u32; 2]>,
}

/// A selection of benchmarks.
#[derive(Debug, Deserialize)]
pub struct Suite {
    #[serde(default)]
    pub systems: BTreeMap<String, Vec<String>>,
}

impl Kept {
    pub fn parse(text: &str) -> Result<Self, String> {
        let kept = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Ok(Self(kept))
    }

    pub fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Names of one kind.
    pub fn names<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .keys()
            .filter_map(move |key| key.strip_prefix(kind)?.strip_prefix('/'))
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

    pub fn mapping(&self, name: &str) -> Option<Mapping> {
        self.get("mappings", name).ok()
    }

    pub fn suite(&self, name: &str) -> Option<Suite> {
        self.get("suites", name).ok()
    }

    /// The hash of a definition, as `run.json` has it.
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
        T::deserialize(value).map_err(|error| format!("definitions.json: {key}: {error}"))
    }
}

/// How often a benchmark is repeated, how a change is judged, how a value is to be
/// read and what else must pass for it are no part of what it means.
fn only_meaning(benchmark: &mut Value) {
    let Some(fields) = benchmark.as_object_mut() else {
        return;
    };
    fields.insert("boots".to_owned(), 0.into());
    fields.remove("gate");
    fields.remove("smokes");
    let guests = fields.get_mut("guests").and_then(Value::as_object_mut);
    for mechanism in guests.into_iter().flat_map(|guests| guests.values_mut()) {
        if let Some(fields) = mechanism.as_object_mut() {
            fields.remove("mispriced");
        }
    }
}
