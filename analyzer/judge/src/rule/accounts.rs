//! Counts of the same thing, made in different places, are equal.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_frames::windows::Window;
use capbench_results::InvalidReason::AccountsUnbalanced;
use trace_format::Context;

/// Name of the kernel's count of submissions taken off their queues.
pub(crate) const CONSUMED: &str = "sqe_consumed";

/// Name of its count of completions posted.
pub(crate) const POSTED: &str = "cqe_posted";

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    // A stream that just stops states no totals; that is another rule's finding.
    if let Some(end) = trace.statements.end {
        rings(trace, findings);
        let totals = [
            ("samples", end.samples, trace.totals.samples),
            ("instants", end.instants, trace.totals.instants),
        ];
        for (what, sent, decoded) in totals.into_iter().filter(|(_, sent, got)| sent != got) {
            let expected = format!("{sent} sent");
            findings.invalid(
                AccountsUnbalanced,
                what,
                expected,
                format_args!("{decoded} decoded"),
            );
        }
    }
    for window in trace.windows.iter().filter(|window| window.ended.is_some()) {
        operations(window, findings);
        edges(trace, window, findings);
        kernel_counters(trace, window, findings);
    }
}

/// The kernel's own counts of a window, where it has them.
///
/// The edges lie inside the calls that open and close the window: the closing call
/// was consumed when the last edge was taken, the opening one was completed after
/// the first. Either count holds one of these beside the window's operations.
fn kernel_counters(trace: &Trace, window: &Window, findings: &mut Findings) {
    let Some(verdict) = &window.verdict else {
        return;
    };
    let pairs = [
        (CONSUMED, "submitted", verdict.submitted),
        (POSTED, "completed", verdict.completed),
    ];
    for (name, what, of_program) in pairs {
        let declared = trace
            .statements
            .counters
            .iter()
            .find(|(_, counter)| counter.name == name);
        let Some((id, _)) = declared else { continue };
        let counts = window
            .counters
            .iter()
            .filter(|((_, counter), _)| counter == id);
        let change = counts.fold(0u64, |sum, (_, edges)| {
            let (begin, end) = (edges.begin.unwrap_or(0), edges.end.unwrap_or(0));
            sum.wrapping_add(end.wrapping_sub(begin))
        });
        if change != of_program.wrapping_add(1) {
            findings.invalid_for(
                &window.benchmark,
                AccountsUnbalanced,
                format_args!("window {}, counter {name}", window.id),
                format_args!("{of_program} {what} and one call at an edge"),
                change,
            );
        }
    }
}

/// What a ring had committed at the edges of a window stands in the stream: it was
/// drained just before. On one processor nothing comes between the two.
fn edges(trace: &Trace, window: &Window, findings: &mut Findings) {
    let session = trace.statements.session.as_ref();
    let is_alone = session.is_some_and(|session| session.cpus == 1 && !session.overwrites);
    for ((cpu, context), edges) in &window.rings {
        for (edge, state) in [("begin", edges.begin), ("end", edges.end)] {
            let Some(state) = state else { continue };
            let is_exact = is_alone && *context == Context::Thread;
            let fits = match is_exact {
                true => state.committed == state.decoded,
                false => state.committed >= state.decoded,
            };
            if !fits {
                findings.invalid_for(
                    &window.benchmark,
                    AccountsUnbalanced,
                    format_args!(
                        "window {}, ring of cpu {cpu} {context:?}, {edge}",
                        window.id
                    ),
                    format_args!("{} committed", state.committed),
                    format_args!("{} decoded", state.decoded),
                );
            }
        }
    }
}

