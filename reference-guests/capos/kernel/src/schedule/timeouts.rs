//! What happens at a time.
//!
//! A short unsorted list: a process has at most one wait and a few sleeps. It is
//! looked at only when a process waits or ends, so it costs the dispatch path
//! nothing.

use crate::kernel::Kernel;
use crate::process::{Pid, Waiter};
use alloc::vec::Vec;

/// What to do then.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// End a process's `cap_enter` if it is still the same one.
    EndWait {
        /// The process.
        pid: Pid,
        /// Which of its waits.
        wait_number: u64,
    },
    /// Complete a `Timer.sleep`.
    EndSleep(Waiter),
}

impl Event {
    fn pid(&self) -> Pid {
        match self {
            Self::EndWait { pid, .. } => *pid,
            Self::EndSleep(waiter) => waiter.pid,
        }
    }
}

/// The list.
#[derive(Debug, Default)]
pub struct Timeouts {
    events: Vec<(u64, Event)>,
}

impl Timeouts {
    /// Whether nothing is to happen.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Adds an event at a time of the kernel's clock. A process has one wait at a
    /// time, so a new one takes the place of the last.
    pub fn add(&mut self, deadline: u64, event: Event) {
        if let Event::EndWait { pid, .. } = event {
            let is_last = |e: &Event| matches!(e, Event::EndWait { pid: p, .. } if *p == pid);
            self.events.retain(|(_, event)| !is_last(event));
        }
        self.events.push((deadline, event));
    }

    /// Forgets everything of a process.
    pub fn forget(&mut self, pid: Pid) {
        self.events.retain(|(_, event)| event.pid() != pid);
    }

    /// Sleeps that a process has under way.
    pub fn sleeps(&self, pid: Pid) -> usize {
        let is_its = |event: &Event| matches!(event, Event::EndSleep(w) if w.pid == pid);
        let events = self.events.iter();
        events.filter(|(_, event)| is_its(event)).count()
    }

    /// Takes the earliest event that is due.
    fn take_due(&mut self, now: u64) -> Option<Event> {
        let (position, _) = self
            .events
            .iter()
            .enumerate()
            .filter(|(_, (deadline, _))| *deadline <= now)
            .min_by_key(|(_, (deadline, _))| *deadline)?;
        Some(self.events.remove(position).1)
    }
}

/// Does everything that is due.
pub fn expire(kernel: &mut Kernel) {
    if kernel.timeouts.is_empty() {
        return;
    }
    let now = kernel.clock.now();
    while let Some(event) = kernel.timeouts.take_due(now) {
        match event {
            Event::EndWait { pid, wait_number } => kernel.end_wait(pid, wait_number),
            Event::EndSleep(waiter) => crate::capability::timer::complete_sleep(kernel, waiter),
        }
    }
}
