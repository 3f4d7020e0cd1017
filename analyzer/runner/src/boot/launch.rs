//! Starting one emulator and waiting for its end within limits.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Exit;
use super::internal_error::{InternalErrors, monitor};
use crate::child::dies_with_us;
use crate::interrupt::Interrupt;

/// Short against a boot (hundreds of milliseconds), long against a `wait4`.
const POLL: Duration = Duration::from_millis(5);

/// The limits of a boot.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Host time.
    pub time: Duration,
    /// Bytes of trace; a guest that loops while sending would fill the disk.
    pub trace_bytes: u64,
}

/// What is watched beside the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supervision {
    /// Nothing.
    Limits,
    /// Whether KVM gives up on the guest. The arguments put QEMU's monitor on its
    /// standard input and output.
    Kvm,
}

/// One emulator to start.
#[derive(Clone, Copy, Debug)]
pub struct Launch<'a> {
    /// The executable.
    pub program: &'a Path,
    /// Its arguments.
    pub arguments: &'a [String],
    /// Receives stderr, and stdout where no monitor is there.
    pub log: &'a Path,
    /// The file the guest's frames go to.
    pub trace: &'a Path,
    /// When to give up.
    pub limits: Limits,
    /// What else ends it.
    pub supervision: Supervision,
}

/// How it went.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The way it ended.
    pub exit: Exit,
    /// How long it took.
    pub wall: Duration,
}

/// Runs one emulator to its end. Never fails: not starting is an ending too.
pub fn launch(launch: &Launch<'_>, interrupt: &Interrupt) -> Ended {
    let start = Instant::now();
    let exit = match spawn(launch) {
        Ok(mut started) => wait(&mut started, launch, interrupt, start),
        Err(error) => Exit::NotStarted {
            message: error.to_string(),
        },
    };
    Ended {
        exit,
        wall: start.elapsed(),
    }
}

struct Started {
    child: Child,
    internal_errors: Option<InternalErrors>,
}

fn spawn(launch: &Launch<'_>) -> io::Result<Started> {
    let log = File::create(launch.log)?;
    let mut command = Command::new(launch.program);
    command
        .args(launch.arguments)
        // The terminal's Ctrl-C is for the runner, which then ends its guests.
        .process_group(0);
    dies_with_us(&mut command);
    let internal_errors = match launch.supervision {
        Supervision::Limits => {
            command.stdin(Stdio::null()).stdout(log.try_clone()?);
            None
        }
        Supervision::Kvm => {
            let (ours, input, output) = monitor()?;
            command.stdin(input).stdout(output);
            Some(InternalErrors::new(launch.log, ours)?)
        }
    };
    let child = command.stderr(log).spawn()?;
    Ok(Started {
        child,
        internal_errors,
    })
}

fn wait(started: &mut Started, launch: &Launch<'_>, interrupt: &Interrupt, start: Instant) -> Exit {
    let Started {
        child,
        internal_errors,
    } = started;
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return interpret(status, launch.log),
            Ok(None) => {}
            Err(error) => {
                end(child);
                let message = error.to_string();
                return Exit::NotStarted { message };
            }
        }
        let broken = internal_errors.as_mut().and_then(InternalErrors::look);
        let exit = match broken {
            Some(message) => Some(Exit::InternalError { message }),
            None => overdue(launch, interrupt, start),
        };
        if let Some(exit) = exit {
            end(child);
            return exit;
        }
        thread::sleep(POLL);
    }
}

fn overdue(launch: &Launch<'_>, interrupt: &Interrupt, start: Instant) -> Option<Exit> {
    if interrupt.is_raised() {
        return Some(Exit::Interrupted);
    }
    if start.elapsed() > launch.limits.time {
        let seconds = launch.limits.time.as_secs();
        return Some(Exit::TimedOut { seconds });
    }
    let bytes = fs::metadata(launch.trace).map_or(0, |metadata| metadata.len());
    (bytes > launch.limits.trace_bytes).then_some(Exit::CaptureOverflow { bytes })
}

