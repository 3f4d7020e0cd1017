use super::*;
use crate::floors::measured;
use capbench_results::change::{Side, Subject, TraceSide, Verdict};
use capbench_results::{Headline, HeadlineKind, Unit};

fn value(median: f64) -> MaybeValue {
    Ok(Value {
        unit: Unit::Instructions,
        lower_is_better: true,
        headline: Headline {
            kind: HeadlineKind::Median,
            value: median,
        },
        mean: None,
        breakdown: None,
    })
}

fn lacks(status: Status) -> MaybeValue {
    Err((status, "subsystem".into()))
}

fn reading(name: &str, value: MaybeValue) -> Reading {
    Reading {
        row: RowName {
            benchmark_name: name.into(),
            guest: "capos".into(),
            system: "ring".into(),
        },
        identity: Identity(vec![("definition", "d".into()), ("envelope", "e".into())]),
        value,
    }
}

fn source(readings: Vec<Reading>) -> Source {
    Source {
        side: Side {
            source: "x".into(),
            subject: Subject::Trace(TraceSide {
                kernel: "k".into(),
                build_id: "b".into(),
                variant: "samples".into(),
            }),
        },
        readings,
    }
}

fn compared(base: MaybeValue, head: MaybeValue) -> Change {
    let of = |value| source(vec![reading("ring/nop/1", value)]);
    let change = compare(&of(base), &of(head), None);
    change.check().unwrap();
    change
}

#[test]
fn rows_meet_by_name_and_the_others_are_named() {
    let base = source(vec![
        reading("ring/nop/1", value(363.0)),
        reading("ring/gone/1", value(1.0)),
    ]);
    let head = source(vec![
        reading("ring/new/1", value(2.0)),
        reading("ring/nop/1", value(377.0)),
    ]);
    let change = compare(&base, &head, None);
    assert_eq!(change.rows.len(), 1);
    assert_eq!(change.rows[0].compared().unwrap().difference, 14.0);
    assert_eq!(change.vanished[0].benchmark_name, "ring/gone/1");
    assert_eq!(change.appeared[0].benchmark_name, "ring/new/1");
    assert!(
        change.is_refused(),
        "a removed benchmark is not passed over"
    );
}

#[test]
fn everything_that_differs_is_named() {
    let base = source(vec![reading("ring/nop/1", value(363.0))]);
    let mut head = base.clone();
    let facts = &mut head.readings[0].identity.0;
    facts[0].1 = "edited".into();
    facts.remove(1);
    facts.push(("mode", "exact".into()));
    let change = compare(&base, &head, None);
    let ChangeOutcome::Incomparable(differing) = &change.rows[0].outcome else {
        panic!("{change:?}");
    };
    let names: Vec<&str> = differing.iter().map(|fact| fact.what.as_str()).collect();
    assert_eq!(names, ["definition", "envelope", "mode"]);
    assert_eq!(change.rows[0].verdict(), Some(Verdict::Incomparable));
}

#[test]
fn values_of_two_units_are_not_compared() {
    let mut other = value(363.0);
    other.as_mut().unwrap().unit = Unit::VirtualNs;
    let change = compared(value(363.0), other);
    assert_eq!(change.rows[0].verdict(), Some(Verdict::Incomparable));
}

#[test]
fn a_value_that_is_missing_on_one_side_is_refused() {
    for status in [
        Status::Invalid,
        Status::Failed,
        Status::Unsupported,
        Status::NotApplicable,
    ] {
        for (base, head) in [
            (value(363.0), lacks(status)),
            (lacks(status), value(363.0)),
            (lacks(Status::Invalid), lacks(status)),
        ] {
            let change = compared(base, head);
            assert_eq!(change.rows[0].verdict(), Some(Verdict::Refused), "{status}");
            assert!(change.is_refused());
        }
    }
}

#[test]
fn what_neither_guest_has_is_no_refusal() {
    let change = compared(lacks(Status::Unsupported), lacks(Status::NotApplicable));
    assert_eq!(change.rows[0].verdict(), None);
    assert!(!change.is_refused());
}

#[test]
fn a_floor_is_the_rows_own() {
    let side = |median| {
        source(vec![
            reading("ring/nop/1", value(median)),
            reading("ring/nop/16", value(median)),
        ])
    };
    let floors = measured(&side(100.0), &[(1, side(98.0)), (2, side(101.0))]).unwrap();
    let mut floors = floors;
    floors
        .rows
        .retain(|floor| floor.row.benchmark_name == "ring/nop/1");
    let change = compare(&side(100.0), &side(102.0), Some(&floors));
    assert_eq!(change.rows[0].verdict(), Some(Verdict::Unchanged));
    assert_eq!(change.rows[1].verdict(), Some(Verdict::Regressed));
}

#[test]
fn a_variant_without_a_value_measures_no_floor() {
    let base = source(vec![reading("ring/nop/1", value(363.0))]);
    let bad = source(vec![reading("ring/nop/1", lacks(Status::Invalid))]);
    let error = measured(&base, &[(1, base.clone()), (7, bad)]).unwrap_err();
    let words = error.to_string();
    assert!(
        words.contains("ring/nop/1") && words.contains('7'),
        "{words}"
    );
    assert!(measured(&base, &[]).is_err());
}
