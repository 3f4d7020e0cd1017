//! The hash that names a row's series: what must be equal for two numbers to be
//! values of one thing.

use serde_json::{Value, json};

use super::{Answer, Found, count, differ};
use crate::canonical;
use crate::kept::Kept;
use crate::record::Record;
use crate::rows::Row;
use crate::run::Run;

pub(super) fn check(run: &Run) -> Found {
    let (record, document, kept) = (run.record()?, run.document()?, run.kept()?);
    let mut faults = Vec::new();
    for row in &document.results {
        let title = row.title();
        match series(record, kept, row) {
            Ok(found) => faults.extend(differ(&title, &row.config_hash, &found)),
            Err(why) => faults.push(format!("{title}: {why}")),
        }
    }
    Answer::new(faults, count(document.results.len(), "row"))
}

/// The definition whole, with authority, system and what the command line changed;
/// where kernel or packages were not built here, their hashes too.
fn series(record: &Record, kept: &Kept, row: &Row) -> Result<String, String> {
    let (name, _) = row.benchmark();
    let benchmark = kept.benchmark(name)?;
    let whole = |key: String| {
        let value = kept.value(&key);
        value.ok_or_else(|| format!("definitions.json holds no {key}"))
    };
    let authority = whole(format!("authority/{}", benchmark.authority))?;
    let system = whole(format!("systems/{}", row.system))?;
    let definition = canonical::hash(&json!([
        kept.hash(&format!("benchmarks/{name}")),
        authority,
        system,
        or(&record.overrides["parameters"], json!({})),
        or(
            &record.overrides["extra"],
            json!({"features": [], "environment": {}}),
        ),
    ]));
    let of_guest = record
        .guests
        .iter()
        .filter(|guest| guest.guest == row.guest);
    let kernel = of_guest
        .filter_map(|guest| guest.kernel_image.as_ref())
        .next();
    let packages = record.packages.get(&row.system).into_iter().flatten();
    let packages: Vec<&str> = packages.map(|package| package.sha256.as_str()).collect();
    Ok(match (kernel, packages.is_empty()) {
        (None, _) => definition,
        (Some(kernel), true) => canonical::hash(&json!([definition, kernel.sha256])),
        (Some(kernel), false) => canonical::hash(&json!([definition, kernel.sha256, packages])),
    })
}

/// What is empty is left out of the record.
fn or(value: &Value, empty: Value) -> Value {
    if value.is_null() {
        empty
    } else {
        value.clone()
    }
}
