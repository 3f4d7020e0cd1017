//! Facts about processes, kept until there is time to report them.
//!
//! Processes start and end inside of windows where starting and ending them is what is
//! measured, and reporting to the host takes longer than finding out. So it is kept, and
//! reported when a program calls `MeasureControl`, which it does outside of timed code, and
//! at the end. Only if more happens than there is room for is it reported at once. A panic
//! loses what is kept.

use super::MEASURE;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use guest_abi::capset;
use kernel_measure::control::{
    AuthorityExercised, AuthorityGranted, Message, ProcessExited, ProcessFaulted, ThreadDeclared,
};

/// Facts that are kept: a row of benchmarks starts some hundred processes, and there are
/// about five of each.
const ROOM: usize = 1024;

/// One of them.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A thread exists: its id in traces, its process's id and name.
    Thread(u32, u32, Rc<str>),
    /// A process was granted this, from that source.
    Granted(u32, capset::Entry, &'static str),
    /// A process exercised something.
    Exercised(AuthorityExercised),
    /// A process ended.
    Exited(ProcessExited),
    /// A process faulted.
    Faulted(ProcessFaulted),
}

struct Facts(RefCell<Vec<Fact>>);

// SAFETY: one processor, no preemption in ring 0, and no borrow outlives a call here.
unsafe impl Sync for Facts {}

static FACTS: Facts = Facts(RefCell::new(Vec::new()));

/// Makes room.
pub fn start() {
    FACTS.0.borrow_mut().reserve_exact(ROOM);
}

/// Keeps a fact.
pub fn keep(fact: Fact) {
    let mut facts = FACTS.0.borrow_mut();
    if facts.len() < ROOM {
        facts.push(fact);
    } else {
        drop(facts);
        tell_all();
        tell(&fact);
    }
}

/// Reports all that is kept.
pub fn tell_all() {
    let mut facts = FACTS.0.borrow_mut();
    for fact in facts.iter() {
        tell(fact);
    }
    facts.clear();
}

/// Sends a message. A stream that is broken is known by its missing end; the
/// kernel's work goes on.
fn tell(fact: &Fact) {
    let message = match fact {
        Fact::Thread(tid, pid, program) => Message::ThreadDeclared(ThreadDeclared {
            tid: *tid,
            pid: *pid,
            program,
        }),
        Fact::Granted(pid, entry, source) => Message::AuthorityGranted(AuthorityGranted {
            pid: *pid,
            name: core::str::from_utf8(entry.name()).unwrap_or("?"),
            interface: entry.interface_id,
            source,
        }),
        Fact::Exercised(exercised) => Message::AuthorityExercised(*exercised),
        Fact::Exited(exited) => Message::ProcessExited(*exited),
        Fact::Faulted(faulted) => Message::ProcessFaulted(*faulted),
    };
    let _ = MEASURE.control(message);
}
