//! What became of processes: started, granted, exercised, faulted, ended.

use crate::capability::Object;
use crate::process::{Process, ThreadId};
use guest_abi::capset;

#[cfg(feature = "measure")]
use super::declared::{INTERFACE_LIMIT, INTERFACES, givers};
#[cfg(feature = "measure")]
use super::facts::{Fact, keep};
#[cfg(feature = "measure")]
use guest_abi::interface::PROCESS_SPAWNER;
#[cfg(feature = "measure")]
use kernel_measure::control::{AuthorityExercised, ProcessExited, ProcessFaulted};

/// Calls a process made, by interface.
#[derive(Debug, Default)]
pub struct Exercised {
    #[cfg(feature = "measure")]
    calls: [u64; INTERFACE_LIMIT],
}

impl Exercised {
    /// Counts a call on an object.
    #[inline(always)]
    pub fn count(&mut self, object: &Object) {
        #[cfg(feature = "measure")]
        {
            self.calls[usize::from(object.interface().index)] += 1;
        }
        #[cfg(not(feature = "measure"))]
        let _ = object;
    }

    /// Says what was exercised. Calls on a capability that a process did not start
    /// with count as use of the one that it was given by; what came by message, of the
    /// spawner, without which there is nobody to get a message from.
    #[inline(always)]
    pub fn tell(&self, pid: u32, granted: &[capset::Entry]) {
        #[cfg(feature = "measure")]
        {
            let mut exercised = [0; INTERFACES.len()];
            for declared in INTERFACES {
                let charged = charged(declared.id, granted).unwrap_or(PROCESS_SPAWNER);
                let place = INTERFACES.iter().position(|other| other.id == charged);
                let calls = self.calls[usize::from(declared.index)];
                exercised[place.expect("a giver is declared")] += calls;
            }
            for (declared, calls) in INTERFACES.iter().zip(exercised) {
                if calls > 0 {
                    keep(Fact::Exercised(AuthorityExercised {
                        pid,
                        interface: declared.id,
                        calls,
                    }));
                }
            }
        }
        #[cfg(not(feature = "measure"))]
        let _ = (pid, granted);
    }
}

/// The granted interface that a capability of this one comes from.
#[cfg(feature = "measure")]
fn charged(interface: u64, granted: &[capset::Entry]) -> Option<u64> {
    if granted.iter().any(|entry| entry.interface_id == interface) {
        return Some(interface);
    }
    // No interface is given by itself, however far round.
    let mut givers = givers(interface).iter();
    givers.find_map(|giver| charged(*giver, granted))
}

/// Says that a process exists and what it was granted.
#[cfg(feature = "measure")]
pub fn process_started(process: &Process) {
    let pid = process.pid.0;
    keep(Fact::Thread(pid, pid, process.shared_name()));
    for entry in process.capset_entries() {
        let hold = process.capabilities.lookup(entry.cap_id);
        let source = hold.map_or("?", |hold| hold.object().interface().source);
        keep(Fact::Granted(pid, *entry, source));
    }
}

/// Says that a process has another thread.
#[inline(always)]
pub fn thread_started(thread: ThreadId, process: &Process) {
    #[cfg(feature = "measure")]
    keep(Fact::Thread(
        thread.traced(),
        thread.pid.0,
        process.shared_name(),
    ));
    #[cfg(not(feature = "measure"))]
    let _ = (thread, process);
}

/// Says that a process ended.
#[inline(always)]
pub fn process_exited(pid: u32, code: i64) {
    #[cfg(feature = "measure")]
    keep(Fact::Exited(ProcessExited { pid, code }));
    #[cfg(not(feature = "measure"))]
    let _ = (pid, code);
}

/// Says that a process faulted.
#[inline(always)]
pub fn process_faulted(pid: u32, vector: u64, error_code: u64, instruction: u64, address: u64) {
    #[cfg(feature = "measure")]
    keep(Fact::Faulted(ProcessFaulted {
        pid,
        vector: vector as u8,
        error_code,
        instruction,
        address,
    }));
    #[cfg(not(feature = "measure"))]
    let _ = (pid, vector, error_code, instruction, address);
}