fn rings(trace: &Trace, findings: &mut Findings) {
    for ((cpu, context), account) in &trace.statements.accounts {
        let subject = format!("ring of cpu {cpu} {context:?}");
        let sum = [account.committed, account.dropped, account.open]
            .into_iter()
            .try_fold(0u64, u64::checked_add);
        if sum != Some(account.begun) {
            findings.invalid(
                AccountsUnbalanced,
                &subject,
                format_args!("{} begun", account.begun),
                format_args!(
                    "{} committed + {} dropped + {} open",
                    account.committed, account.dropped, account.open
                ),
            );
        }
        if account.open > 0 {
            findings.invalid(
                AccountsUnbalanced,
                &subject,
                "0 open at the end",
                account.open,
            );
        }
        let ring = trace
            .rings
            .get(&(*cpu, *context))
            .copied()
            .unwrap_or_default();
        let delivered = account.committed.checked_sub(account.overwritten);
        if delivered != Some(ring.decoded) {
            findings.invalid(
                AccountsUnbalanced,
                &subject,
                format_args!(
                    "{} committed − {} overwritten",
                    account.committed, account.overwritten
                ),
                format_args!("{} decoded", ring.decoded),
            );
        }
    }
    let silent = trace
        .rings
        .iter()
        .filter(|(ring, _)| !trace.statements.accounts.contains_key(*ring));
    for ((cpu, context), ring) in silent {
        let subject = format!("ring of cpu {cpu} {context:?}");
        let observed = format!("none, {} decoded", ring.decoded);
        findings.invalid(AccountsUnbalanced, subject, "an account", observed);
    }
}

/// Submissions, completions and dispatches of a window.
fn operations(window: &Window, findings: &mut Findings) {
    let Some(verdict) = &window.verdict else {
        return;
    };
    let name = &window.benchmark;
    let subject = format!("window {}", window.id);
    if verdict.submitted != verdict.completed {
        findings.invalid_for(
            name,
            AccountsUnbalanced,
            &subject,
            format_args!("{} submitted", verdict.submitted),
            format_args!("{} completed", verdict.completed),
        );
    }
    let tables = &window.tables;
    // Without segment probes there are no dispatches to count; where some were
    // dropped, that is the finding.
    let dropped = window
        .rings
        .values()
        .any(|edges| match (edges.begin, edges.end) {
            (Some(begin), Some(end)) => begin.dropped != end.dropped,
            _ => true,
        });
    if tables.dispatches() > 0 && !dropped {
        // A resumed dispatch is the second part of one that was counted.
        let begun = tables.dispatches() - tables.resumed;
        if begun != verdict.submitted {
            findings.invalid_for(
                name,
                AccountsUnbalanced,
                &subject,
                format_args!("{} submitted", verdict.submitted),
                format_args!("{begun} dispatches decoded"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;

    const UNBALANCED: (&str, Objection) = ("accounts", Objection::Invalid(AccountsUnbalanced));

    #[test]
    fn balanced_accounts_are_no_finding() {
        assert_eq!(objections(&Story::default(), &Expectation::default()), []);
    }

    #[test]
    fn a_ring_that_committed_more_than_was_decoded_is_found() {
        let story = Story {
            unsent: 1,
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [UNBALANCED]);
    }

    #[test]
    fn a_span_that_was_never_ended_is_found() {
        let story = Story {
            open: 1,
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [UNBALANCED]);
    }

    #[test]
    fn a_ring_without_an_account_is_found() {
        let story = Story {
            no_accounts: true,
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [UNBALANCED]);
    }

    #[test]
    fn a_completion_the_program_did_not_see_is_found() {
        let story = Story {
            unseen: 1,
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [UNBALANCED]);
    }

    #[test]
    fn a_submission_only_the_kernel_counted_is_found() {
        let counted = |consumed| Story {
            consumed: Some(consumed),
            ..Story::default()
        };
        assert_eq!(objections(&counted(65), &Expectation::default()), []);
        assert_eq!(
            objections(&counted(66), &Expectation::default()),
            [UNBALANCED]
        );
    }

    #[test]
    fn a_dispatch_nobody_submitted_is_found() {
        let story = Story {
            unsubmitted: 1,
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default())[0], UNBALANCED);
    }

    #[test]
    fn a_ring_that_had_committed_more_when_the_window_closed_is_found() {
        let story = Story {
            undrained: 1,
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [UNBALANCED]);
    }
}
