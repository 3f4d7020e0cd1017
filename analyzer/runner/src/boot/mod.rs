//! One boot: start the emulator, wait within limits, keep what arrived.
//!
//! Every way a boot can end has a name, and none of them loses the console, the
//! emulator's messages or the bytes that crossed the trace port. An emulator
//! never outlives the thread that started it: it is killed on time-out, on
//! interrupt and, by the kernel, when that thread dies.

pub mod again;
mod internal_error;
mod launch;
mod pool;
pub mod tail;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::capture::Stream;
use crate::guest::{GuestName, Variant};

pub use launch::{Ended, Launch, Limits, Supervision, launch};
pub use pool::{BootJob, Observer, Silent, boot_all};

/// The remedy where KVM does not run guests.
pub(crate) const NO_HARDWARE_REMEDY: &str = "use --mode exact, or a host whose KVM runs guests";

/// Which boot of a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BootId {
    /// The guest.
    pub guest: GuestName,
    /// The system it booted.
    pub system: String,
    /// Its variant.
    pub variant: Variant,
    /// Whether the emulator logged instructions, for the audit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub audit: bool,
    /// From 1, within the same guest, system, variant and kind.
    pub index: u32,
    /// From 1; more where the boot took place again (see [`again`]).
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub attempt: u32,
}

fn first() -> u32 {
    1
}

fn is_first(attempt: &u32) -> bool {
    *attempt == first()
}

impl BootId {
    /// Whether it is a later attempt of the same boot.
    pub fn repeats(&self, earlier: &Self) -> bool {
        let of_attempt = |id: &Self| Self {
            attempt: 0,
            ..id.clone()
        };
        self.attempt > earlier.attempt && of_attempt(self) == of_attempt(earlier)
    }

    /// The name of its files: `capos-ring-samples-1`, `capos-ring-samples-1-attempt-2`.
    pub fn stem(&self) -> String {
        let kind = if self.audit { "-audit" } else { "" };
        let attempt = match self.attempt {
            1 => String::new(),
            attempt => format!("-attempt-{attempt}"),
        };
        format!(
            "{}-{}-{}{kind}-{}{attempt}",
            self.guest, self.system, self.variant, self.index
        )
    }
}

/// How a boot ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Exit {
    /// The guest shut down and its init exited 0.
    Clean,
    /// The guest shut down, but its init exited with another code.
    ProgramFailed,
    /// The guest's kernel panicked.
    KernelPanic,
    /// The emulator ended by itself in a way no guest asks for.
    Unexpected {
        /// Its exit status.
        status: i32,
        /// The last line it wrote.
        message: String,
    },
    /// Something else killed the emulator.
    Killed {
        /// With this signal.
        signal: i32,
        /// The last line it wrote.
        message: String,
    },
    /// It hung and was killed.
    TimedOut {
        /// After so many seconds.
        seconds: u64,
    },
    /// It wrote without end and was killed.
    CaptureOverflow {
        /// After so many bytes.
        bytes: u64,
    },
    /// KVM gave up on the guest, and QEMU stopped the machine.
    InternalError {
        /// QEMU's words for it.
        message: String,
    },
    /// It was left out, because another boot had shown that none can work here.
    NotTried {
        /// The other boot and its end.
        because: String,
    },
    /// The user stopped the run.
    Interrupted,
    /// The emulator could not be started.
    NotStarted {
        /// Why.
        message: String,
    },
}

impl Exit {
    /// Statuses the guest asks for through isa-debug-exit, `(value << 1) | 1`.
    const CLEAN: i32 = 33;
    const PROGRAM_FAILED: i32 = 35;
    const KERNEL_PANIC: i32 = 37;

    fn from_status(status: i32, message: String) -> Self {
        match status {
            Self::CLEAN => Self::Clean,
            Self::PROGRAM_FAILED => Self::ProgramFailed,
            Self::KERNEL_PANIC => Self::KernelPanic,
            _ => Self::Unexpected { status, message },
        }
    }

    /// Whether numbers of this boot may be looked at.
    pub fn is_clean(&self) -> bool {
        *self == Self::Clean
    }

    /// Whether there was an emulator at all.
    pub fn took_place(&self) -> bool {
        !matches!(self, Self::NotTried { .. } | Self::NotStarted { .. })
    }

