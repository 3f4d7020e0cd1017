//! Counts and histograms by eBPF (`bpf/counts.bpf.c`): every system call of
//! the program and its children, their wake-ups and switches, page faults.
//!
//! Descriptive, and a check of exact counts: what the primitive says it caused
//! is reported as `expected.…` beside what was counted. Cost: several times the
//! measured loop, which is why this boot's samples are compared with nothing.

use super::{Caused, Instrument, Refusal, Tally, object};
use crate::primitive::Event;
use aya::maps::{Array, MapData};
use aya::programs::BtfTracePoint;
use aya::{Btf, Ebpf, EbpfLoader, Pod};
use std::io;

const BUCKETS: usize = 40;
const SYSCALLS: u32 = 512;

/// Tracepoints and the programs on them.
const PROGRAMS: [(&str, &str); 6] = [
    ("sys_enter", "count_enter"),
    ("sys_exit", "count_exit"),
    ("sched_wakeup", "count_wakeup"),
    ("sched_wakeup_new", "count_wakeup_new"),
    ("sched_switch", "count_switch"),
    ("page_fault_user", "count_page_fault"),
];

/// What the eBPF programs keep of one system call.
#[repr(C)]
#[derive(Clone, Copy)]
struct Syscall {
    enters: u64,
    exits: u64,
    restarts: u64,
    total_ns: u64,
    log2_ns: [u64; BUCKETS],
}

// SAFETY: integers without padding.
unsafe impl Pod for Syscall {}

/// What they keep of scheduling and memory.
#[repr(C)]
#[derive(Clone, Copy)]
struct Scheduling {
    user_page_faults: u64,
    wakeups: u64,
    switches_to: u64,
    wakeup_log2_ns: [u64; BUCKETS],
}

// SAFETY: integers without padding.
unsafe impl Pod for Scheduling {}

/// All of it at one moment.
struct Snapshot {
    syscalls: Vec<Syscall>,
    scheduling: Scheduling,
}

/// Programs that count.
pub struct Counts {
    syscalls: Array<MapData, Syscall>,
    scheduling: Array<MapData, Scheduling>,
    before: Option<Snapshot>,
    /// Holds the programs in place.
    _programs: Ebpf,
}

impl Counts {
    /// Loads and attaches the programs.
    pub fn start() -> Result<Counts, Refusal> {
        let btf = Btf::from_sys_fs().map_err(Refusal::of)?;
        let measured = std::process::id();
        let mut programs = EbpfLoader::new()
            .btf(Some(&btf))
            .set_global("measured", &measured, true)
            .load(object!("counts.bpf.o"))
            .map_err(Refusal::of)?;
        for (tracepoint, name) in PROGRAMS {
            let program = programs.program_mut(name).ok_or_else(Refusal::object)?;
            let program: &mut BtfTracePoint = program.try_into().map_err(Refusal::of)?;
            program.load(tracepoint, &btf).map_err(Refusal::of)?;
            program.attach().map_err(Refusal::of)?;
        }
        let mut map = |name| programs.take_map(name).ok_or_else(Refusal::object);
        Ok(Counts {
            syscalls: Array::try_from(map("syscalls")?).map_err(Refusal::of)?,
            scheduling: Array::try_from(map("scheduling")?).map_err(Refusal::of)?,
            before: None,
            _programs: programs,
        })
    }

    /// Fills 44 pages, which may be new to the process.
    fn syscalls(&self) -> io::Result<Vec<Syscall>> {
        let syscall = |number| self.syscalls.get(&number, 0);
        let all: Result<_, _> = (0..SYSCALLS).map(syscall).collect();
        all.map_err(io::Error::other)
    }

    fn scheduling(&self) -> io::Result<Scheduling> {
        self.scheduling.get(&0, 0).map_err(io::Error::other)
    }
}

