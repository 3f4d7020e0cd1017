//! Many boots, as many at once as the host has cores.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
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

/// Is told as boots start and end; from several threads.
pub trait Observer: Sync {
    /// A boot starts.
    fn started(&self, _boot: &BootId) {}
    /// A boot ended and its stream is stored.
    fn ended(&self, _boot: &CapturedBoot) {}
}

/// Tells nobody.
pub struct Silent;

impl Observer for Silent {}

/// Boots everything, `parallel` at a time, and returns the boots in job order.
/// After an interrupt, jobs that had not started are left out.
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
    let work = || {
        while !interrupt.is_raised() {
            let Some((place, job)) = queue.lock().expect("no panic while held").pop_front() else {
                break;
            };
            observer.started(&job.id);
            let boot = boot_one(job, directory, envelope, qemu, interrupt);
            observer.ended(&boot);
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

fn boot_one(
    job: BootJob,
    directory: &Path,
    envelope: &Envelope,
    qemu: &Qemu,
    interrupt: &Interrupt,
) -> CapturedBoot {
    let file = |suffix: &str| directory.join(format!("{}.{suffix}", job.id.stem()));
    let (console, log, raw) = (file("console.log"), file("qemu.log"), file("trace"));
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
    let Ended { exit, wall } = launch(
        &Launch {
            program: &qemu.program,
            arguments: &arguments,
            log: &log,
            trace: &raw,
            limits: Limits {
                time: job.timeout,
                trace_bytes: MOST_TRACE_BYTES,
            },
        },
        interrupt,
    );
    CapturedBoot {
        capture: keep(&job.id, &exit, &raw, &file("ktrace")),
        id: job.id,
        exit,
        console,
        emulator_log: log,
        instruction_log: instructions,
        wall_ms: u64::try_from(wall.as_millis()).unwrap_or(u64::MAX),
        arguments,
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
