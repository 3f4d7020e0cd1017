//! In exact mode the same suite gives the same measurements, to the last bit.

use capbench_results::{Outcome, Results};
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{capbench, run};
use std::fs;

fn measure(checkout: &Checkout) -> Vec<(String, Outcome)> {
    let said = run(capbench(
        checkout,
        &["run", "ring", "--guest=capos", "--quiet"],
    ));
    assert_eq!(said.status, 0, "{}", said.text);
    let run = checkout.latest_run();
    let text = fs::read_to_string(run.join("results.json")).unwrap();
    let results = Results::from_json(&text).unwrap();
    let message = fs::read(run.join("results.capnp")).unwrap();
    assert!(
        Results::from_message(&message).unwrap() == results,
        "one shape, two forms"
    );
    results
        .results
        .into_iter()
        .map(|result| (result.benchmark_name.to_string(), result.outcome))
        .collect()
}

#[test]
fn two_runs_of_the_ring_suite_measure_the_same() {
    let checkout = Checkout::new().unwrap();
    let first = measure(&checkout);
    let second = measure(&checkout);
    assert_eq!(first.len(), 11, "ten rows and the smoke that they stand on");
    for (name, outcome) in &first {
        assert!(matches!(outcome, Outcome::Passed(_)), "{name}: {outcome:?}");
    }
    assert!(first == second, "the measurements differ");
}
