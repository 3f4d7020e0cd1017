//! Every window that opened also closed, once per benchmark; none was refused. It is what
//! was asked for, by the program that was asked, and it was written when it says.

use super::{Expectation, Findings, Objection};
use capbench_frames::trace::Trace;
use capbench_frames::windows::{Window, Written};
use capbench_results::InvalidReason::{EvidenceMissing, SessionMismatch};
use capbench_results::{FailureReason, InvalidReason};

/// What was asked of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Program that opens it; empty where nobody knows.
    pub program: String,
    /// Records that it may commit, where the kernel is told.
    pub record_bound: Option<u32>,
}

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    for refused in &trace.statements.refused {
        findings.push(
            Objection::Failed(FailureReason::WindowRefused),
            Some(&refused.benchmark),
            "trace ring",
            format_args!("{} slots for the declared record bound", refused.needed),
            format_args!("{} slots", refused.capacity),
        );
    }
    for (index, window) in trace.windows.iter().enumerate() {
        let name = &window.benchmark;
        let subject = format!("window {}", window.id);
        if window.ended.is_none() {
            let failed = Objection::Failed(FailureReason::Incomplete);
            findings.push(failed, Some(name), &subject, "an end", "none");
        }
        if trace.windows[..index]
            .iter()
            .any(|earlier| earlier.benchmark == *name)
        {
            let reason = InvalidReason::AccountsUnbalanced;
            findings.invalid_for(
                name,
                reason,
                &subject,
                "one window per boot",
                "a second one",
            );
        }
        if let Some(asked) = expected.windows.get(name) {
            as_asked(trace, window, asked, findings);
        }
        if let Some(observed) = not_when_written(window) {
            let expected = "times that its frames allow";
            findings.invalid_for(
                name,
                InvalidReason::TimeOrderBroken,
                &subject,
                expected,
                observed,
            );
        }
        if let Some(detail) = accepted_with_objection(window) {
            let observed = format!("passed, with {detail:?}");
            let reason = InvalidReason::AccountsUnbalanced;
            findings.invalid_for(
                name,
                reason,
                &subject,
                "a verdict or an objection",
                observed,
            );
        }
        if let Some(verdict) = &window.verdict
            && verdict.submitted != window.expected_operations
            && window.expected_operations > 0
            && verdict.unsupported().is_none()
        {
            findings.push(
                Objection::Failed(FailureReason::Incomplete),
                Some(name),
                format_args!("{subject}, operations"),
                window.expected_operations,
                verdict.submitted,
            );
        }
    }
}

/// Holds a window against what its program was asked for.
fn as_asked(trace: &Trace, window: &Window, asked: &Asked, findings: &mut Findings) {
    let name = &window.benchmark;
    let subject = format!("window {}", window.id);
    let opener = trace.statements.threads.get(&window.tid);
    let program = opener.map_or("nobody", |(_, program)| program.as_str());
    if !asked.program.is_empty() && program != asked.program {
        let expected = format_args!("opened by {}", asked.program);
        findings.invalid_for(name, SessionMismatch, &subject, expected, program);
    }
    if let Some(bound) = asked
        .record_bound
        .filter(|bound| *bound != window.record_bound)
    {
        let expected = format_args!("{bound} records at most");
        findings.invalid_for(
            name,
            SessionMismatch,
            &subject,
            expected,
            window.record_bound,
        );
    }
    // Without a ring, the bound is what the program sends.
    let samples = window.samples.len();
    let is_measured = window
        .verdict
        .as_ref()
        .is_some_and(|verdict| verdict.passed);
    let is_sent = asked.record_bound.is_some() || samples == window.record_bound as usize;
    if is_measured && !is_sent {
        let expected = format_args!("{} samples, as it states", window.record_bound);
        findings.invalid_for(name, SessionMismatch, &subject, expected, samples);
    }
    if window.expected_operations == 0 {
        let expected = "the operations that it intends";
        findings.invalid_for(name, EvidenceMissing, &subject, expected, "none stated");
    }
    let one_edge = window
        .counters
        .iter()
        .find(|(_, edges)| edges.begin.is_some() != edges.end.is_some());
    if let Some(((cpu, counter), _)) = one_edge.filter(|_| window.ended.is_some()) {
        let counter = trace
            .statements
            .counters
            .get(counter)
            .map_or("?", |c| c.name.as_str());
        let subject = format_args!("{subject}, counter {counter} of cpu {cpu}");
        findings.invalid_for(
            name,
            EvidenceMissing,
            subject,
            "a reading at both edges",
            "one",
        );
    }
}

