//! Rows without a number: each for a reason that can be seen, and no row left out.

use capbench_results::{
    Evidence, FailureReason, InvalidReason, NotApplicableReason, Outcome, Refusal,
    UnsupportedReason,
};
use capbench_verify::Verdict;
use serde_json::json;
use trace_format::control::{Message, OracleOutcome};

use crate::artifact::{Artifact, names};

/// Gives the first row another end.
fn end(run: &Artifact, outcome: Outcome) {
    run.edit_results(|results| {
        results.results[0].outcome = outcome;
        results.comparisons.clear();
    });
}

#[test]
fn a_reason_that_nothing_shows_is_none() {
    let invalid = |reason| Outcome::Invalid(Refusal::new(reason, "so they say"));
    let failed = |reason| Outcome::Failed(Refusal::new(reason, "so they say"));
    let unsupported = |reason| Outcome::Unsupported(Refusal::new(reason, "so they say"));
    let not_applicable = NotApplicableReason::NoHonestTranslation;
    let ends = [
        invalid(InvalidReason::RecordsDropped),
        invalid(InvalidReason::InstrumentsDisagree),
        invalid(InvalidReason::StreamsDiffer),
        failed(FailureReason::WindowRefused),
        failed(FailureReason::TimedOut),
        failed(FailureReason::InternalError),
        unsupported(UnsupportedReason::MissingSubsystem),
        unsupported(UnsupportedReason::NoGuestImage),
        unsupported(UnsupportedReason::NoAccelerator),
        Outcome::NotApplicable(Refusal::new(not_applicable, "so they say")),
    ];
    let run = Artifact::new();
    for outcome in ends {
        end(&run, outcome);
        run.only_judged_otherwise("so they say");
    }
}

#[test]
fn evidence_from_where_nothing_is_amiss_is_none() {
    let run = Artifact::new();
    run.reword("capos-ring-samples", |message| match message {
        Message::Verdict(word) if word.window == 1 => None,
        other => Some(other),
    });
    run.judge();
    assert_eq!(run.broken(), [""; 0]);
    run.edit_results(|results| {
        let rows = results.results.iter_mut();
        let outcomes = rows.map(|row| &mut row.outcome);
        for outcome in outcomes {
            if let Outcome::Invalid(refusal) = outcome {
                refusal.evidence.push(Evidence {
                    source: "boots/linux-linux-matched-samples-1.ktrace".into(),
                    subject: "s".into(),
                    expected: "e".into(),
                    observed: "o".into(),
                });
            }
        }
    });
    run.only_judged_otherwise("evidence");
}

#[test]
fn what_a_guest_lacks_is_unsupported_by_its_definition_or_by_its_own_word() {
    let run = Artifact::new();
    run.edit_definition("benchmarks/ring/nop", |benchmark| {
        benchmark["requires"] = json!(["teleporter"]);
    });
    run.judge();
    let report = run.verify();
    assert_eq!(names(&report, Verdict::Broken), ["definitions"]);
    let results = run.read_results();
    let lacking = results
        .results
        .iter()
        .filter(|row| row.outcome.refusal().is_some());
    assert_eq!(lacking.count(), 2);

    let run = Artifact::new();
    run.reword("capos-ring", |message| match message {
        Message::Verdict(mut word) if word.window == 1 => {
            word.outcome = OracleOutcome::Failed;
            word.failures = 0;
            word.detail = "unsupported: no ring here";
            Some(Message::Verdict(word))
        }
        other => Some(other),
    });
    run.judge();
    assert_eq!(run.broken(), [""; 0]);
    let results = run.read_results();
    let unsupported = results
        .results
        .iter()
        .filter_map(|row| row.outcome.refusal());
    let details: Vec<&str> = unsupported.map(|(_, detail, _)| detail).collect();
    assert_eq!(details, ["no ring here"]);
}

#[test]
fn a_guest_whose_kernel_could_not_be_had_is_unsupported() {
    let run = Artifact::new();
    run.edit("run.json", |record| {
        for list in ["boots", "guests"] {
            let list = record[list].as_array_mut().unwrap();
            list.retain(|entry| entry["guest"] != "linux");
        }
    });
    run.judge();
    let why = Refusal::new(UnsupportedReason::NoGuestImage, "no kernel");
    run.edit_results(|results| {
        let rows = results.results.iter_mut();
        for row in rows.filter(|row| row.guest == "linux") {
            assert_eq!(row.outcome.refusal().unwrap().0, "noGuestImage");
            row.outcome = Outcome::Unsupported(why.clone());
        }
    });
    // Why is the host's word, and is taken as stated.
    let report = run.verify();
    assert!(report.all_held(), "{report:#?}");
    // A record that has its kernel contradicts that.
    run.edit("run.json", |record| {
        let mut guest = record["guests"][0].clone();
        guest["guest"] = json!("linux");
        record["guests"].as_array_mut().unwrap().push(guest);
    });
    assert!(run.judged_otherwise().contains("no kernel"));
}

#[test]
fn a_row_that_was_left_out_is_missed() {
    let run = Artifact::new();
    run.edit_results(|results| {
        results.results.remove(3);
    });
    run.only_judged_otherwise("results");
}

#[test]
fn a_row_of_no_definition_is_one_too_many() {
    let run = Artifact::new();
    run.edit_results(|results| {
        results.results[3].benchmark_name = "ring/none/1".into();
    });
    assert!(run.broken().contains(&"series"));
    assert!(run.judged_otherwise().contains("ring/none/1"));
}
