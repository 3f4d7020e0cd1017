//! Provokes the kernel and checks what it answers.
//!
//! Each check is one behaviour that programs rely on or must not be able to break:
//! registers survive, hostile rings and pointers are refused, a process that
//! misbehaves ends alone. Exits with the number of checks that failed.
//!
//! The program starts children of itself; what a child does follows from the name
//! of its first grant (see [`role`]).
#![no_std]
#![no_main]

extern crate alloc;

mod calls;
mod endpoints;
mod memory;
mod processes;
mod registers;
mod rings;
mod role;
mod sessions;
mod terminal;
mod threads;
mod times;

use guest_runtime::abi::interface::{
    AUTHORITY_BROKER, CONSOLE, CREDENTIAL_STORE, NULL, PARK_BENCH, PARK_SPACE, PROCESS_SPAWNER,
    SESSION_MANAGER, TERMINAL_SESSION, THREAD_CONTROL, THREAD_SPAWNER, TIMER,
};
use guest_runtime::memory::{FrameAllocator, VirtualMemory};
use guest_runtime::ring::Ring;
use guest_runtime::session::{AuthorityBroker, CredentialStore, SessionManager};
use guest_runtime::terminal::Terminal;
use guest_runtime::{capset, console, entry_point};

/// What checks work with.
pub struct Context {
    ring: Ring,
    console: u32,
    null: u32,
    park: u32,
    timer: u32,
    spawner: u32,
    space: u32,
    thread: u32,
    threads: u32,
    memory: VirtualMemory,
    frames: FrameAllocator,
    terminal: Terminal,
    credentials: CredentialStore,
    sessions: SessionManager,
    broker: AuthorityBroker,
}

/// A behaviour, and how to find out whether the kernel has it. The error says what
/// was seen instead.
type Check = (&'static str, fn(&mut Context) -> Result<(), &'static str>);

/// An error unless the condition holds.
fn ensure(condition: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if condition { Ok(()) } else { Err(otherwise) }
}

entry_point!(main);

fn main() -> i64 {
    let mut ring = Ring::take().expect("the ring is free at the start");
    if let Some(role) = role::find() {
        return role(&mut ring);
    }
    let grant = |name, interface| {
        capset::find(name, interface).unwrap_or_else(|| panic!("a grant named {name}"))
    };
    let mut context = Context {
        ring,
        console: grant("console", CONSOLE),
        null: grant("null", NULL),
        park: grant("park", PARK_BENCH),
        timer: grant("timer", TIMER),
        spawner: grant("spawner", PROCESS_SPAWNER),
        space: grant("space", PARK_SPACE),
        thread: grant("thread", THREAD_CONTROL),
        threads: grant("threads", THREAD_SPAWNER),
        memory: VirtualMemory::find().expect("a grant named `memory`"),
        frames: FrameAllocator::find().expect("a grant named `frames`"),
        terminal: Terminal(grant("terminal", TERMINAL_SESSION)),
        credentials: CredentialStore(grant("credentials", CREDENTIAL_STORE)),
        sessions: SessionManager(grant("sessions", SESSION_MANAGER)),
        broker: AuthorityBroker(grant("broker", AUTHORITY_BROKER)),
    };
    let groups = [
        registers::CHECKS,
        calls::CHECKS,
        times::CHECKS,
        processes::CHECKS,
        memory::CHECKS,
        threads::CHECKS,
        endpoints::CHECKS,
        sessions::CHECKS,
        // Gives the terminal up in the end.
        terminal::CHECKS,
        // Last: they leave the ring's indices in unusual places.
        rings::CHECKS,
    ];
    let mut failed = 0;
    let mut done = 0;
    for (name, check) in groups.into_iter().flatten() {
        done += 1;
        if let Err(seen) = check(&mut context) {
            failed += 1;
            let line = format_args!("abi-check: FAILED {name}: {seen}");
            let _ = console::write_line(&mut context.ring, context.console, line);
        }
    }
    let line = format_args!("abi-check: checks={done} failed={failed}");
    let _ = console::write_line(&mut context.ring, context.console, line);
    failed
}
