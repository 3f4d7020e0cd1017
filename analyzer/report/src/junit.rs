//! A comparison as JUnit's XML: a case per row. What regressed fails, what was not
//! compared is an error, and what is inconclusive is skipped with its reason.

use crate::document::shown;
use crate::section::change::{counts, refused, relative, row_in_words};
use capbench_results::change::{Change, ChangeOutcome, Compared, RowChange, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// The report could not be put together.
#[derive(Debug, thiserror::Error)]
#[error("a JUnit report of the comparison: {0}")]
pub struct JunitError(#[from] quick_junit::SerializeError);

/// The comparison as a JUnit report.
///
/// # Errors
///
/// The writer of the XML refused it.
pub fn junit(change: &Change) -> Result<String, JunitError> {
    let mut suite = TestSuite::new("capbench");
    suite.add_property(("rows", counts(change).as_str()));
    suite.add_test_cases(change.rows.iter().map(case));
    let gone = change.vanished.iter();
    suite.add_test_cases(gone.map(|row| {
        let message = "in base, and head has no such row".to_owned();
        let status = failed(NonSuccessKind::Error, "vanished", message);
        TestCase::new(shown(&row_in_words(row)), status)
    }));
    let mut report = Report::new("capbench diff");
    report.add_test_suite(suite);
    Ok(report.to_string()?)
}

fn case(row: &RowChange) -> TestCase {
    TestCase::new(shown(&row_in_words(&row.row)), status(row))
}

fn status(row: &RowChange) -> TestCaseStatus {
    match &row.outcome {
        ChangeOutcome::Compared(compared) => of_values(compared),
        ChangeOutcome::Incomparable(differing) => failed(
            NonSuccessKind::Error,
            "incomparable",
            refused::incomparable(differing),
        ),
        ChangeOutcome::Refused(sides) => {
            failed(NonSuccessKind::Error, "refused", refused::without(sides))
        }
        ChangeOutcome::Unmeasured(sides) => skipped(refused::without(sides)),
    }
}

fn of_values(compared: &Compared) -> TestCaseStatus {
    match (compared.verdict, &compared.undecided) {
        (Verdict::Regressed, _) => failed(
            NonSuccessKind::Failure,
            "regressed",
            difference_in_words(compared),
        ),
        (_, Some(undecided)) => skipped(format!("{}: {}", undecided.reason, undecided.detail)),
        _ => TestCaseStatus::success(),
    }
}

fn failed(kind: NonSuccessKind, word: &str, message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(word).set_message(shown(&message));
    status
}

fn skipped(message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(shown(&message));
    status
}

/// Both values, the difference and the segments that moved, on one line.
pub(crate) fn difference_in_words(compared: &Compared) -> String {
    use crate::number::{number, signed};
    let mut words = format!(
        "{} {} against {} ({}, {})",
        number(compared.head),
        compared.unit,
        number(compared.base),
        signed(compared.difference),
        relative(compared)
    );
    for segment in &compared.segments {
        let moved = signed(segment.difference);
        words.push_str(&format!("; {} {moved}", segment.name()));
    }
    words
}
