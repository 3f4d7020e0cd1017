//! Many boots, as many at once as the host has cores.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use super::{BootId, Capture, CapturedBoot, Ended, Exit, Launch, Limits, launch};
use crate::capture;
use crate::envelope::{Envelope, Substitutes, with_instruction_log};
use crate::interrupt::Interrupt;
use crate::qemu::Qemu;

/// A stream larger than this comes from a guest that runs wild: the largest
/// suite sends tens of megabytes per boot.
const MOST_TRACE_BYTES: u64 = 4 << 30;

/// One boot to do.
#[derive(Clone, Debug)]
pub struct BootJob {
    /// Which one.
    pub id: BootId,
    /// The kernel image.
    pub kernel: PathBuf,
    /// The boot image.
    pub initrd: PathBuf,
    /// The kernel command line.
    pub command_line: String,
    /// When it counts as hung.
    pub timeout: Duration,
    /// Addresses whose execution the emulator logs, in an audit boot.
    pub audit_range: Option<(u64, u64)>,
}

/// An observer of starts and ends of boots, called from several threads.
pub trait Observer: Sync {
    /// A boot starts.
    fn started(&self, _boot: &BootId) {}
    /// A boot ended and its stream is stored.
    fn ended(&self, _boot: &CapturedBoot) {}
}

/// An observer that does nothing.
pub struct Silent;

impl Observer for Silent {}

/// Boots everything, `parallel` at a time, and returns the boots in job order.
/// After an interrupt, jobs that had not started are left out. After a boot that
/// KVM gave up on, they are recorded as not tried: KVM would give up on each.
pub fn boot_all(
    jobs: Vec<BootJob>,
    parallel: usize,
    directory: &Path,
    envelope: &Envelope,
    qemu: &Qemu,
    interrupt: &Interrupt,
    observer: &dyn Observer,
) -> Vec<CapturedBoot> {
    let queue: Mutex<VecDeque<(usize, BootJob)>> =
        Mutex::new(jobs.into_iter().enumerate().collect());
    let done: Mutex<Vec<(usize, CapturedBoot)>> = Mutex::new(Vec::new());
    let hopeless: OnceLock<String> = OnceLock::new();
    let work = || {
        while !interrupt.is_raised() {
            let Some((place, job)) = queue.lock().expect("no panic while held").pop_front() else {
                break;
            };
            let prepared = Prepared::new(job, directory, envelope, qemu);
            let boot = match hopeless.get() {
                Some(because) => prepared.not_tried(because),
                None => {
                    observer.started(&prepared.job.id);
                    let boot = prepared.boot(envelope, qemu, interrupt);
                    observer.ended(&boot);
                    boot
                }
            };
            if let Exit::InternalError { .. } = boot.exit {
                // The first one's end is the reason of all.
                let _ = hopeless.set(format!("{}: {}", boot.id.stem(), boot.exit));
            }
            done.lock()
                .expect("no panic while held")
                .push((place, boot));
        }
    };
    thread::scope(|scope| {
        for _ in 0..parallel.max(1) {
            scope.spawn(work);
        }
    });
    let mut done = done.into_inner().expect("no panic while held");
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, boot)| boot).collect()
}

/// A boot whose files and arguments are known.
struct Prepared {
    job: BootJob,
    console: PathBuf,
    log: PathBuf,
    raw: PathBuf,
    ktrace: PathBuf,
    instructions: Option<PathBuf>,
    arguments: Vec<String>,
}

impl Prepared {
    fn new(job: BootJob, directory: &Path, envelope: &Envelope, qemu: &Qemu) -> Self {
        let file = |suffix: &str| directory.join(format!("{}.{suffix}", job.id.stem()));
        let (console, raw) = (file("console.log"), file("trace"));
        let mut arguments = envelope.fill(&Substitutes {
            kernel: &job.kernel,
            initrd: &job.initrd,
            command_line: &job.command_line,
            console: &console,
            trace: &raw,
        });
        let instructions = job.audit_range.map(|_| file("instructions.log"));
        if let (Some(range), Some(path)) = (job.audit_range, &instructions) {
            arguments = with_instruction_log(arguments, qemu, range, path);
        }
        Self {
            console,
            log: file("qemu.log"),
            raw,
            ktrace: file("ktrace"),
            instructions,
            arguments,
            job,
        }
    }

