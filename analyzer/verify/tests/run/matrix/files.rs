//! Every field of every file, and each file as a whole.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::case::{Case, Mutation, Of, Then, leaves, mutated};
use crate::artifact::{AUDIT, Artifact};

/// Files of fields, and what whoever changed one does then.
const JSON: [(&str, Then); 6] = [
    ("run.json", Then::Judge),
    ("definitions.json", Then::Judge),
    ("results.json", Then::Seal),
    ("audit.json", Then::Seal),
    ("exercised.json", Then::Seal),
    ("privileged.json", Then::Seal),
];

pub fn cases() -> Vec<Case> {
    let run = Artifact::new();
    let mut cases = Vec::new();
    for (file, then) in JSON {
        let original = run.read(file);
        let leaves = leaves(&original).into_iter();
        for leaf in leaves.filter(|leaf| is_first_of_its_kind(file, leaf)) {
            let value = original.pointer(&leaf).unwrap();
            for mutation in [Mutation::Absent, Mutation::Altered] {
                if let Some(new) = mutated(value, mutation, None) {
                    cases.push(field(file, then, leaf.clone(), mutation, Some(new)));
                }
            }
            // A field that is not there is another case than one that says nothing, unless
            // it says that by its type.
            if value.is_null() {
                continue;
            }
            cases.push(field(
                file,
                then,
                leaf.clone(),
                Mutation::OfAnotherRun,
                None,
            ));
        }
    }
    let mut logs = BTreeSet::new();
    for path in run.files() {
        let name = path.strip_prefix(run.root()).unwrap().display().to_string();
        cases.push(file(&name, Mutation::Absent));
        // Of logs that only people read, one of a kind stands for all.
        let log = [".console.log", ".qemu.log"];
        let log = log.iter().find(|ending| name.ends_with(*ending));
        if log.is_none_or(|ending| logs.insert(*ending)) {
            cases.push(file(&name, Mutation::Altered));
        }
    }
    cases
}

/// Definitions of one kind have the same fields: of each guest's, one stands for all.
fn is_first_of_its_kind(file: &str, leaf: &str) -> bool {
    const BENCHMARKS: &str = "/benchmarks~1";
    const TRIED: [&str; 2] = [
        "/benchmarks~1ring~1nop/",
        "/benchmarks~1linux~1null-syscall/",
    ];
    let is_benchmark = file == "definitions.json" && leaf.starts_with(BENCHMARKS);
    !is_benchmark || TRIED.iter().any(|tried| leaf.starts_with(tried))
}

/// One field of a JSON file changed, or taken out with its key.
fn field(
    file: &'static str,
    then: Then,
    leaf: String,
    mutation: Mutation,
    new: Option<Value>,
) -> Case {
    let (place, what) = match &new {
        Some(_) => (format!("{file} {leaf}"), mutation),
        None => (format!("{file} {leaf} (key)"), Mutation::Absent),
    };
    let change = move |run: &Artifact| {
        let mut document = run.read(file);
        let original = document.clone();
        match &new {
            Some(new) => *document.pointer_mut(&leaf).unwrap() = new.clone(),
            None => take_out(&mut document, &leaf),
        }
        run.write(file, document.to_string().as_bytes());
        if file == "definitions.json" {
            run.rehash_definitions();
        }
        if file == "results.json" {
            run.results_message_follows();
        }
        document != original
    };
    Case {
        place,
        mutation: what,
        of: Of::File,
        then,
        change: Box::new(change),
    }
}

fn take_out(document: &mut Value, leaf: &str) {
    let Some((parent, key)) = leaf.rsplit_once('/') else {
        return;
    };
    let key = key.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent) {
        Some(Value::Object(fields)) => {
            fields.remove(&key);
        }
        Some(Value::Array(entries)) => {
            entries.remove(0);
        }
        _ => {}
    }
}

/// A file gone, or with a byte more.
fn file(name: &str, mutation: Mutation) -> Case {
    let (place, name) = (format!("file {name}"), name.to_owned());
    let change = move |run: &Artifact| {
        let path = run.path(&name);
        match mutation {
            Mutation::Absent => fs::remove_file(&path).unwrap(),
            _ => {
                let mut bytes = fs::read(&path).unwrap();
                let middle = bytes.len() / 2;
                match bytes.get_mut(middle) {
                    Some(byte) => *byte ^= 1,
                    None => bytes.push(1),
                }
                fs::write(&path, bytes).unwrap();
            }
        }
        true
    };
    // The log is what an audit is judged by, so that judging follows its change.
    let then = match place.as_str() {
        "file SHA256SUMS" => Then::Leave,
        place if place.contains(AUDIT) => Then::Judge,
        _ => Then::Seal,
    };
    Case {
        place,
        mutation,
        of: Of::File,
        then,
        change: Box::new(change),
    }
}
