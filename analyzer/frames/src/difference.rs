//! Where two boots part that should have sent the same bytes.
//!
//! A hash says that they differ; what a person needs is the first place where. In
//! order: the windows, in each its samples and then its counters. What only spans
//! show is not looked for.

use crate::trace::Trace;
use crate::windows::Window;
use trace_format::Sample;

/// The first place where `other` says something else than `first`, in words; none
/// if their windows, samples and counters are the same.
pub fn first_difference(first: &Trace, other: &Trace) -> Option<String> {
    let pairs = first.windows.iter().zip(&other.windows);
    let inside = pairs.into_iter().find_map(|(a, b)| in_windows(a, b));
    inside.or_else(|| {
        let (a, b) = (first.windows.len(), other.windows.len());
        (a != b).then(|| format!("{b} windows, not {a}"))
    })
}

fn in_windows(first: &Window, other: &Window) -> Option<String> {
    if first.benchmark != other.benchmark {
        return Some(format!(
            "window {} is of {}, not of {}",
            other.id, other.benchmark, first.benchmark
        ));
    }
    let name = &first.benchmark;
    let mut samples = (1..).zip(first.samples.iter().zip(&other.samples));
    if let Some((number, (a, b))) = samples.find(|(_, (a, b))| a != b) {
        return Some(format!("{name}, sample {number}: {}", in_samples(a, b)));
    }
    let (a, b) = (first.samples.len(), other.samples.len());
    if a != b {
        return Some(format!("{name}: {b} samples, not {a}"));
    }
    (first.counters != other.counters).then(|| format!("{name}: its counters"))
}

fn in_samples(first: &Sample, other: &Sample) -> String {
    if first.ticks != other.ticks {
        format!("{} ticks, not {}", other.ticks, first.ticks)
    } else if first.start != other.start {
        format!("began at {}, not at {}", other.start, first.start)
    } else {
        "operations or flags".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::Story;
    use crate::trace::read_bytes;

    fn trace(story: &Story) -> Trace {
        read_bytes(&story.bytes(), "test").unwrap()
    }

    #[test]
    fn equal_boots_do_not_differ() {
        let story = Story::default();
        assert_eq!(first_difference(&trace(&story), &trace(&story)), None);
    }

    #[test]
    fn the_first_sample_that_differs_is_named_with_both_values() {
        let other = Story {
            short_sample: true,
            ..Story::default()
        };
        assert_eq!(
            first_difference(&trace(&Story::default()), &trace(&other)).unwrap(),
            "ring/nop/16, sample 3: 3199 ticks, not 4800"
        );
    }

    #[test]
    fn a_sample_at_another_time_differs_too() {
        let other = Story {
            early_sample: true,
            ..Story::default()
        };
        assert_eq!(
            first_difference(&trace(&Story::default()), &trace(&other)).unwrap(),
            "ring/nop/16, sample 1: began at 9950, not at 10050"
        );
    }

    #[test]
    fn counters_differ_after_samples() {
        let counted = |consumed| Story {
            consumed: Some(consumed),
            ..Story::default()
        };
        assert_eq!(
            first_difference(&trace(&counted(64)), &trace(&counted(65))).unwrap(),
            "ring/nop/16: its counters"
        );
    }
}
