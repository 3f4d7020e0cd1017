//! What a row requires is in its stream: a rule that finds nothing to look at must not
//! pass for one that found nothing wrong.

use super::{Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_frames::windows::Window;
use capbench_results::InvalidReason::EvidenceMissing;
use trace_format::Context;

/// What the windows of a boot must hold beside samples.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Required {
    /// Rows that must have a window.
    pub rows: Vec<String>,
    /// Counters, by name, with a reading at both edges.
    pub counters: Vec<&'static str>,
    /// Whether every operation leaves a dispatch.
    pub dispatches: Dispatches,
    /// Whether the kernel accounts for the rings that it records into.
    pub accounts: Accounts,
}

/// Whether a boot records dispatches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dispatches {
    /// Its kernel has no segment probes.
    #[default]
    NotRecorded,
    /// It has them.
    Recorded,
}

/// Whether a stream ends with accounts of its rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accounts {
    /// There are no rings.
    #[default]
    NotKept,
    /// One for each ring.
    Kept,
}

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    let Some(required) = &expected.required else {
        return;
    };
    let asked = |window: &&Window| required.rows.contains(&window.benchmark);
    for window in trace.windows.iter().filter(asked) {
        let is_measured = window.verdict.as_ref().is_none_or(|verdict| {
            // A guest that lacks what the row is about does nothing in it.
            verdict.unsupported().is_none() && verdict.submitted > 0
        });
        if is_measured {
            counters(trace, window, &required.counters, findings);
            dispatches(window, required.dispatches, findings);
        }
        if required.accounts == Accounts::Kept && window.ended.is_some() {
            rings(trace, window, findings);
        }
    }
    if required.accounts == Accounts::Kept && trace.statements.end.is_some() {
        for ring in rings_of(trace) {
            if !trace.statements.accounts.contains_key(&ring) {
                let subject = format_args!("ring of cpu {} {:?}", ring.0, ring.1);
                findings.invalid(EvidenceMissing, subject, "an account", "none");
            }
        }
    }
}

/// The rings of a session: one for each processor and context.
fn rings_of(trace: &Trace) -> impl Iterator<Item = (u16, Context)> {
    let session = trace.statements.session.as_ref();
    let cpus = session.map_or(0, |session| session.cpus);
    (0..cpus).flat_map(|cpu| Context::ALL.map(|context| (cpu, context)))
}

/// Every ring was looked at when the window opened, and when it closed.
fn rings(trace: &Trace, window: &Window, findings: &mut Findings) {
    let both = |ring: &(u16, Context)| {
        let edges = window.rings.get(ring);
        edges.is_some_and(|edges| edges.begin.is_some() && edges.end.is_some())
    };
    if let Some((cpu, context)) = rings_of(trace).find(|ring| !both(ring)) {
        let subject = format_args!("window {}, ring of cpu {cpu} {context:?}", window.id);
        let name = &window.benchmark;
        findings.invalid_for(
            name,
            EvidenceMissing,
            subject,
            "its state at both edges",
            "not both",
        );
    }
}

fn counters(trace: &Trace, window: &Window, required: &[&str], findings: &mut Findings) {
    for &name in required {
        let mut declared = trace.statements.counters.iter();
        let id = declared.find_map(|(id, counter)| (counter.name == name).then_some(*id));
        let read = window.counters.iter().any(|((_, counter), edges)| {
            Some(*counter) == id && edges.begin.is_some() && edges.end.is_some()
        });
        if !read {
            findings.invalid_for(
                &window.benchmark,
                EvidenceMissing,
                format_args!("window {}, counter {name}", window.id),
                "a reading at both edges",
                match id {
                    Some(_) => "not both",
                    None => "no such counter",
                },
            );
        }
    }
}

fn dispatches(window: &Window, recorded: Dispatches, findings: &mut Findings) {
    let found = window.tables.dispatches();
    let subject = format!("window {}", window.id);
    let name = &window.benchmark;
    match recorded {
        Dispatches::Recorded if found == 0 => {
            findings.invalid_for(name, EvidenceMissing, subject, "dispatches", "none");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{BENCHMARK, Story, objections};
    use super::*;
    use trace_format::control::{Edge, Message, RingAccount, WindowRing};

    fn found(story: &Story, required: Required) -> Vec<(&'static str, Objection)> {
        let rows = vec![BENCHMARK.to_owned()];
        let required = Some(Required { rows, ..required });
        let expected = Expectation {
            required,
            ..Expectation::default()
        };
        let found = objections(story, &expected).into_iter();
        found.filter(|(rule, _)| *rule == "required").collect()
    }

    const MISSING: (&str, Objection) = ("required", Objection::Invalid(EvidenceMissing));

    #[test]
    fn a_counter_that_a_row_requires_is_there() {
        let required = || Required {
            counters: vec!["sqe_consumed"],
            ..Required::default()
        };
        let counted = Story {
            consumed: Some(65),
            ..Story::default()
        };
        assert_eq!(found(&counted, required()), []);
        assert_eq!(found(&Story::default(), required()), [MISSING]);
    }

    #[test]
    fn dispatches_of_a_kernel_with_probes_are_there() {
        let required = || Required {
            dispatches: Dispatches::Recorded,
            ..Required::default()
        };
        assert_eq!(found(&Story::default(), required()), []);
        let without = Story {
            no_dispatches: true,
            ..Story::default()
        };
        assert!(found(&without, required()).contains(&MISSING));
    }

    #[test]
    fn rings_without_an_account_are_found() {
        let required = || Required {
            accounts: Accounts::Kept,
            ..Required::default()
        };
        let rings = [Context::Irq, Context::Nmi];
        let others = || Story {
            extra: rings.iter().flat_map(|context| of_ring(*context)).collect(),
            ..Story::default()
        };
        assert_eq!(found(&others(), required()), []);
        let unseen = Story {
            extra: of_ring(Context::Irq),
            ..Story::default()
        };
        assert!(found(&unseen, required()).contains(&MISSING));
        let without = Story {
            no_accounts: true,
            ..others()
        };
        assert_eq!(found(&without, required()), [MISSING]);
    }

    /// What a recorder says of a ring that recorded nothing.
    fn of_ring(context: Context) -> Vec<Message<'static>> {
        let at = |edge| {
            Message::WindowRing(WindowRing {
                window: 1,
                edge,
                cpu: 0,
                context,
                committed: 0,
                dropped: 0,
            })
        };
        let account = Message::RingAccount(RingAccount {
            cpu: 0,
            context,
            begun: 0,
            committed: 0,
            dropped: 0,
            overwritten: 0,
            open: 0,
        });
        vec![at(Edge::Begin), at(Edge::End), account]
    }
}
