//! One change in one place of a run.

use std::fmt;

use serde_json::{Map, Value};

use crate::artifact::Artifact;

/// How a place is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutation {
    /// What stands there is gone, or says nothing.
    Absent,
    /// It says something else of the same kind.
    Altered,
    /// It says what stands in the same place of another variant.
    OfAnotherVariant,
    /// It says what stands in the same place of another system.
    OfAnotherSystem,
    /// It says what stands in the same place of another run.
    OfAnotherRun,
    /// It stands there twice.
    Twice,
}

/// What has to be done before the run is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Judge it, as whoever forged it would.
    Judge,
    /// Only put the sums right: it is the results, or evidence, that were changed.
    Seal,
    /// Nothing: the list of sums is what was changed.
    Leave,
}

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The streams of boots.
    Stream,
    /// Another file.
    File,
}

type Change = Box<dyn Fn(&Artifact) -> bool + Send + Sync>;

/// A change, and what follows it.
pub struct Case {
    /// The place, by type and field or by file and path.
    pub place: String,
    pub mutation: Mutation,
    pub of: Of,
    pub then: Then,
    /// Whether it changed anything.
    pub change: Change,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.place, self.mutation)
    }
}

/// The leaves of a value by their paths; of many alike in a list, the first.
pub fn leaves(value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    collect(value, String::new(), &mut found);
    found
}

fn collect(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (key, value) in fields {
                let key = key.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{at}/{key}"), found);
            }
        }
        Value::Array(entries) if !entries.is_empty() => {
            collect(&entries[0], format!("{at}/0"), found);
        }
        _ => found.push(at),
    }
}

/// The value in place of another; `None` where it has no such form.
pub fn mutated(original: &Value, mutation: Mutation, donor: Option<&Value>) -> Option<Value> {
    let changed = match (mutation, original) {
        (Mutation::Absent, Value::Number(_)) => Value::from(0),
        (Mutation::Absent, Value::String(_)) => Value::from(""),
        (Mutation::Absent, Value::Bool(_)) => Value::from(false),
        (Mutation::Absent, Value::Array(_)) => Value::Array(Vec::new()),
        (Mutation::Absent, Value::Object(_)) => Value::Object(Map::new()),
        (Mutation::Altered, Value::Number(number)) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Value::from(number + 1),
            (None, Some(number)) => Value::from(number - 1),
            (None, None) => Value::from(number.as_f64()? + 1.0),
        },
        (Mutation::Altered, Value::String(text)) => Value::from(format!("{text}x")),
        (Mutation::Altered, Value::Bool(is)) => Value::from(!is),
        (Mutation::Altered, Value::Null) => Value::from(1),
        (Mutation::Altered, Value::Array(_)) => Value::Array(vec![Value::from("x")]),
        (Mutation::Absent | Mutation::Altered, _) => return None,
        _ => donor?.clone(),
    };
    let is_same = match (changed.as_f64(), original.as_f64()) {
        (Some(changed), Some(original)) => changed == original,
        _ => changed == *original,
    };
    (!is_same).then_some(changed)
}
