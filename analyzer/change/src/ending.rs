//! What a comparison comes to as a whole.

use capbench_results::change::{Change, Compared, Verdict, Why};

/// The worst that is there: what was not compared comes before what regressed, and that
/// before what is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A row is refused, incomparable or gone, or there is none.
    Refused,
    /// A row regressed; in a gate, beyond what the gate allows.
    Regression,
    /// A row is inconclusive.
    Inconclusive,
    /// Nothing is worse.
    Good,
}

impl Ending {
    /// Of a comparison by itself: any regression counts.
    pub fn of(change: &Change) -> Self {
        let any = |verdict| change.with(verdict).next().is_some();
        Self::first(change, any(Verdict::Regressed), any(Verdict::Inconclusive))
    }

    /// Of a gate: a regression counts beyond its limit. Rows that idle are never gated.
    pub fn of_gate(change: &Change) -> Self {
        let compared = || change.rows.iter().filter_map(|row| row.compared());
        let exceeds = |of: &Compared| of.limit.is_some_and(|limit| limit.exceeded);
        let is_open = |of: &Compared| {
            let reason = of.undecided.as_ref().map(|undecided| undecided.reason);
            reason.is_some_and(|reason| reason != Why::Idles)
        };
        Self::first(change, compared().any(exceeds), compared().any(is_open))
    }

    fn first(change: &Change, regressed: bool, is_open: bool) -> Self {
        match (change.is_refused(), regressed, is_open) {
            (true, _, _) => Self::Refused,
            (_, true, _) => Self::Regression,
            (_, _, true) => Self::Inconclusive,
            _ => Self::Good,
        }
    }
}
