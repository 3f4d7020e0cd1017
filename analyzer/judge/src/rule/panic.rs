//! The kernel did not panic, and no program faulted or ended badly. What a child exits
//! with is another matter: its parent waits for it, and holds the code against its own
//! oracle.

use super::{Expectation, Findings, Objection};
use capbench_frames::trace::Trace;
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
    for exit in &statements.exits {
        let code = expected.exit_codes.get(program(exit.pid)).unwrap_or(&0);
        if exit.code != *code {
            findings.push(
                Objection::Failed(FailureReason::ProgramFailed),
                None,
                format_args!("process {} ({})", exit.pid, program(exit.pid)),
                format_args!("exit code {code}"),
                exit.code,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Story, objections};
    use super::*;
    use trace_format::control::{Message, Panicked, ProcessExited, ProcessFaulted};

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
    fn a_program_that_is_to_end_with_a_code_must() {
        let mut expected = Expectation::default();
        expected.exit_codes.insert("ring-nop".to_owned(), 42);
        let ends_with = |code| {
            let exited = ProcessExited { pid: 2, code };
            let story = Story {
                extra: vec![Message::ProcessExited(exited)],
                ..Story::default()
            };
            objections(&story, &expected)
        };
        let failed = ("panic", Objection::Failed(FailureReason::ProgramFailed));
        assert_eq!(ends_with(42), []);
        assert_eq!(ends_with(0), [failed]);
    }
}
