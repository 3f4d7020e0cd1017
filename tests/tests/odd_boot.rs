//! A boot whose stream is not that of its siblings.
//!
//! In front of the emulator stands a script that gives chosen boots a little more memory,
//! which takes the kernel some more instructions to count: to the runner, a slip of the
//! emulator's clock, which still counts instructions.

use std::fs;

use capbench_results::{InvalidReason, Label, Outcome, Results};
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{Said, capbench, run};
use capbench_tests::emulator::in_front;

/// Runs one row with as many boots. Boots whose trace is written to a file of one of
/// these names slip.
fn with_odd(boots: u32, odd: &str) -> (Checkout, Said) {
    let checkout = Checkout::new().unwrap();
    let slip = format!(
        r#"for argument in "$@"; do
    case $argument in
        *path=*/{odd}.trace) set -- "${{@/#512/516}}" ;;
    esac
done"#
    );
    let emulator = in_front(checkout.root(), &slip);
    let mut command = capbench(
        &checkout,
        &[
            "run",
            "ring/nop",
            "--guest=capos",
            "--variant=samples",
            "--no-audit",
        ],
    );
    command.arg(format!("--boots={boots}"));
    command.arg("--qemu").arg(&emulator);
    let said = run(command);
    (checkout, said)
}

fn results(checkout: &Checkout) -> Results {
    let text = fs::read_to_string(checkout.latest_run().join("results.json")).unwrap();
    Results::from_json(&text).unwrap()
}

#[track_caller]
fn check_tolerated(boots: u32, counted: u32) {
    let (checkout, said) = with_odd(boots, "capos-ring-samples-2");
    assert_eq!(said.status, 0, "{}", said.text);
    let results = results(&checkout);
    let row = &results.results[0];
    let Outcome::Passed(measurement) = &row.outcome else {
        panic!("{row:?}");
    };
    assert_eq!(measurement.boots.len() as u32, counted);
    assert_eq!(row.attempts, counted + 1);
    assert!(
        row.labels.contains(&Label::RepeatedBoot),
        "{:?}",
        row.labels
    );
    assert!(said.text.contains("repeated-boot"), "{}", said.text);
    let kept = checkout.latest_run().join("boots");
    for stem in ["capos-ring-samples-2", "capos-ring-samples-2-attempt-2"] {
        assert!(kept.join(format!("{stem}.ktrace")).is_file(), "{stem}");
    }
    let verified = run(capbench(&checkout, &["verify"]));
    assert_eq!(verified.status, 0, "{}", verified.text);
}

#[test]
fn one_odd_boot_of_five_is_repeated_kept_and_counted() {
    check_tolerated(5, 5);
}

#[test]
fn two_boots_that_differ_are_followed_by_two_more() {
    check_tolerated(2, 4);
}

#[track_caller]
fn check_refused(boots: u32, odd: &str, took_place: u32) {
    let (checkout, said) = with_odd(boots, odd);
    assert_eq!(said.status, 2, "{}", said.text);
    let results = results(&checkout);
    let row = &results.results[0];
    let Outcome::Invalid(refusal) = &row.outcome else {
        panic!("{row:?}");
    };
    assert_eq!(refusal.reason, InvalidReason::StreamsDiffer);
    assert_eq!(row.attempts, took_place);
    let verified = run(capbench(&checkout, &["verify"]));
    assert_eq!(verified.status, 0, "an honest refusal: {}", verified.text);
}

#[test]
fn two_odd_boots_are_no_slip() {
    check_refused(5, "capos-ring-samples-[23]", 5);
}

#[test]
fn a_boot_that_is_odd_again_is_no_slip() {
    check_refused(5, "capos-ring-samples-2*", 6);
}