    /// A machine-readable word.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::ProgramFailed => "program-failed",
            Self::KernelPanic => "kernel-panic",
            Self::Unexpected { .. } => "emulator-exit",
            Self::Killed { .. } => "emulator-killed",
            Self::TimedOut { .. } => "timeout",
            Self::CaptureOverflow { .. } => "capture-overflow",
            Self::InternalError { .. } => "internal-error",
            Self::NotTried { .. } => "not-tried",
            Self::Interrupted => "interrupted",
            Self::NotStarted { .. } => "not-started",
        }
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Clean => f.write_str("clean shutdown"),
            Self::ProgramFailed => f.write_str("a program exited with a code other than 0"),
            Self::KernelPanic => f.write_str("the guest's kernel panicked"),
            Self::Unexpected { status: 0, .. } => {
                f.write_str("the guest reset or powered off (a triple fault does)")
            }
            Self::Unexpected { status, message } => {
                write!(f, "QEMU exited with status {status}: {message}")
            }
            Self::Killed { signal, message } => {
                write!(f, "QEMU was killed by signal {signal}: {message}")
            }
            Self::TimedOut { seconds } => write!(f, "no end after {seconds} s"),
            Self::CaptureOverflow { bytes } => write!(f, "no end after {bytes} bytes of trace"),
            Self::InternalError { message } => {
                write!(
                    f,
                    "KVM gave up on the guest: {message}; {NO_HARDWARE_REMEDY}"
                )
            }
            Self::NotTried { because } => write!(f, "not tried: {because}"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::NotStarted { message } => write!(f, "QEMU could not be started: {message}"),
        }
    }
}

/// The fate of the stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Capture {
    /// Compressed and hashed.
    Stored(Stream),
    /// The variant emits no frames.
    Absent,
    /// It could not be stored; the raw bytes, if any, are in `raw`.
    Failed {
        /// The file QEMU wrote.
        raw: PathBuf,
        /// Why.
        message: String,
    },
}

/// Everything one boot left behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapturedBoot {
    /// Which boot.
    #[serde(flatten)]
    pub id: BootId,
    /// How it ended.
    pub exit: Exit,
    /// Its stream.
    pub capture: Capture,
    /// The guest kernel's console.
    pub console: PathBuf,
    /// QEMU's standard output and standard error.
    pub emulator_log: PathBuf,
    /// The emulator's instruction log, in an audit boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction_log: Option<PathBuf>,
    /// From start to end, on the host's clock.
    pub wall_ms: u64,
    /// QEMU's full argument list.
    pub arguments: Vec<String>,
}

impl CapturedBoot {
    /// The stored stream, if there is one.
    pub fn stream(&self) -> Option<&Stream> {
        match &self.capture {
            Capture::Stored(stream) => Some(stream),
            Capture::Absent | Capture::Failed { .. } => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::guest::capos;
    use crate::hash;

    pub(super) fn boot(variant: Variant, index: u32, stream: &[u8], exit: Exit) -> CapturedBoot {
        CapturedBoot {
            id: BootId {
                guest: capos::GUEST,
                system: "ring".into(),
                variant,
                audit: false,
                index,
                attempt: 1,
            },
            exit,
            capture: Capture::Stored(Stream {
                file: "x.ktrace".into(),
                sha256: hash::of(stream),
                bytes: stream.len() as u64,
            }),
            console: "x.console.log".into(),
            emulator_log: "x.qemu.log".into(),
            instruction_log: None,
            wall_ms: 1500,
            arguments: Vec::new(),
        }
    }

    #[test]
    fn a_boot_record_survives_json() {
        let mut boot = boot(Variant::Plain, 1, b"", Exit::TimedOut { seconds: 3 });
        let text = serde_json::to_string(&boot).unwrap();
        assert_eq!(serde_json::from_str::<CapturedBoot>(&text).unwrap(), boot);
        assert!(!text.contains("attempt"), "only what was repeated says so");
        boot.id.attempt = 2;
        let again = serde_json::to_string(&boot).unwrap();
        assert_eq!(serde_json::from_str::<CapturedBoot>(&again).unwrap(), boot);
        assert!(
            text.contains(r#""exit":{"kind":"timedOut","seconds":3}"#),
            "{text}"
        );
        let message = "KVM internal error. Suberror: 1".to_owned();
        for (exit, kind) in [
            (Exit::InternalError { message }, "internalError"),
            (
                Exit::NotTried {
                    because: "a".into(),
                },
                "notTried",
            ),
        ] {
            let text = serde_json::to_string(&exit).unwrap();
            assert!(text.starts_with(&format!(r#"{{"kind":"{kind}""#)), "{text}");
            assert_eq!(serde_json::from_str::<Exit>(&text).unwrap(), exit);
        }
    }

    #[test]
    fn statuses_mean_what_the_guest_contract_says() {
        let exit = |status| Exit::from_status(status, String::new());
        assert_eq!(exit(33), Exit::Clean);
        assert_eq!(exit(35), Exit::ProgramFailed);
        assert_eq!(exit(37), Exit::KernelPanic);
        assert!(!exit(0).is_clean());
    }
}