impl Instrument for Counts {
    fn prepare(&mut self) -> io::Result<()> {
        // In this order, and in the other one afterwards: the page faults of keeping
        // the counts are no row's.
        let syscalls = self.syscalls()?;
        let scheduling = self.scheduling()?;
        self.before = Some(Snapshot {
            syscalls,
            scheduling,
        });
        Ok(())
    }

    fn open(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn close(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn collect(&mut self, caused: &Caused, tally: &mut Tally) -> io::Result<()> {
        let Some(before) = self.before.take() else {
            return Ok(());
        };
        let scheduling = self.scheduling()?;
        let syscalls = self.syscalls()?;
        let after = Snapshot {
            syscalls,
            scheduling,
        };
        for (number, (before, after)) in (0..).zip(before.syscalls.iter().zip(&after.syscalls)) {
            // Reading the counts is itself done by a system call.
            if number != libc::SYS_bpf && before.enters != after.enters {
                add_syscall(tally, &syscall_name(number), before, after);
            }
        }
        add_scheduling(tally, &before.scheduling, &after.scheduling);
        for (event, count) in &caused.events {
            tally.add(&format!("expected.{}", event_name(*event)), "1", *count);
        }
        Ok(())
    }
}

fn add_syscall(tally: &mut Tally, name: &str, before: &Syscall, after: &Syscall) {
    let mut add = |what, unit, difference| tally.add(&format!("{what}.{name}"), unit, difference);
    // As the program made the calls: one that is entered again is still one.
    let restarts = after.restarts - before.restarts;
    add("sys_enter", "1", after.enters - before.enters - restarts);
    add("sys_exit", "1", after.exits - before.exits - restarts);
    add("sys_restart", "1", restarts);
    add("sys_ns", "ns", after.total_ns - before.total_ns);
    let buckets = difference(&before.log2_ns, &after.log2_ns);
    tally.add_histogram(&format!("sys_ns.{name}"), &buckets);
}

fn add_scheduling(tally: &mut Tally, before: &Scheduling, after: &Scheduling) {
    let faults = after.user_page_faults - before.user_page_faults;
    tally.add(&event_name(Event::UserPageFault), "1", faults);
    tally.add("sched_wakeup", "1", after.wakeups - before.wakeups);
    tally.add(
        "sched_switch_to",
        "1",
        after.switches_to - before.switches_to,
    );
    let buckets = difference(&before.wakeup_log2_ns, &after.wakeup_log2_ns);
    tally.add_histogram("wakeup_to_switch_ns", &buckets);
}

fn difference(before: &[u64; BUCKETS], after: &[u64; BUCKETS]) -> [u64; BUCKETS] {
    std::array::from_fn(|bucket| after[bucket] - before[bucket])
}

fn event_name(event: Event) -> String {
    match event {
        Event::Syscall(number) => format!("sys_enter.{}", syscall_name(number)),
        Event::UserPageFault => "page_fault_user".into(),
    }
}

/// The name of a system call that a primitive or its guard makes, else its
/// number.
fn syscall_name(number: libc::c_long) -> String {
    let name = match number {
        libc::SYS_clock_gettime => "clock_gettime",
        libc::SYS_clock_nanosleep => "clock_nanosleep",
        libc::SYS_clone => "clone",
        libc::SYS_clone3 => "clone3",
        libc::SYS_execve => "execve",
        libc::SYS_exit => "exit",
        libc::SYS_exit_group => "exit_group",
        libc::SYS_futex => "futex",
        libc::SYS_getppid => "getppid",
        libc::SYS_getrusage => "getrusage",
        libc::SYS_io_uring_enter => "io_uring_enter",
        libc::SYS_madvise => "madvise",
        libc::SYS_mmap => "mmap",
        libc::SYS_mprotect => "mprotect",
        libc::SYS_munmap => "munmap",
        libc::SYS_pread64 => "pread64",
        libc::SYS_read => "read",
        libc::SYS_sched_yield => "sched_yield",
        libc::SYS_wait4 => "wait4",
        libc::SYS_write => "write",
        _ => return number.to_string(),
    };
    name.into()
}
