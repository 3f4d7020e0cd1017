//! What a person reads of a run that went wrong: its cause once, last, with what lies
//! beside it.

use std::fs;
use std::path::Path;

use capbench_tests::checkout::Checkout;
use capbench_tests::command::{Said, capbench, run};
use capbench_tests::emulator::in_front;

/// A run of the ring's rows in which the emulator's boots go another way.
fn run_with(change: &str) -> (Checkout, Said) {
    let checkout = Checkout::new().unwrap();
    let emulator = in_front(checkout.root(), change);
    let mut command = capbench(&checkout, &["run", "ring", "--guest=capos", "--boots=2"]);
    command.args(["--quiet", "--qemu"]).arg(emulator);
    let said = run(command);
    (checkout, said)
}

fn report_of(checkout: &Checkout) -> String {
    let written = run(capbench(checkout, &["report", "--out", "report"]));
    assert_eq!(written.status, 0, "{}", written.text);
    fs::read_to_string(checkout.root().join("report/report.md")).unwrap()
}

/// The first line in a block of its own, which is what a reader sees first.
fn first_warning(report: &str) -> &str {
    let first = report
        .split("\n> ")
        .nth(1)
        .unwrap_or_else(|| panic!("{report}"));
    first.lines().next().unwrap()
}

/// Files of the run that hold text, none of which may name a place that is gone.
fn assert_names_no_partial_place(run: &Path) {
    for name in ["run.json", "results.json", "audit.json"] {
        let text = fs::read_to_string(run.join(name)).unwrap();
        assert!(!text.contains(".partial"), "{name}: {text}");
    }
}

#[test]
fn a_failed_run_ends_with_its_cause_its_rows_and_the_last_lines_of_its_logs() {
    let (checkout, said) = run_with(
        r#"case "$*" in
*/capos-ring-samples-2.trace*)
    all="$*"
    trace=${all##*path=}
    echo "the emulator cannot go on with ${trace%%,*}" >&2
    exit 7 ;;
esac"#,
    );
    assert_eq!(said.status, 2, "{}", said.text);
    let cause = "rows on capos (ring): ! invalid, abnormalExit";
    assert_eq!(said.text.matches(cause).count(), 1, "{}", said.text);
    let (_, last) = said.text.split_once(cause).unwrap();
    assert!(last.contains("Rows: ring/nop/1, ring/nop/16"), "{last}");
    assert!(
        last.contains("| the emulator cannot go on with boots/capos-ring-samples-2.trace"),
        "{last}"
    );
    let log = last
        .split_once("emulator's log of capos-ring-samples-2 (")
        .unwrap()
        .1;
    let (log, _) = log.split_once(')').unwrap();
    assert!(checkout.root().join(log).is_file(), "{log}");
    assert!(!said.text.contains(".partial"), "{}", said.text);
    assert_names_no_partial_place(&checkout.latest_run());

    let report = report_of(&checkout);
    let first = first_warning(&report);
    assert!(
        first.contains("10 rows on capos (ring): invalid, abnormalExit"),
        "{first}"
    );
    assert!(report.contains("the emulator cannot go on"), "{report}");
    let verified = run(capbench(&checkout, &["verify"]));
    assert_eq!(verified.status, 0, "{}", verified.text);
}

#[test]
fn a_run_that_was_interrupted_before_a_system_booted_verifies_as_what_it_is() {
    let (checkout, said) = run_with(
        r#"case "$*" in
*/boots/*)
    # Once: a second signal would end the runner at once.
    mkdir "$0.interrupted" && kill -INT $PPID
    exec sleep 20 ;;
esac"#,
    );
    assert_eq!(said.status, 130, "{}", said.text);
    assert!(
        said.text.contains("not every boot took place"),
        "{}",
        said.text
    );
    assert!(!said.text.contains("Numbers count"), "{}", said.text);
    assert!(said.text.contains("\nboots: "), "{}", said.text);
    let report = report_of(&checkout);
    assert!(first_warning(&report).contains("interrupted"), "{report}");
    assert!(report.contains(" took place"), "{report}");
    let verified = run(capbench(&checkout, &["verify"]));
    assert!(
        verified.text.contains(", interrupted\n"),
        "{}",
        verified.text
    );
    assert!(verified.text.contains(" 0 broken"), "{}", verified.text);
    assert_eq!(verified.status, 2, "not checked is not held");
}
