//! Whatever a boot's stream uses it declared: threads, interfaces, counters, instants and
//! metrics. What was not declared could be anything.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::DeclarationsContradict;
use std::collections::BTreeSet;
use trace_format::Dispatch;

/// Undeclared ones that are named.
const SHOWN: usize = 4;

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    // A foreign recorder may leave out what no result of ours needs.
    if expected.required.is_none() {
        return;
    }
    for (what, ids) in undeclared(trace) {
        if !ids.is_empty() {
            let shown: Vec<&str> = ids.iter().take(SHOWN).map(String::as_str).collect();
            let subject = format!("{what} that are used");
            findings.invalid(
                DeclarationsContradict,
                subject,
                "declared",
                shown.join(", "),
            );
        }
    }
}

/// Kinds, each with what nothing declared.
fn undeclared(trace: &Trace) -> [(&'static str, BTreeSet<String>); 6] {
    let statements = &trace.statements;
    let text = |id: &u16| id.to_string();
    let threads = trace.dispatched.iter().map(|(tid, _)| *tid);
    let threads = threads.chain(trace.windows.iter().map(|window| window.tid));
    let threads = threads.filter(|tid| !statements.threads.contains_key(tid));
    // The idle loop is no thread, and of no process.
    let nobody = statements.threads.iter();
    let nobody = nobody.filter(|(tid, (pid, _))| **tid == 0 || *pid == 0);
    let threads = threads.chain(nobody.map(|(tid, _)| *tid));
    let processes = statements.exits.iter().map(|exit| exit.pid);
    let processes = processes.chain(statements.granted.iter().map(|grant| grant.pid));
    let processes = processes.filter(|pid| statements.program(*pid).is_none());
    let known: BTreeSet<u64> = statements.interfaces.values().map(|(id, _)| *id).collect();
    let ids = statements.granted.iter().map(|grant| grant.interface);
    let ids = ids.chain(statements.exercised.iter().map(|used| used.interface));
    let ids = ids
        .filter(|id| !known.contains(id))
        .map(|id| format!("{id:#x}"));
    let indexes = trace.dispatched.iter().map(|(_, index)| *index);
    let indexes = indexes
        .filter(|index| *index != Dispatch::NO_INTERFACE)
        .filter(|index| !statements.interfaces.contains_key(index));
    let counters = trace
        .windows
        .iter()
        .flat_map(|window| window.counters.keys());
    let counters = counters
        .filter(|(_, id)| !statements.counters.contains_key(id))
        .map(|(_, id)| id.to_string());
    let metrics = trace.windows.iter().flat_map(|window| {
        let samples = window.samples.iter().map(|sample| sample.metric);
        // A window with one metric need not name it.
        let undeclared = samples.filter(|metric| !window.metrics.contains_key(metric));
        undeclared.filter(|metric| *metric != 0 || !window.metrics.is_empty())
    });
    [
        ("threads", threads.map(|tid| tid.to_string()).collect()),
        ("processes", processes.map(|pid| pid.to_string()).collect()),
        (
            "interfaces",
            ids.chain(indexes.map(|index| format!("index {index}")))
                .collect(),
        ),
        (
            "counters",
            counters
                .chain(trace.undeclared_counters.iter().map(text))
                .collect(),
        ),
        (
            "instants",
            trace.undeclared_instants.iter().map(text).collect(),
        ),
        (
            "metrics",
            metrics.map(|metric| metric.to_string()).collect(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Story, objections};
    use super::super::{Objection, Required};
    use super::*;
    use trace_format::control::{AuthorityExercised, Edge, Message, ProcessExited, WindowCounter};

    fn found(extra: Vec<Message<'static>>) -> Vec<(&'static str, Objection)> {
        let story = Story {
            extra,
            ..Story::default()
        };
        objections(
            &story,
            &Expectation {
                required: Some(Required::default()),
                ..Expectation::default()
            },
        )
    }

    const UNDECLARED: (&str, Objection) = ("declared", Objection::Invalid(DeclarationsContradict));

    #[test]
    fn what_nothing_declared_is_found() {
        assert_eq!(found(vec![]), []);
        let edges = [Edge::Begin, Edge::End].map(|edge| {
            Message::WindowCounter(WindowCounter {
                window: 1,
                edge,
                cpu: 0,
                counter: 77,
                value: 0,
            })
        });
        assert_eq!(found(edges.to_vec()), [UNDECLARED]);
        let exit = ProcessExited { pid: 99, code: 0 };
        assert_eq!(found(vec![Message::ProcessExited(exit)]), [UNDECLARED]);
        let used = AuthorityExercised {
            pid: 2,
            interface: 0xABCD,
            calls: 1,
        };
        assert_eq!(found(vec![Message::AuthorityExercised(used)]), [UNDECLARED]);
    }
}
