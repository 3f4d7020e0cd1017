//! What happens at a time.
//!
//! A short unsorted list: a thread has at most one wait and a few sleeps. It is
//! looked at only when a thread waits or ends or the timer interrupts, so it costs
//! the dispatch path nothing.

use crate::capability::{park_space, terminal_session};
use crate::kernel::Kernel;
use crate::process::{Pid, Process, ThreadId, Waiter};
use crate::ring::deferred::Deferred;
use alloc::vec::Vec;
use kernel_core::terminal::script::Due;

/// What ends then.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// End a thread's wait in `cap_enter`.
    Wait(ThreadId),
    /// Complete a `Timer.sleep`.
    Sleep(Waiter),
    /// Complete a PARK.
    Park(Waiter),
    /// The terminal's script types.
    Typed(Due),
}

impl Event {
    /// Whose it is. What is typed is nobody's: it is typed whoever ends.
    fn pid(&self) -> Option<Pid> {
        match self {
            Self::Wait(thread) => Some(thread.pid),
            Self::Sleep(waiter) | Self::Park(waiter) => Some(waiter.thread.pid),
            Self::Typed(_) => None,
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
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// When something happens next.
    pub fn earliest(&self) -> Option<u64> {
        self.events.iter().map(|(deadline, _)| *deadline).min()
    }

    /// Adds an event at a time of the kernel's clock.
    pub fn add(&mut self, deadline: u64, event: Event) {
        self.events.push((deadline, event));
    }

    /// Forgets everything of a process.
    pub fn forget(&mut self, pid: Pid) {
        self.events.retain(|(_, event)| event.pid() != Some(pid));
    }

    /// Forgets when a thread's wait would have ended.
    #[inline]
    pub fn end_wait(&mut self, thread: ThreadId) {
        self.events
            .retain(|(_, event)| !matches!(event, Event::Wait(t) if *t == thread));
    }

    /// Forgets when a PARK would have timed out.
    pub fn end_park(&mut self, waiter: &Waiter) {
        self.events
            .retain(|(_, event)| !matches!(event, Event::Park(w) if w.is_same(waiter)));
    }

    /// Sleeps that a process has under way.
    pub fn sleeps(&self, pid: Pid) -> usize {
        let is_its = |event: &Event| matches!(event, Event::Sleep(w) if w.thread.pid == pid);
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
pub fn expire(kernel: &mut Kernel, mut caller: Option<&mut Process>) {
    if kernel.timeouts.is_empty() {
        return;
    }
    let now = kernel.clock.now();
    while let Some(event) = kernel.timeouts.take_due(now) {
        match event {
            Event::Wait(thread) => kernel.end_wait(caller.as_deref_mut(), thread),
            Event::Sleep(waiter) => kernel.deferred.push_back(Deferred::Code(waiter, 0)),
            Event::Park(waiter) => park_space::time_out(kernel, waiter),
            Event::Typed(due) => terminal_session::typed(kernel, caller.as_deref(), due),
        }
    }
    // Nobody's dispatch is under way here, so no thread can be ended by this.
    let _ = kernel.complete_deferred(caller);
}
