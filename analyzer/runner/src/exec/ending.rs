//! How the program ended, from the emulator's exit and the console.
//!
//! The emulator's exit distinguishes three endings and has no room for a code. The
//! kernel's last line has: init ends with what its program ended with. Nothing that
//! a program prints comes after that line.

use miette::Diagnostic;

use crate::boot::Exit;

/// Before the code, in the kernel's last line.
const SYSTEM_END: &str = "kernel: the system ends with ";
/// What init ends with when it could not run the program, and the words for it.
const NOT_RUN: (i64, &str) = (-3, "could not be run: ");
/// Exit codes that the kernel gives to processes which faulted: this minus the
/// vector.
const FAULT_BASE: i64 = -0x1000;
/// Exit code of the system when nothing can run any more, and the kernel's words.
const DEADLOCK: i64 = -2;
const NOTHING_RUNS: &str = "waits, and nothing can end a wait";

/// Why a program came to no end of its own.
#[derive(Debug, PartialEq, Eq, thiserror::Error, Diagnostic)]
pub enum EndError {
    /// Init could not start it.
    #[error("`{name}` could not be run: {why}")]
    #[diagnostic(
        code(capbench::exec::not_run),
        help(
            "grant only what this kernel has; `Unimplemented` means that it lacks the source of a grant"
        )
    )]
    NotRun {
        /// The program.
        name: String,
        /// Init's words.
        why: String,
    },
    /// It did what no program may do.
    #[error("`{name}` was ended by a fault: {fault}")]
    #[diagnostic(code(capbench::exec::fault))]
    Fault {
        /// The program.
        name: String,
        /// The kernel's words.
        fault: String,
    },
    /// It waits, and nothing can end the wait.
    #[error("`{name}` waits for an event that never comes: nothing can run any more")]
    #[diagnostic(
        code(capbench::exec::deadlock),
        help("look for a call that nobody answers, or a completion that was not submitted")
    )]
    Deadlock {
        /// The program.
        name: String,
    },
    /// The kernel gave up.
    #[error("the kernel panicked: {message}")]
    #[diagnostic(
        code(capbench::exec::panic),
        help("no program may be able to do this: it is a bug of the kernel")
    )]
    Panic {
        /// Its words.
        message: String,
    },
    /// It took too long.
    #[error("`{name}` had not ended after {seconds} s")]
    #[diagnostic(
        code(capbench::exec::timeout),
        help("give it longer: --timeout SECONDS")
    )]
    TimedOut {
        /// The program.
        name: String,
        /// The limit.
        seconds: u64,
    },
    /// Its end is beyond an exit status.
    #[error("`{name}` exited with {code}, which is no exit status (0 to 255)")]
    #[diagnostic(code(capbench::exec::code))]
    BeyondStatus {
        /// The program.
        name: String,
        /// Its exit code.
        code: i64,
    },
    /// The user stopped it.
    #[error("interrupted")]
    #[diagnostic(code(capbench::interrupted))]
    Interrupted,
    /// The machine ended in another way.
    #[error("{0}")]
    #[diagnostic(code(capbench::exec::machine))]
    Machine(String),
}

/// The exit status of the program called `name`.
pub(super) fn status(name: &str, exit: &Exit, console: &str) -> Result<u8, EndError> {
    let name = name.to_owned();
    match exit {
        Exit::Clean => Ok(0),
        Exit::ProgramFailed => of_program(name, console),
        Exit::KernelPanic => Err(EndError::Panic {
            message: last_words(console),
        }),
        Exit::TimedOut { seconds } => Err(EndError::TimedOut {
            name,
            seconds: *seconds,
        }),
        Exit::Interrupted => Err(EndError::Interrupted),
        other => Err(EndError::Machine(other.to_string())),
    }
}