/// Chardev files are written without buffering, so a kill loses nothing.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn interpret(status: ExitStatus, log: &Path) -> Exit {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    let message = last.unwrap_or("it wrote nothing").to_owned();
    match status.signal() {
        Some(signal) => Exit::Killed { signal, message },
        None => Exit::from_status(status.code().unwrap_or(-1), message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a shell in place of an emulator.
    fn shell(script: &str, limits: Limits, interrupt: &Interrupt) -> Ended {
        shell_under(Supervision::Limits, script, limits, interrupt)
    }

    /// Runs a shell in place of an emulator of a KVM guest.
    fn kvm_shell(script: &str) -> Ended {
        shell_under(Supervision::Kvm, script, LIMITS, &Interrupt::default())
    }

    fn shell_under(
        supervision: Supervision,
        script: &str,
        limits: Limits,
        interrupt: &Interrupt,
    ) -> Ended {
        let directory = tempfile::tempdir().unwrap();
        let trace = directory.path().join("trace");
        launch(
            &Launch {
                program: Path::new("/bin/sh"),
                arguments: &[
                    "-c".into(),
                    script.replace("TRACE", &trace.to_string_lossy()),
                ],
                log: &directory.path().join("log"),
                trace: &trace,
                limits,
                supervision,
            },
            interrupt,
        )
    }

    const LIMITS: Limits = Limits {
        time: Duration::from_secs(20),
        trace_bytes: 1000,
    };

    #[test]
    fn statuses_and_last_words_are_kept() {
        assert_eq!(
            shell("exit 33", LIMITS, &Interrupt::default()).exit,
            Exit::Clean
        );
        let failed = shell(
            "echo a; echo 'no such device' >&2; exit 1",
            LIMITS,
            &Interrupt::default(),
        );
        assert_eq!(
            failed.exit,
            Exit::Unexpected {
                status: 1,
                message: "no such device".into()
            }
        );
    }

    #[test]
    fn a_foreign_kill_is_told_from_our_own() {
        let killed = shell("kill -9 $$", LIMITS, &Interrupt::default());
        assert!(matches!(killed.exit, Exit::Killed { signal: 9, .. }));
        let limits = Limits {
            time: Duration::from_millis(100),
            ..LIMITS
        };
        let hung = shell("exec sleep 30", limits, &Interrupt::default());
        assert_eq!(hung.exit, Exit::TimedOut { seconds: 0 });
        assert!(hung.wall < Duration::from_secs(5));
    }

    #[test]
    fn a_guest_that_sends_without_end_is_stopped() {
        let endless = shell(
            "head -c 5000 /dev/zero > TRACE; exec sleep 30",
            LIMITS,
            &Interrupt::default(),
        );
        assert_eq!(endless.exit, Exit::CaptureOverflow { bytes: 5000 });
    }

    #[test]
    fn an_interrupt_ends_a_boot_at_once() {
        let interrupt = Interrupt::default();
        interrupt.raise();
        let stopped = shell("exec sleep 30", LIMITS, &interrupt);
        assert_eq!(stopped.exit, Exit::Interrupted);
        assert!(stopped.wall < Duration::from_secs(5));
    }

    #[test]
    fn an_internal_error_in_the_log_ends_a_boot_within_a_second() {
        let stopped = kvm_shell("echo; echo 'KVM internal error. Suberror: 1' >&2; exec sleep 30");
        let message = "KVM internal error. Suberror: 1".to_owned();
        assert_eq!(stopped.exit, Exit::InternalError { message });
        assert!(stopped.wall < Duration::from_secs(1), "{:?}", stopped.wall);
    }

    #[test]
    fn a_machine_that_the_monitor_reports_as_stopped_ends_a_boot_within_a_second() {
        // Both requests are there at the start; the third follows the event.
        let stopped = kvm_shell(
            r#"read capabilities; read status
               echo '{"return": {}}'; echo '{"return": {"status": "running"}}'
               echo 'error: kvm run failed Bad address' >&2
               echo '{"event": "STOP"}'
               read status; echo '{"return": {"status": "internal-error"}}'
               exec sleep 30"#,
        );
        let Exit::InternalError { message } = &stopped.exit else {
            panic!("{:?}", stopped.exit);
        };
        assert!(message.ends_with("kvm run failed Bad address"), "{message}");
        assert!(stopped.wall < Duration::from_secs(1), "{:?}", stopped.wall);
    }

    #[test]
    fn a_guest_of_kvm_that_ends_by_itself_keeps_its_own_ending() {
        let clean = kvm_shell("echo '{\"event\": \"STOP\"}'; exit 33");
        assert_eq!(clean.exit, Exit::Clean);
        // Elsewhere the words are nobody's.
        let words = "echo 'KVM internal error' >&2; sleep 0.5; exit 35";
        let other = shell(words, LIMITS, &Interrupt::default());
        assert_eq!(other.exit, Exit::ProgramFailed);
    }

    #[test]
    fn an_emulator_that_is_not_there_is_an_ending() {
        let directory = tempfile::tempdir().unwrap();
        let ended = launch(
            &Launch {
                program: Path::new("/nonexistent/qemu"),
                arguments: &[],
                log: &directory.path().join("log"),
                trace: &directory.path().join("trace"),
                limits: LIMITS,
                supervision: Supervision::Limits,
            },
            &Interrupt::default(),
        );
        assert_eq!(ended.exit.reason(), "not-started");
    }

    #[test]
    fn a_child_dies_with_the_thread_that_started_it() {
        let directory = tempfile::tempdir().unwrap();
        let (log, trace) = (directory.path().join("log"), directory.path().join("trace"));
        let id = thread::spawn(move || {
            #[allow(clippy::zombie_processes, reason = "nobody waiting is the point")]
            let child = spawn(&Launch {
                program: Path::new("/bin/sleep"),
                arguments: &["30".into()],
                log: &log,
                trace: &trace,
                limits: LIMITS,
                supervision: Supervision::Limits,
            })
            .unwrap()
            .child;
            child.id()
        })
        .join()
        .unwrap();
        // Not waited for by anybody, so it stays a zombie: state Z, not gone.
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            if stat.is_empty() || stat.contains(") Z") {
                break;
            }
            assert!(Instant::now() < deadline, "still alive: {stat}");
            thread::sleep(POLL);
        }
    }
}