    fn boot(self, envelope: &Envelope, qemu: &Qemu, interrupt: &Interrupt) -> CapturedBoot {
        let Ended { exit, wall } = launch(
            &Launch {
                program: &qemu.program,
                arguments: &self.arguments,
                log: &self.log,
                trace: &self.raw,
                limits: Limits {
                    time: self.job.timeout,
                    trace_bytes: MOST_TRACE_BYTES,
                },
                supervision: envelope.supervision(),
            },
            interrupt,
        );
        let capture = keep(&self.job.id, &exit, &self.raw, &self.ktrace);
        self.ended(exit, capture, wall)
    }

    fn not_tried(self, because: &str) -> CapturedBoot {
        let because = because.to_owned();
        self.ended(Exit::NotTried { because }, Capture::Absent, Duration::ZERO)
    }

    fn ended(self, exit: Exit, capture: Capture, wall: Duration) -> CapturedBoot {
        CapturedBoot {
            id: self.job.id,
            exit,
            capture,
            console: self.console,
            emulator_log: self.log,
            instruction_log: self.instructions,
            wall_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
            arguments: self.arguments,
        }
    }
}

/// An uninstrumented guest leaves an empty file, which would be a trace without
/// a session; every other stream is kept, however it ended.
fn keep(id: &BootId, exit: &Exit, raw: &Path, ktrace: &Path) -> Capture {
    let length = raw.metadata().map(|metadata| metadata.len());
    if matches!(length, Ok(0)) && !id.variant.emits_frames() {
        let _ = std::fs::remove_file(raw);
        return Capture::Absent;
    }
    if length.is_err() && !exit.is_clean() {
        // The emulator did not get as far as creating it.
        return Capture::Absent;
    }
    match capture::store(raw, ktrace) {
        Ok(stream) => Capture::Stored(stream),
        Err(error) => Capture::Failed {
            raw: raw.to_owned(),
            message: error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::time::Instant;

    use crate::envelope::Host;
    use crate::guest::{Variant, capos};
    use crate::hash;
    use crate::mode::Mode;

    /// A shell script in the emulator's place.
    fn emulator(directory: &Path, script: &str) -> Qemu {
        let program = directory.join("emulator");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Qemu {
            program,
            version: "QEMU emulator version 7.2".into(),
            release: (7, 2),
            firmware: "qboot.rom".into(),
            firmware_sha256: hash::of(b"firmware"),
        }
    }

    fn job(index: u32) -> BootJob {
        BootJob {
            id: BootId {
                guest: capos::GUEST,
                system: "ring".into(),
                variant: Variant::Samples,
                audit: false,
                index,
                attempt: 1,
            },
            kernel: "kernel.elf".into(),
            initrd: "initrd".into(),
            command_line: String::new(),
            timeout: Duration::from_secs(30),
            audit_range: None,
        }
    }

    #[test]
    fn after_a_boot_that_kvm_gave_up_on_the_rest_is_recorded_and_not_tried() {
        let directory = tempfile::tempdir().unwrap();
        let qemu = emulator(
            directory.path(),
            "echo started >> \"$(dirname \"$0\")/starts\"
             echo 'KVM internal error. Suberror: 1' >&2; echo registers >&2; exec sleep 30",
        );
        let host = Host {
            processor: "a".into(),
            kernel: "k".into(),
        };
        let envelope = Envelope::new(Mode::Hardware, &qemu, host);
        let start = Instant::now();
        let boots = boot_all(
            (1..=4).map(job).collect(),
            1,
            directory.path(),
            &envelope,
            &qemu,
            &Interrupt::default(),
            &Silent,
        );
        assert!(start.elapsed() < Duration::from_secs(2));
        let starts = fs::read_to_string(directory.path().join("starts")).unwrap();
        assert_eq!(starts, "started\n");
        let indices: Vec<u32> = boots.iter().map(|boot| boot.id.index).collect();
        assert_eq!(indices, [1, 2, 3, 4]);
        assert_eq!(boots[0].exit.reason(), "internal-error");
        let log = fs::read_to_string(&boots[0].emulator_log).unwrap();
        assert!(log.ends_with("registers\n"), "{log}");
        for boot in &boots[1..] {
            let Exit::NotTried { because } = &boot.exit else {
                panic!("{:?}", boot.exit);
            };
            assert!(because.contains("capos-ring-samples-1: KVM gave up"));
            assert!(because.contains("Suberror: 1"), "{because}");
            assert_eq!(boot.capture, Capture::Absent);
            assert!(!boot.emulator_log.exists());
        }
    }
}
