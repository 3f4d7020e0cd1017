//! Segment trees on their way into histograms.
//!
//! A dispatch that nests as an earlier one did is not rebuilt: see
//! [`crate::pattern`]. Many of those are handed over together, so that a
//! counter can go segment by segment. All others go through
//! [`crate::nesting`].

use std::convert::Infallible;

use trace_format::decode::{RootAt, SpanColumns};

use crate::nesting::{Facts, Fault, Nesting, Sink, Top, Tree};
use crate::pattern::{Alike, DURATION_MAX, Gathered, Pattern, Patterns};
use crate::statements::Statements;

/// A counter of trees, which need not see each.
pub(crate) trait Counter: Sink<Error = Infallible> {
    /// Where the records of a dispatch belong.
    type Place: Copy + PartialEq;
    /// A complete dispatch from `start` to `end`, whose durations follow. They go to
    /// the place that this returns.
    fn dispatch(&mut self, start: u64, end: u64, root: &RootAt) -> Self::Place;
    /// The durations of complete dispatches that nest by one pattern.
    fn alike(&mut self, place: Self::Place, pattern: &Pattern, alike: &Alike);
}

/// What is known of the segments of one CPU, and the trees that were already built
/// by it.
pub(crate) struct Known {
    facts: Facts,
    patterns: Patterns,
}

impl Known {
    pub(crate) fn new(statements: &Statements, cpu: u16) -> Self {
        Self {
            facts: Facts::calibrated(statements, cpu),
            patterns: Patterns::default(),
        }
    }

    /// The pattern of the dispatch whose records begin at `from`, if it has one and
    /// nothing before it is still open.
    #[inline]
    fn pattern(
        &self,
        nesting: &Nesting,
        columns: &SpanColumns,
        from: usize,
        root: &RootAt,
    ) -> Option<usize> {
        let at = root.index as usize;
        if usize::from(root.spans_inside) != at - from
            || !nesting.is_between_trees(columns.end[from])
            || columns.end[at] - columns.duration[at] < nesting.closed()
            || columns.duration[at] > DURATION_MAX
        {
            return None;
        }
        self.patterns.find(columns, from, at - from + 1)
    }

    /// Counts what was gathered.
    fn hand_over<C: Counter>(&self, gathered: &mut Gathered<C::Place>, counter: &mut C) {
        gathered.drain(&self.patterns, |place, pattern, alike| {
            counter.alike(place, pattern, alike);
        });
    }
}

/// Takes the records of a ring's frame. `gathered` is empty before and after.
pub(crate) fn count<C: Counter>(
    nesting: &mut Nesting,
    columns: &SpanColumns,
    known: &mut Known,
    gathered: &mut Gathered<C::Place>,
    counter: &mut C,
) {
    let mut from = 0;
    for root in &columns.roots {
        let at = root.index as usize;
        if let Some(pattern) = known.pattern(nesting, columns, from, root) {
            let (end, duration) = (columns.end[at], columns.duration[at]);
            let place = counter.dispatch(end - duration, end, root);
            if !gathered.takes(place, pattern) {
                known.hand_over(gathered, counter);
            }
            gathered.push(place, pattern, &columns.duration[from..=at]);
            nesting.skip(end);
        } else {
            let mut learning = Learning {
                counter,
                patterns: &mut known.patterns,
            };
            let Ok(()) = nesting.spans(columns, from..at, &known.facts, &mut learning);
            let Ok(()) = nesting.root(columns, root, &known.facts, &mut learning);
        }
        from = at + 1;
    }
    known.hand_over(gathered, counter);
    let Ok(()) = nesting.spans(columns, from..columns.len(), &known.facts, counter);
}

/// Keeps the patterns of the complete dispatches that pass through it.
struct Learning<'a, C> {
    counter: &'a mut C,
    patterns: &'a mut Patterns,
}

impl<C: Counter> Sink for Learning<'_, C> {
    type Error = Infallible;

    #[inline]
    fn tree(&mut self, tree: Tree) -> Result<(), Infallible> {
        self.counter.tree(tree)?;
        if let (Top::Dispatch(_), true) = (tree.top, tree.complete) {
            self.patterns.learn(tree.nodes);
        }
        Ok(())
    }

    fn fault(&mut self, fault: Fault, time: u64) -> Result<(), Infallible> {
        self.counter.fault(fault, time)
    }
}

#[cfg(test)]
#[path = "segments_tests.rs"]
mod tests;
