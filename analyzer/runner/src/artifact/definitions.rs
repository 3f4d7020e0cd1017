//! `definitions.json`: the definitions behind a run, in full.
//!
//! `run.json` has their hashes. A checker needs the things themselves: a series'
//! hash covers them whole, authority is held against what they grant, and a row
//! that is `unsupported` is so by what they require. Kept by the names that
//! `run.json` uses, with two kinds beside those: `guests/…`, what this version
//! says a guest has, and `mappings/…`, which benchmarks are compared.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::guest::GuestName;
use crate::manifest::{Benchmark, Catalogue};
use crate::plan::Plan;

/// Every definition that a plan's rows rest on, those of rows that cannot run
/// included.
pub(super) fn of(plan: &Plan, catalogue: &Catalogue) -> BTreeMap<String, Value> {
    let mut kept = BTreeMap::new();
    let mut keep = |kind: &str, name: &str, value: Value| {
        kept.insert(format!("{kind}/{name}"), value);
    };
    let mut authority = |name: &String| {
        if let Some(profile) = catalogue.authority.get(name) {
            keep("authority", name, value(profile));
        }
    };
    let asked = catalogue.select(&plan.selection).unwrap_or_default();
    // A run of some guests plans no row of what only others do, and a suite names it.
    let smokes = asked.iter().flat_map(|benchmark| &benchmark.smokes);
    let smokes = smokes.filter_map(|smoke| catalogue.benchmarks.get(smoke));
    let asked: Vec<&Benchmark> = smokes.chain(asked.iter().copied()).collect();
    for benchmark in &asked {
        authority(&benchmark.authority);
    }
    for row in &plan.rows {
        authority(&row.benchmark.authority);
        let system = catalogue.systems.get(&row.system);
        for program in system.iter().flat_map(|system| &system.programs) {
            authority(&program.authority);
        }
    }
    for benchmark in asked {
        keep("benchmarks", &benchmark.name, value(benchmark));
    }
    for row in &plan.rows {
        keep("benchmarks", &row.benchmark.name, value(&row.benchmark));
        if let Some(system) = catalogue.systems.get(&row.system) {
            keep("systems", &row.system, value(system));
        }
        if let Some(mapping) = catalogue.mappings.get(&row.benchmark.name) {
            keep("mappings", &row.benchmark.name, value(mapping));
        }
        keep("guests", row.guest.name, guest(row.guest));
    }
    if let Some(suite) = catalogue.suites.get(&plan.selection) {
        keep("suites", &suite.name, value(suite));
    }
    kept
}

/// What rules ask of a guest.
pub(super) fn guest(guest: GuestName) -> Value {
    json!({
        "subsystems": guest.subsystems,
        "capabilities": guest.has_capabilities,
        "sessionKernel": guest.session_kernel,
    })
}

fn value<T: Serialize>(definition: &T) -> Value {
    serde_json::to_value(definition).expect("definitions hold only JSON-shaped data")
}
