//! What became of a value.

use crate::reading::Value;
use capbench_results::change::{Compared, Undecided, Verdict, Why};
use capbench_results::{HeadlineKind, Unit};

/// Judges two values of one series. `floor` is how far neutral changes of base move it.
pub(crate) fn judge(base: &Value, head: &Value, floor: Option<f64>) -> Compared {
    let kind = common_headline(base, head);
    let (before, after) = match kind.and_then(|kind| Some((base.of(kind)?, head.of(kind)?))) {
        Some(values) => values,
        None => (base.headline.value, head.headline.value),
    };
    let mut compared = Compared::new(base.unit, before, after);
    compared.lower_is_better = base.lower_is_better;
    compared.headline = kind.unwrap_or(base.headline.kind);
    compared.floor = floor;
    compared.undecided = undecided(base.unit, kind);
    compared.verdict = match compared.undecided {
        Some(_) => Verdict::Inconclusive,
        None => firm(&compared),
    };
    compared
}

/// Two medians, or two means where a side has no robust median.
fn common_headline(base: &Value, head: &Value) -> Option<HeadlineKind> {
    let kinds = [HeadlineKind::Median, HeadlineKind::Mean].into_iter();
    let mut of_both = kinds.filter(|kind| base.of(*kind).is_some() && head.of(*kind).is_some());
    of_both.next()
}

/// A count of instructions repeats to the bit: what is beyond the floor is a change.
fn firm(compared: &Compared) -> Verdict {
    let loss = compared.loss();
    match loss.abs() <= compared.floor.unwrap_or(0.0) {
        true => Verdict::Unchanged,
        false if loss > 0.0 => Verdict::Regressed,
        false => Verdict::Improved,
    }
}

fn undecided(unit: Unit, kind: Option<HeadlineKind>) -> Option<Undecided> {
    let (reason, detail) = match unit {
        _ if kind.is_none() => (
            Why::Modes,
            "one side has two modes, and a side has no mean; run both with this version",
        ),
        Unit::Instructions => return None,
        Unit::VirtualNs => (
            Why::Idles,
            "the window idles, and the virtual clock goes on with it: such rows are shown and \
             never gated",
        ),
        Unit::TscTicks | Unit::Ns => (
            Why::NotInterleaved,
            "the boots of the two sides did not take turns, so that what the host did meanwhile \
             is part of the difference; compare counts of instructions, in exact mode",
        ),
    };
    Some(Undecided {
        reason,
        detail: detail.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use capbench_results::Headline;
    use proptest::prelude::*;

    fn value(unit: Unit, median: f64) -> Value {
        Value {
            unit,
            lower_is_better: true,
            headline: Headline {
                kind: HeadlineKind::Median,
                value: median,
            },
            mean: Some(median + 0.5),
            breakdown: None,
        }
    }

    fn verdict(base: f64, head: f64, floor: Option<f64>) -> Verdict {
        let of = |median| value(Unit::Instructions, median);
        judge(&of(base), &of(head), floor).verdict
    }

    #[test]
    fn one_instruction_is_a_change_where_the_floor_is_zero_or_unknown() {
        for floor in [None, Some(0.0)] {
            assert_eq!(verdict(363.0, 364.0, floor), Verdict::Regressed);
            assert_eq!(verdict(363.0, 362.0, floor), Verdict::Improved);
            assert_eq!(verdict(363.0, 363.0, floor), Verdict::Unchanged);
        }
    }

    #[test]
    fn what_neutral_changes_do_too_is_no_change() {
        assert_eq!(verdict(363.0, 365.0, Some(2.0)), Verdict::Unchanged);
        assert_eq!(verdict(363.0, 366.0, Some(2.0)), Verdict::Regressed);
    }

    #[test]
    fn more_of_what_is_better_is_an_improvement() {
        let of = |median| Value {
            lower_is_better: false,
            ..value(Unit::Instructions, median)
        };
        let judged = judge(&of(10.0), &of(11.0), None);
        assert_eq!(judged.verdict, Verdict::Improved);
    }

    #[test]
    fn what_idles_or_was_not_interleaved_is_inconclusive_and_shows_its_difference() {
        for (unit, reason) in [
            (Unit::VirtualNs, Why::Idles),
            (Unit::TscTicks, Why::NotInterleaved),
            (Unit::Ns, Why::NotInterleaved),
        ] {
            let judged = judge(&value(unit, 100.0), &value(unit, 150.0), None);
            assert_eq!(judged.verdict, Verdict::Inconclusive);
            assert_eq!(judged.difference, 50.0);
            assert_eq!(judged.undecided.unwrap().reason, reason);
        }
    }

    #[test]
    fn two_modes_on_a_side_compare_means_on_both() {
        let two_modes = Value {
            headline: Headline {
                kind: HeadlineKind::Mean,
                value: 932.5,
            },
            mean: Some(932.5),
            ..value(Unit::Instructions, 900.0)
        };
        let judged = judge(&value(Unit::Instructions, 900.0), &two_modes, None);
        assert_eq!((judged.base, judged.head), (900.5, 932.5));
        assert_eq!(judged.headline, HeadlineKind::Mean);
        let without_mean = Value {
            mean: None,
            ..value(Unit::Instructions, 900.0)
        };
        let judged = judge(&without_mean, &two_modes, None);
        assert_eq!(judged.undecided.unwrap().reason, Why::Modes);
    }

    proptest! {
        #[test]
        fn a_comparison_the_other_way_round_has_the_opposite_verdict(
            base in 0.0..1e9f64, head in 0.0..1e9f64, floor in 0.0..1e6f64
        ) {
            let opposite = match verdict(base, head, Some(floor)) {
                Verdict::Improved => Verdict::Regressed,
                Verdict::Regressed => Verdict::Improved,
                other => other,
            };
            prop_assert_eq!(verdict(head, base, Some(floor)), opposite);
        }
    }
}
