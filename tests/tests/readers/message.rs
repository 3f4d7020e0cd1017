//! The Cap'n Proto message, decoded by the `capnp` tool with nothing but the schema.

use std::fs::File;

use capbench_results::Outcome;
use capbench_tests::component::{self, Capnp, test_with};
use capbench_tests::source_copy::repository;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::place::{equal, place};

pub fn tests() -> Vec<Trial> {
    vec![test_with(
        "a_message_is_decoded_by_the_capnp_tool",
        component::capnp,
        decoded,
    )]
}

fn decoded(capnp: &Capnp) {
    let place = place();
    let message = place.export("exports", "capnp", &[]).join("results.capnp");
    let mut command = capnp.command();
    command.args(["convert", "binary:json"]);
    command.arg(repository().join("analyzer/results/schema/results.capnp"));
    command.arg("Results").stdin(File::open(message).unwrap());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let decoded: Value = serde_json::from_slice(&output.stdout).unwrap();

    assert_eq!(decoded["run"]["id"], *place.results.run.id);
    let rows = decoded["results"].as_array().unwrap();
    assert_eq!(rows.len(), place.results.results.len());
    for (row, result) in rows.iter().zip(&place.results.results) {
        assert_eq!(row["benchmarkName"], *result.benchmark_name);
        assert_eq!(row["status"], result.status().as_str());
        let expected = match &result.outcome {
            Outcome::Passed(measurement) => Some(measurement.median),
            _ => None,
        };
        // A value exists only in the branch of what passed.
        let measurement = row["result"].get("measurement");
        let median = measurement.and_then(|m| m["median"].as_f64());
        assert!(equal(median, expected), "{row}");
    }
    let comparisons = decoded["comparisons"].as_array().unwrap();
    assert_eq!(comparisons.len(), place.results.comparisons.len());
}
