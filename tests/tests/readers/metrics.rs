//! The gauges, parsed by Prometheus' client library.

use std::collections::BTreeMap;

use capbench_tests::component::{self, Python, test_with};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::place::{place, script};

pub fn tests() -> Vec<Trial> {
    vec![test_with(
        "metrics_are_read_by_prometheus_own_parser",
        component::python,
        parsed,
    )]
}

fn parsed(python: &Python) {
    let place = place();
    let metrics = place
        .export("exports", "openmetrics", &[])
        .join("metrics.txt");
    let printed = python.run(&script("metrics.py"), |command| {
        command.arg(metrics);
    });
    let samples: Vec<(String, BTreeMap<String, String>, f64)> =
        serde_json::from_slice::<Vec<Value>>(&printed)
            .unwrap()
            .into_iter()
            .map(|sample| serde_json::from_value(sample).unwrap())
            .collect();
    let medians: BTreeMap<&str, f64> = samples
        .iter()
        .filter(|(name, ..)| name == "capbench_median_instructions")
        .map(|(_, labels, value)| (labels["benchmark"].as_str(), *value))
        .collect();
    let expected: BTreeMap<&str, f64> = place
        .passed()
        .map(|(row, m)| (row.benchmark_name.as_str(), m.median))
        .collect();
    // What did not pass has no series.
    assert_eq!(medians, expected);
}