/// A time that a window's own frames contradict, in words: what they say was before, or
/// is not yet.
fn not_when_written(window: &Window) -> Option<String> {
    let Written { after, at } = window.begin_written;
    if window.begun < after || at < window.begun {
        let begun = window.begun;
        return Some(format!(
            "a begin at {begun}, written between {after} and {at}"
        ));
    }
    let at = window.end_written.at;
    let ended = window.ended.filter(|ended| at < *ended)?;
    Some(format!("an end at {ended}, written at {at}"))
}

/// What a verdict objects to although it passed.
fn accepted_with_objection(window: &Window) -> Option<&str> {
    let verdict = window.verdict.as_ref()?;
    (verdict.passed && !verdict.detail.is_empty()).then_some(verdict.detail.as_str())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{BENCHMARK, Story, objections};
    use super::*;
    use capbench_frames::windows::Verdict;
    use trace_format::control::{Edge, Message, WindowCounter, WindowRefused};

    const INCOMPLETE: (&str, Objection) = ("windows", Objection::Failed(FailureReason::Incomplete));

    #[test]
    fn a_refused_window_is_found() {
        let refused = WindowRefused {
            benchmark: "ring/nop/16",
            needed: 4096,
            capacity: 64,
        };
        let story = Story {
            extra: vec![Message::WindowRefused(refused)],
            ..Story::default()
        };
        let refused = ("windows", Objection::Failed(FailureReason::WindowRefused));
        assert_eq!(objections(&story, &Expectation::default()), [refused]);
    }

    #[test]
    fn a_window_that_never_closes_is_found() {
        let story = Story {
            endless: true,
            ..Story::default()
        };
        assert!(objections(&story, &Expectation::default()).contains(&INCOMPLETE));
    }

    #[test]
    fn less_work_than_intended_is_found() {
        let story = Story {
            intended: Some(1000),
            ..Story::default()
        };
        assert_eq!(objections(&story, &Expectation::default()), [INCOMPLETE]);
    }

    fn asked(story: &Story, asked: Asked) -> Vec<(&'static str, Objection)> {
        let windows = [(BENCHMARK.to_owned(), asked)].into();
        objections(
            story,
            &Expectation {
                windows,
                ..Expectation::default()
            },
        )
    }

    #[test]
    fn a_window_that_nobody_asked_for_so_is_found() {
        let own = || Asked {
            program: "ring-nop".to_owned(),
            record_bound: Some(1000),
        };
        let mismatch = ("windows", Objection::Invalid(SessionMismatch));
        assert_eq!(asked(&Story::default(), own()), []);
        let others = [
            Asked {
                program: "another".to_owned(),
                ..own()
            },
            Asked {
                record_bound: Some(999),
                ..own()
            },
        ];
        for other in others {
            assert_eq!(asked(&Story::default(), other), [mismatch]);
        }
        let intends_nothing = Story {
            intended: Some(0),
            ..Story::default()
        };
        let missing = ("windows", Objection::Invalid(EvidenceMissing));
        assert_eq!(asked(&intends_nothing, own()), [missing]);
    }

    #[test]
    fn a_counter_that_was_read_once_only_is_found() {
        let once = WindowCounter {
            window: 1,
            edge: Edge::Begin,
            cpu: 0,
            counter: 1,
            value: 1,
        };
        let story = Story {
            extra: vec![Message::WindowCounter(once)],
            ..Story::default()
        };
        let missing = ("windows", Objection::Invalid(EvidenceMissing));
        assert_eq!(
            asked(
                &story,
                Asked {
                    record_bound: Some(1000),
                    ..Asked::default()
                }
            ),
            [missing]
        );
    }

    #[test]
    fn a_time_that_the_windows_own_frames_contradict_is_found() {
        let written = |begun, after, at| {
            not_when_written(&Window {
                begun,
                begin_written: Written { after, at },
                ended: Some(90),
                end_written: Written { after: 0, at: 95 },
                ..Window::default()
            })
        };
        assert_eq!(written(10, 5, 12), None);
        assert!(written(4, 5, 12).is_some());
        assert!(written(13, 5, 12).is_some());
        let late = Window {
            ended: Some(96),
            end_written: Written { after: 0, at: 95 },
            ..Window::default()
        };
        assert!(not_when_written(&late).is_some());
    }

    #[test]
    fn a_verdict_that_passes_and_objects_is_found() {
        let window = |passed, detail: &str| Window {
            verdict: Some(Verdict {
                passed,
                submitted: 1,
                completed: 1,
                failures: 0,
                detail: detail.to_owned(),
            }),
            ..Window::default()
        };
        assert_eq!(accepted_with_objection(&window(true, "")), None);
        assert_eq!(accepted_with_objection(&window(false, "x")), None);
        assert_eq!(accepted_with_objection(&window(true, "x")), Some("x"));
    }
}
