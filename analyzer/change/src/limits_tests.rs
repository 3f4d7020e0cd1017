use super::*;
use crate::ending::Ending;
use capbench_results::Unit;
use capbench_results::change::{RowChange, Side, Subject, TraceSide, Undecided, Why};
use capbench_runner::manifest::Review;
use std::collections::BTreeMap;

fn change(base: f64, head: f64) -> Change {
    let side = Side {
        source: "x".into(),
        subject: Subject::Trace(TraceSide {
            kernel: "k".into(),
            build_id: "b".into(),
            variant: "samples".into(),
        }),
    };
    let mut compared = Compared::new(Unit::Instructions, base, head);
    compared.verdict = match head.total_cmp(&base) {
        std::cmp::Ordering::Less => Verdict::Improved,
        std::cmp::Ordering::Equal => Verdict::Unchanged,
        std::cmp::Ordering::Greater => Verdict::Regressed,
    };
    let mut change = Change::new(side.clone(), side);
    change.rows.push(RowChange {
        row: RowName {
            benchmark_name: "ring/nop/1".into(),
            guest: "capos".into(),
            system: "ring".into(),
        },
        outcome: ChangeOutcome::Compared(Box::new(compared)),
    });
    change
}

fn compared(change: &mut Change) -> &mut Compared {
    match &mut change.rows[0].outcome {
        ChangeOutcome::Compared(compared) => compared,
        other => panic!("{other:?}"),
    }
}

fn gated(mut change: Change, edit: impl Fn(&mut Gate)) -> Change {
    let mut gate = Gate::default_of("ring/nop");
    edit(&mut gate);
    let catalogue = Catalogue {
        gates: BTreeMap::from([("ring/nop".to_owned(), gate)]),
        ..Catalogue::default()
    };
    apply(&mut change, &catalogue, Allowed::AsDefined);
    change.check().unwrap();
    change
}

#[test]
fn a_limit_decides_how_a_gate_ends_and_never_a_verdict() {
    let within = gated(change(1000.0, 1005.0), |_| ());
    assert_eq!(Ending::of_gate(&within), Ending::Good);
    assert_eq!(Ending::of(&within), Ending::Regression);
    assert_eq!(within.rows[0].verdict(), Some(Verdict::Regressed));
    let beyond = gated(change(1000.0, 1005.5), |_| ());
    assert_eq!(Ending::of_gate(&beyond), Ending::Regression);
}

#[test]
fn one_instruction_exceeds_a_limit_of_zero() {
    let mut change = change(363.0, 364.0);
    apply(&mut change, &Catalogue::default(), Allowed::Percent(0.0));
    assert_eq!(Ending::of_gate(&change), Ending::Regression);
}

#[test]
fn a_hard_cap_holds_however_little_was_lost() {
    let caps =
        |cap| BTreeMap::from([("capos".to_owned(), BTreeMap::from([("1".to_owned(), cap)]))]);
    let capped = gated(change(1000.0, 1001.0), |gate| gate.hard_cap = caps(1000.5));
    assert_eq!(Ending::of_gate(&capped), Ending::Regression);
    assert_eq!(
        capped.rows[0].compared().unwrap().limit.unwrap().worst,
        1000.5
    );
    let below = gated(change(1000.0, 1001.0), |gate| gate.hard_cap = caps(2000.0));
    assert_eq!(Ending::of_gate(&below), Ending::Good);
}

#[test]
fn what_is_too_noisy_is_for_review_and_fails_nothing() {
    let mut noisy = change(100.0, 150.0);
    compared(&mut noisy).floor = Some(10.0);
    let review = |gate: &mut Gate| {
        gate.review = Some(Review {
            above_percent: 5.0,
            reason: "x".into(),
        });
    };
    let reviewed = gated(noisy.clone(), review);
    assert_eq!(Ending::of_gate(&reviewed), Ending::Good);
    assert_eq!(Ending::of_gate(&gated(noisy, |_| ())), Ending::Regression);
}

#[test]
fn rows_that_idle_are_never_gated_and_others_that_are_open_are_not_passed() {
    for (reason, ending) in [
        (Why::Idles, Ending::Good),
        (Why::NotInterleaved, Ending::Inconclusive),
        (Why::Modes, Ending::Inconclusive),
    ] {
        let mut open = change(100.0, 150.0);
        compared(&mut open).verdict = Verdict::Inconclusive;
        compared(&mut open).undecided = Some(Undecided {
            reason,
            detail: "x".into(),
        });
        assert_eq!(Ending::of_gate(&gated(open, |_| ())), ending, "{reason}");
    }
}

#[test]
fn what_is_not_compared_comes_before_what_regressed() {
    let mut change = change(100.0, 150.0);
    assert_eq!(Ending::of(&change), Ending::Regression);
    let gone = change.rows[0].row.clone();
    change.vanished.push(gone);
    assert_eq!(Ending::of(&change), Ending::Refused);
    assert_eq!(Ending::of_gate(&change), Ending::Refused);
}
