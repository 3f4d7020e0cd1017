//! Where a number comes from, and how a repetition is held against its original.

use crate::artifact::{AUDIT, Artifact};
use capbench_results::{Label, Mode, Outcome};
use capbench_verify::replay::compare;
use capbench_verify::{Cell, NoSuchCell, explain};

fn cell(text: &str) -> Cell {
    text.parse().unwrap()
}

#[test]
fn a_number_names_its_boots_with_their_values_and_what_it_is_beside() {
    let artifact = Artifact::new();
    let cells = explain(&artifact.open(), &cell("ring/nop/1"), &|_, _| None).unwrap();
    let [nop] = &cells[..] else {
        panic!("one row of that name: {cells:?}")
    };
    let median = nop.measurement.as_ref().unwrap().median;
    let boots: Vec<&str> = nop.attempts.iter().map(|a| a.boot.as_str()).collect();
    let samples = ["capos-ring-samples-1", "capos-ring-samples-2"];
    assert_eq!(
        boots,
        [
            AUDIT,
            "capos-ring-segments-1",
            samples[0],
            samples[1],
            "capos-ring-segments-2",
            "capos-ring-plain-1",
        ]
    );
    for attempt in &nop.attempts[2..4] {
        let said = attempt.said.as_ref().unwrap();
        assert_eq!(said.median, Some(median));
        assert_eq!(said.verdict, "passed");
    }
    assert_eq!(nop.comparisons[0].role, "numerator");
    assert_eq!(
        nop.comparisons[0].other.benchmark_name,
        "linux/null-syscall/1"
    );
    assert!(nop.definition_hash.is_some());
}

#[test]
fn the_labels_of_a_row_come_before_its_number() {
    let artifact = Artifact::new();
    artifact.edit_results(|results| {
        for row in &mut results.results {
            row.labels = vec![Label::ScriptedInput];
        }
    });
    let cells = explain(&artifact.open(), &cell("ring/nop/1"), &|_, _| None).unwrap();
    assert_eq!(cells[0].labels, [Label::ScriptedInput]);
}

#[test]
fn a_guest_narrows_the_rows() {
    let artifact = Artifact::new();
    let run = artifact.open();
    let found = |text: &str| explain(&run, &cell(text), &|_, _| None).map(|c| c.len());
    assert_eq!(found("linux:linux/null-syscall/1").unwrap(), 1);
    assert!(found("capos:linux/null-syscall/1").is_err());
}

#[test]
fn an_unknown_cell_suggests_the_nearest() {
    let artifact = Artifact::new();
    let nearest = |text: &str| {
        let error = explain(&artifact.open(), &cell(text), &|_, _| None).unwrap_err();
        let NoSuchCell::Unknown { nearest, .. } = error else {
            panic!("{error}");
        };
        nearest
    };
    assert_eq!(
        nearest("ring/nop")[..2],
        ["capos:ring/nop/1", "capos:ring/nop/16"]
    );
    assert_eq!(nearest("rign/nop/16")[0], "capos:ring/nop/16");
}

#[test]
fn the_same_again_is_identical_and_one_other_sample_is_not() {
    let artifact = Artifact::new();
    let original = artifact.read_results();
    let mut again = original.clone();
    assert!(compare(&original, &again).identical);
    let Outcome::Passed(measurement) = &mut again.results[0].outcome else {
        panic!("the first row passed");
    };
    measurement.samples[3] += 1.0;
    let replayed = compare(&original, &again);
    assert!(!replayed.identical);
    assert_eq!(
        replayed.rows[0].differences,
        ["equal medians of other samples"]
    );
    assert!(replayed.rows[1].differences.is_empty());
}

#[test]
fn medians_of_other_modes_are_shown_and_not_judged() {
    let artifact = Artifact::new();
    let mut original = artifact.read_results();
    original.run.mode = Mode::Hardware;
    let mut again = original.clone();
    let Outcome::Passed(measurement) = &mut again.results[0].outcome else {
        panic!("the first row passed");
    };
    measurement.median += 1.0;
    let replayed = compare(&original, &again);
    assert!(replayed.identical && !replayed.medians_compared);
    again.results.pop();
    assert!(!compare(&original, &again).identical);
}
