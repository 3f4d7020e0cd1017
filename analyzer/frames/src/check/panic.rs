//! The kernel did not panic, and no program faulted or ended badly. What a child exits
//! with is another matter: its parent waits for it, and holds the code against its own
//! oracle.

use super::{Expectation, Findings, Objection};
use crate::trace::Trace;
use capbench_results::{FailureReason, InvalidReason};

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    let statements = &trace.statements;
    let program = |pid| {
        statements
            .program(pid)
            .unwrap_or("a program the stream does not name")
    };
    if let Some(panic) = &statements.panic {
        findings.invalid(InvalidReason::KernelPanic, "the kernel", "no panic", panic);
    }
    for fault in &statements.faults {
        findings.invalid(
            InvalidReason::KernelPanic,
            format_args!("process {} ({})", fault.pid, program(fault.pid)),
            "no fault",
            format_args!(
                "exception {} at {:#x}, address {:#x}",
                fault.vector, fault.instruction, fault.address
            ),
        );
    }
    let is_child = |pid| {
        let name = statements.program(pid);
        name.is_some_and(|name| expected.children.contains(name))
    };
    let ended_badly = statements.exits.iter().filter(|exit| exit.code != 0);
    for exit in ended_badly.filter(|exit| !is_child(exit.pid)) {
        findings.push(
            Objection::Failed(FailureReason::ProgramFailed),
            None,
            format_args!("process {} ({})", exit.pid, program(exit.pid)),
            "exit code 0",
            exit.code,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Story, objections};
    use super::*;
    use trace_format::control::{Message, Panicked, ProcessExited, ProcessFaulted, ThreadDeclared};

    fn with(message: Message<'static>) -> Vec<(&'static str, Objection)> {
        let story = Story {
            extra: vec![message],
            ..Story::default()
        };
        objections(&story, &Expectation::default())
    }

    #[test]
    fn a_panic_a_fault_and_a_bad_exit_are_found() {
        let panicked = Panicked {
            time: 1,
            message: "no frames",
            location: "frames.rs:7",
            open_spans: 1,
        };
        let panic = ("panic", Objection::Invalid(InvalidReason::KernelPanic));
        assert_eq!(with(Message::Panicked(panicked)), [panic]);
        let fault = ProcessFaulted {
            pid: 3,
            vector: 14,
            error_code: 4,
            instruction: 1,
            address: 2,
        };
        assert_eq!(with(Message::ProcessFaulted(fault)), [panic]);
        let exit = |code| Message::ProcessExited(ProcessExited { pid: 3, code });
        let failed = ("panic", Objection::Failed(FailureReason::ProgramFailed));
        assert_eq!(with(exit(-1)), [failed]);
        assert_eq!(with(exit(0)), []);
    }

    #[test]
    fn what_a_child_exits_with_is_for_its_parent_to_judge() {
        let leaf = ThreadDeclared {
            tid: 9,
            pid: 3,
            program: "leaf",
        };
        let exited = ProcessExited { pid: 3, code: 42 };
        let found = |children: &[&str]| {
            let story = Story {
                extra: vec![
                    Message::ThreadDeclared(leaf),
                    Message::ProcessExited(exited),
                ],
                ..Story::default()
            };
            let expected = Expectation {
                children: children.iter().map(ToString::to_string).collect(),
                ..Expectation::default()
            };
            objections(&story, &expected)
        };
        let failed = ("panic", Objection::Failed(FailureReason::ProgramFailed));
        assert_eq!(found(&["leaf"]), []);
        assert_eq!(found(&["other"]), [failed]);
    }
}
