//! What this kernel tells the recorder: where it records, what the numbers mean,
//! and what became of its processes.
//!
//! Without feature `measure` all of it compiles to nothing.

#[cfg(feature = "measure")]
mod start;

use crate::capability::Object;
use crate::process::Process;
use guest_abi::interface;
use kernel_measure::control::{
    Aggregation, AuthorityExercised, AuthorityGranted, CounterDeclared, InstantDeclared,
    InterfaceDeclared, Message, ProcessExited, ProcessFaulted, ThreadDeclared,
};
use kernel_measure::{CounterId, InstantId, Measure, Thread};

#[cfg(feature = "measure")]
pub use start::start;

/// Processors of this kernel.
const CPUS: usize = 1;

/// The recorder.
pub static MEASURE: Measure<CPUS> = Measure::new();

/// The handle for everything this kernel records.
#[inline(always)]
pub fn thread() -> Thread<'static> {
    // SAFETY: one processor, and ring 0 is never preempted.
    unsafe { MEASURE.thread(0) }
}

/// System calls.
pub const SYSCALLS: CounterId = CounterId::new(0);
/// Submissions consumed.
pub const SQE_CONSUMED: CounterId = CounterId::new(1);
/// Completions posted, dropped ones included.
pub const CQE_POSTED: CounterId = CounterId::new(2);
/// Submissions that broke a wire rule.
pub const SQE_REFUSED: CounterId = CounterId::new(3);
/// Lookups of ids that were never given out.
pub const LOOKUP_NOT_FOUND: CounterId = CounterId::new(4);
/// Lookups of ids that were given up.
pub const LOOKUP_STALE: CounterId = CounterId::new(5);
/// Lookups of revoked capabilities.
pub const LOOKUP_REVOKED: CounterId = CounterId::new(6);
/// Calls answered with an exception.
pub const EXCEPTIONS: CounterId = CounterId::new(7);
/// Submissions left pending.
pub const PENDING: CounterId = CounterId::new(8);
/// Waits ended by a completion.
pub const WAKES: CounterId = CounterId::new(9);
/// Changes of the running thread.
pub const SWITCHES: CounterId = CounterId::new(10);
/// Processes ended by a fault of their own.
pub const FAULTS: CounterId = CounterId::new(11);

const fn declare(
    id: CounterId,
    unit: &'static str,
    name: &'static str,
) -> CounterDeclared<'static> {
    CounterDeclared {
        id: id.get(),
        aggregation: Aggregation::Sum,
        unit,
        name,
    }
}

/// All counters, for the session's header.
pub const COUNTERS: [CounterDeclared<'static>; 12] = [
    declare(SYSCALLS, "calls", "syscalls"),
    declare(SQE_CONSUMED, "entries", "sqe_consumed"),
    declare(CQE_POSTED, "entries", "cqe_posted"),
    declare(SQE_REFUSED, "entries", "sqe_refused"),
    declare(LOOKUP_NOT_FOUND, "lookups", "lookup_not_found"),
    declare(LOOKUP_STALE, "lookups", "lookup_stale_generation"),
    declare(LOOKUP_REVOKED, "lookups", "lookup_revoked"),
    declare(EXCEPTIONS, "calls", "exceptions"),
    declare(PENDING, "entries", "sqe_pending"),
    declare(WAKES, "wakes", "wakes"),
    declare(SWITCHES, "switches", "context_switches"),
    declare(FAULTS, "faults", "process_faults"),
];

/// A change of the running thread.
pub const SWITCH: InstantId = InstantId::SWITCH;

/// All instants, for the session's header.
pub const INSTANTS: [InstantDeclared<'static>; 1] = [InstantDeclared {
    id: SWITCH.get(),
    name: "switch",
    a: "from_tid",
    b: "to_tid",
}];

/// All interfaces, indexed as [`Object::interface_index`] does.
pub const INTERFACES: [InterfaceDeclared<'static>; INTERFACE_COUNT] = [
    interface(0, interface::CONSOLE, "Console"),
    interface(1, interface::TIMER, "Timer"),
    interface(2, interface::NULL, "NullCap"),
    interface(3, interface::PARK_BENCH, "ParkBench"),
    interface(4, interface::BOOT_PACKAGE, "BootPackage"),
    interface(5, interface::PROCESS_SPAWNER, "ProcessSpawner"),
    interface(6, interface::PROCESS_HANDLE, "ProcessHandle"),
    interface(7, interface::CAPABILITY_MANAGER, "CapabilityManager"),
    interface(8, interface::MEASURE_CONTROL, "MeasureControl"),
];

const INTERFACE_COUNT: usize = 9;

const fn interface(index: u8, id: u64, name: &'static str) -> InterfaceDeclared<'static> {
    InterfaceDeclared { index, id, name }
}

/// Calls a process made, by interface.
#[derive(Debug, Default)]
pub struct Exercised {
    #[cfg(feature = "measure")]
    calls: [u64; INTERFACE_COUNT],
}

impl Exercised {
    /// Counts a call on an object.
    #[inline(always)]
    pub fn count(&mut self, object: &Object) {
        #[cfg(feature = "measure")]
        {
            self.calls[usize::from(object.interface_index())] += 1;
        }
        #[cfg(not(feature = "measure"))]
        let _ = object;
    }

    /// Says what was exercised.
    pub fn tell(&self, pid: u32) {
        #[cfg(feature = "measure")]
        for (declared, calls) in INTERFACES.iter().zip(self.calls) {
            if calls > 0 {
                tell(Message::AuthorityExercised(AuthorityExercised {
                    pid,
                    interface: declared.id,
                    calls,
                }));
            }
        }
        #[cfg(not(feature = "measure"))]
        let _ = pid;
    }
}

/// Says that a process exists and what it was granted.
#[cfg(feature = "measure")]
pub fn process_started(process: &Process) {
    let pid = process.pid.0;
    tell(Message::ThreadDeclared(ThreadDeclared {
        tid: pid,
        pid,
        program: process.name(),
    }));
    for entry in process.capset_entries() {
        let hold = process.capabilities.lookup(entry.cap_id);
        tell(Message::AuthorityGranted(AuthorityGranted {
            pid,
            name: core::str::from_utf8(entry.name()).unwrap_or("?"),
            interface: entry.interface_id,
            source: hold.map_or("?", |hold| hold.object().source_name()),
        }));
    }
}

/// Says that a process ended.
pub fn process_exited(pid: u32, code: i64) {
    tell(Message::ProcessExited(ProcessExited { pid, code }));
}

/// Says that a process faulted.
pub fn process_faulted(pid: u32, vector: u64, error_code: u64, instruction: u64, address: u64) {
    tell(Message::ProcessFaulted(ProcessFaulted {
        pid,
        vector: vector as u8,
        error_code,
        instruction,
        address,
    }));
}

/// Sends a message. A stream that is broken is known by its missing end; the
/// kernel's work goes on.
#[inline(always)]
fn tell(message: Message<'_>) {
    let _ = MEASURE.control(message);
}
