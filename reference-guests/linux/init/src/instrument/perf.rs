//! perf's software events: CPU time, switches and faults of the program and
//! its children, and program counters sampled by CPU time.
//!
//! An emulated processor has no counters of its own, so these are what perf
//! has there. Cost: reading CPU time lands in the interval and is calibrated
//! here, reported as `task_clock_self_ns`; each sampled program counter costs an
//! interrupt inside the loop.

mod abi;
mod samples;

use super::{Caused, Instrument, Refusal, Tally};
use crate::clock::Clock;
use crate::sys::check;
use abi::{Attributes, flag, software};
use samples::Samples;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{FromRawFd, OwnedFd};
use trace_format::PcSample;

/// Empty loops behind the calibration, of which the shortest counts.
const CALIBRATIONS: u32 = 16;

/// Counters, with the names their differences go by. CPU time comes first: it
/// is read next to the loop.
const COUNTERS: [(&str, &str, u64); 4] = [
    (TASK_CLOCK, "ns", software::TASK_CLOCK),
    ("context_switches", "1", software::CONTEXT_SWITCHES),
    ("page_faults", "1", software::PAGE_FAULTS),
    ("cpu_migrations", "1", software::CPU_MIGRATIONS),
];

const TASK_CLOCK: &str = "task_clock_ns";

/// The same where tasks ended: their last steps are missing from it, so it is
/// not comparable with the loop.
const TASK_CLOCK_PARTIAL: &str = "task_clock_partial_ns";

/// perf's events, open.
pub struct Perf {
    counters: [File; COUNTERS.len()],
    begin: [u64; COUNTERS.len()],
    end: [u64; COUNTERS.len()],
    samples: Samples,
    self_ns: u64,
}

impl Perf {
    /// Opens the events; threads started from now on are counted too.
    pub fn start() -> Result<Perf, Refusal> {
        let mut counters = Vec::new();
        for (_, _, event) in COUNTERS {
            let attributes = Attributes {
                config: event,
                flags: flag::INHERIT,
                ..Attributes::software()
            };
            counters.push(File::from(open(&attributes, ANY_CPU)?));
        }
        let mut perf = Perf {
            counters: counters.try_into().expect("as many as there are names"),
            begin: [0; COUNTERS.len()],
            end: [0; COUNTERS.len()],
            samples: Samples::open()?,
            self_ns: u64::MAX,
        };
        for _ in 0..CALIBRATIONS {
            perf.open()?;
            perf.close()?;
            perf.self_ns = perf.self_ns.min(perf.end[0] - perf.begin[0]);
        }
        perf.samples.forget();
        Ok(perf)
    }
}

impl Instrument for Perf {
    fn open(&mut self) -> io::Result<()> {
        self.samples.resume()?;
        for (counter, value) in self.counters.iter_mut().zip(&mut self.begin).rev() {
            *value = read(counter)?;
        }
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        for (counter, value) in self.counters.iter_mut().zip(&mut self.end) {
            *value = read(counter)?;
        }
        self.samples.pause()
    }

    fn collect(&mut self, caused: &Caused, tally: &mut Tally) -> io::Result<()> {
        for (index, (name, unit, _)) in COUNTERS.into_iter().enumerate() {
            // Not by resetting: that leaves the counts of children in.
            let difference = self.end[index] - self.begin[index];
            match name {
                TASK_CLOCK if caused.ends_tasks => tally.add(TASK_CLOCK_PARTIAL, unit, difference),
                _ => tally.add(name, unit, difference),
            }
        }
        tally.add("task_clock_self_ns", "ns", self.self_ns);
        tally.add("pc_samples_lost", "1", self.samples.drain());
        Ok(())
    }

    fn take_pc_samples(&mut self, clock: &Clock) -> Vec<PcSample> {
        self.samples.take(clock)
    }
}

const ANY_CPU: libc::c_int = -1;

/// Opens an event of this process.
fn open(attributes: &Attributes, cpu: libc::c_int) -> io::Result<OwnedFd> {
    const THIS_PROCESS: libc::pid_t = 0;
    const NO_GROUP: libc::c_int = -1;
    const CLOSE_ON_EXEC: libc::c_ulong = 8;
    // SAFETY: the attributes live through the call; a descriptor is made.
    let fd = check(unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const *attributes,
            THIS_PROCESS,
            cpu,
            NO_GROUP,
            CLOSE_ON_EXEC,
        )
    })?;
    // SAFETY: it is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

fn read(counter: &mut File) -> io::Result<u64> {
    let mut value = [0; 8];
    counter.read_exact(&mut value)?;
    Ok(u64::from_ne_bytes(value))
}