fn of_program(name: String, console: &str) -> Result<u8, EndError> {
    let Some(code) = after_last(console, SYSTEM_END).and_then(leading_number) else {
        let nothing = "the kernel did not say what its first process exited with";
        return Err(EndError::Machine(nothing.to_owned()));
    };
    let (not_run, words) = NOT_RUN;
    if code == not_run
        && let Some(why) = after_last(console, &format!("init: {name} {words}"))
    {
        let why = why.to_owned();
        return Err(EndError::NotRun { name, why });
    }
    if code <= FAULT_BASE
        && let Some(fault) = after_last(console, &format!("kernel: {name} ("))
        && let Some((_, fault)) = fault.split_once(") ended by ")
    {
        let fault = fault.to_owned();
        return Err(EndError::Fault { name, fault });
    }
    if code == DEADLOCK && console.contains(NOTHING_RUNS) {
        return Err(EndError::Deadlock { name });
    }
    u8::try_from(code).map_err(|_| EndError::BeyondStatus { name, code })
}

/// The number a text starts with; the kernel may say more about the end.
fn leading_number(text: &str) -> Option<i64> {
    let number = text.split([',', ' ']).next()?;
    number.parse().ok()
}

/// Place and message of a panic are two lines, and the last.
fn last_words(console: &str) -> String {
    match console.rsplit_once("kernel: panicked at ") {
        Some((_, words)) => words.lines().collect::<Vec<_>>().join(" "),
        None => "without a word".to_owned(),
    }
}

/// The rest of the line behind the last place where `words` stand. A program's last
/// line may lack its end, so they need not stand at the start of one.
fn after_last<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    let (_, rest) = text.rsplit_once(words)?;
    rest.lines().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(console: &str) -> Result<u8, EndError> {
        status("demo", &Exit::ProgramFailed, console)
    }

    #[test]
    fn a_code_is_the_kernels_last_word_and_not_the_programs() {
        assert_eq!(status("demo", &Exit::Clean, ""), Ok(0));
        let console = "kernel: the system ends with 9\nunfinishedinit: demo exited with 7\n\
                       kernel: the system ends with 7\n";
        assert_eq!(failed(console), Ok(7));
        let more = "kernel: the system ends with 255, 12 free frames\n";
        assert_eq!(failed(more), Ok(255));
        for beyond in [256, -1, i64::MIN] {
            assert_eq!(
                failed(&format!("kernel: the system ends with {beyond}\n")),
                Err(EndError::BeyondStatus {
                    name: "demo".into(),
                    code: beyond
                })
            );
        }
    }

    #[test]
    fn a_fault_is_told_in_the_kernels_words() {
        let console = "kernel: demo (2) ended by page fault at 0x1 (error 0x4)\n\
                       init: demo exited with -4110\nkernel: the system ends with -4110\n";
        let fault = "page fault at 0x1 (error 0x4)".to_owned();
        let name = "demo".to_owned();
        assert_eq!(failed(console), Err(EndError::Fault { name, fault }));
        // The same code without a fault is a code.
        let console = "kernel: child (3) ended by page fault at 0x1\n\
                       kernel: the system ends with -4110\n";
        assert!(matches!(
            failed(console),
            Err(EndError::BeyondStatus { code: -4110, .. })
        ));
    }

    #[test]
    fn what_could_not_be_started_is_no_exit() {
        let console = "init: demo could not be run: no such thing\n\
                       kernel: the system ends with -3\n";
        let why = "no such thing".to_owned();
        let name = "demo".to_owned();
        assert_eq!(failed(console), Err(EndError::NotRun { name, why }));
    }

    #[test]
    fn every_other_ending_has_words_of_its_own() {
        let said = |exit: Exit, console: &str| status("demo", &exit, console).unwrap_err();
        let panic = said(
            Exit::KernelPanic,
            "kernel: panicked at src/a.rs:1:2:\nno more frames\n",
        );
        let words = "src/a.rs:1:2: no more frames";
        assert!(panic.to_string().contains(words), "{panic}");
        let hung = said(Exit::TimedOut { seconds: 3 }, "");
        assert_eq!(hung.to_string(), "`demo` had not ended after 3 s");
        assert_eq!(said(Exit::Interrupted, ""), EndError::Interrupted);
        let waits = "kernel: every thread waits, and nothing can end a wait\n\
                     kernel: the system ends with -2\n";
        assert!(matches!(failed(waits), Err(EndError::Deadlock { .. })));
        assert!(matches!(failed(""), Err(EndError::Machine(_))));
    }
}
