//! What became of processes: started, granted, exercised, faulted, ended.

use crate::capability::Object;
use crate::process::{Process, ThreadId};
use guest_abi::capset;

#[cfg(feature = "measure")]
use super::declared::{INTERFACES, origin};
#[cfg(feature = "measure")]
use super::facts::{Fact, keep};
#[cfg(feature = "measure")]
use kernel_measure::control::{AuthorityExercised, ProcessExited, ProcessFaulted};

/// Calls a process made, by interface.
#[derive(Debug, Default)]
pub struct Exercised {
    #[cfg(feature = "measure")]
    calls: [u64; INTERFACES.len()],
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

    /// Says what was exercised. Calls on a capability that a process did not start
    /// with count as use of what it came from.
    #[inline(always)]
    pub fn tell(&self, pid: u32, granted: &[capset::Entry]) {
        #[cfg(feature = "measure")]
        {
            let mut calls = self.calls;
            for (index, declared) in INTERFACES.iter().enumerate() {
                let is_granted = granted.iter().any(|e| e.interface_id == declared.id);
                let origin = origin(declared.id);
                if !is_granted && index != origin {
                    calls[origin] += core::mem::take(&mut calls[index]);
                }
            }
            for (declared, calls) in INTERFACES.iter().zip(calls) {
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

/// Says that a process exists and what it was granted.
#[cfg(feature = "measure")]
pub fn process_started(process: &Process) {
    let pid = process.pid.0;
    keep(Fact::Thread(pid, pid, process.shared_name()));
    for entry in process.capset_entries() {
        let hold = process.capabilities.lookup(entry.cap_id);
        let source = hold.map_or("?", |hold| hold.object().source_name());
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
