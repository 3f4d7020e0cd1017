//! Processes: what one is, how it calls the kernel, how it ends.

pub mod loader;
mod thread;
mod waiter;

use crate::arch::exceptions::{self, ExceptionFrame};
use crate::arch::syscall::UserContext;
use crate::capability::exception::Exception;
use crate::capability::{Object, endpoint};
use crate::kernel::{KERNEL, Kernel};
use crate::log;
use crate::measure::{self, Exercised};
use crate::memory::PhysAddr;
use crate::memory::program_memory::ProgramMemory;
use crate::ring::deferred::Deferred;
use crate::ring::enter::Left;
use crate::ring::page::Ring;
use crate::{arch, ring, schedule};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::Cell;
use guest_abi::capset;
use guest_abi::ring::ResultCap;
use guest_abi::syscall::{CAP_ENTER, EXIT, REJECTED};
use kernel_core::capability_table::{CapabilityTable, Hold};

pub use thread::{State, Thread, ThreadId, ThreadStatus, Tid};
pub use waiter::{Waiter, Waiters};

/// Processes that may exist at a time.
pub const MAX_PROCESSES: usize = 8;
/// Threads that a process may have at a time, as published.
pub const MAX_THREADS: usize = 16;
/// Submissions of one process that may be pending at a time, as published.
const MAX_OUTSTANDING: u32 = 64;
/// What a process that faulted appears to have exited with: this minus the vector.
/// *Chosen*; far from what programs return.
const FAULT_EXIT_BASE: i64 = -0x1000;

/// Identifies a process; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pid(pub u32);

/// A process.
pub struct Process {
    /// Its ring, which all its threads share.
    pub ring: Ring,
    /// Its capabilities.
    pub capabilities: CapabilityTable<Object>,
    /// Its id.
    pub pid: Pid,
    /// Submissions of its that complete later.
    pub outstanding: u32,
    /// How it ends, shared with every holder of a handle.
    pub status: Rc<Status>,
    /// What it exercised.
    pub probe: Exercised,
    /// Its memory.
    pub memory: ProgramMemory,
    /// Its threads; one at least.
    #[expect(
        clippy::vec_box,
        reason = "a thread must stay where the entry code finds it"
    )]
    threads: Vec<Box<Thread>>,
    /// Place of the thread that runs or ran last.
    active: usize,
    /// How many of its threads are in `cap_enter`, waiting.
    waiting: u32,
    next_tid: u32,
    capset: PhysAddr,
    name: Rc<str>,
}

/// How a process ended, and who wants to know.
#[derive(Debug)]
pub struct Status {
    /// The process.
    pub pid: Pid,
    exit_code: Cell<Option<i64>>,
    /// Submissions that complete when it ends.
    pub waiters: Waiters,
}

impl Status {
    /// The status of a process that runs.
    pub fn new(pid: Pid) -> Rc<Self> {
        Rc::new(Self {
            pid,
            exit_code: Cell::new(None),
            waiters: Waiters::default(),
        })
    }

    /// What it exited with, if it did.
    pub fn exit_code(&self) -> Option<i64> {
        self.exit_code.get()
    }
}

/// What a new process starts with.
pub struct Parts<'a> {
    /// Its id.
    pub pid: Pid,
    /// Its name.
    pub name: &'a str,
    /// Registers of its first thread.
    pub context: UserContext,
    /// Thread-local storage of its first thread.
    pub fs_base: u64,
    /// Its capabilities.
    pub capabilities: CapabilityTable<Object>,
    /// Its memory.
    pub memory: ProgramMemory,
    /// The frame of its ring.
    pub ring: PhysAddr,
    /// The frame of its CapSet.
    pub capset: PhysAddr,
}

impl Process {
    /// A process with one thread that can run.
    pub fn new(parts: Parts<'_>) -> Self {
        let main = Thread::new(Tid::MAIN, parts.context, parts.fs_base);
        Self {
            ring: Ring::new(parts.ring),
            capabilities: parts.capabilities,
            pid: parts.pid,
            outstanding: 0,
            status: Status::new(parts.pid),
            probe: Exercised::default(),
            memory: parts.memory,
            threads: alloc::vec![Box::new(main)],
            active: 0,
            waiting: 0,
            next_tid: Tid::MAIN.0 + 1,
            capset: parts.capset,
            name: parts.name.into(),
        }
    }

    /// Its name, to be kept.
    #[cfg(feature = "measure")]
    pub fn shared_name(&self) -> Rc<str> {
        Rc::clone(&self.name)
    }

    /// The thread that runs or ran last.
    #[inline(always)]
    pub fn thread(&mut self) -> &mut Thread {
        &mut self.threads[self.active]
    }

    /// Id of the thread that runs or ran last.
    #[inline(always)]
    pub fn thread_id(&self) -> ThreadId {
        ThreadId {
            pid: self.pid,
            tid: self.threads[self.active].tid,
        }
    }

    /// Makes a thread the one that runs. Whether there is such a thread.
    pub fn select(&mut self, tid: Tid) -> bool {
        match self.place_of(tid) {
            Some(place) => {
                self.active = place;
                true
            }
            None => false,
        }
    }

    /// A thread.
    pub fn find(&mut self, tid: Tid) -> Option<&mut Thread> {
        let place = self.place_of(tid)?;
        Some(&mut self.threads[place])
    }

    /// Its threads.
    pub fn threads(&self) -> impl Iterator<Item = &Thread> {
        self.threads.iter().map(|thread| &**thread)
    }

    /// The id that the next thread will have.
    pub fn next_tid(&self) -> Tid {
        Tid(self.next_tid)
    }

    /// Adds a thread that can run.
    pub fn add_thread(
        &mut self,
        context: UserContext,
        fs_base: u64,
    ) -> Result<Rc<ThreadStatus>, Exception> {
        if self.threads.len() >= MAX_THREADS {
            return Err(Exception::overloaded("sixteen threads exist"));
        }
        let thread = Thread::new(self.next_tid(), context, fs_base);
        self.next_tid += 1;
        let status = Rc::clone(&thread.status);
        self.threads.push(Box::new(thread));
        Ok(status)
    }

    /// Removes the running thread, if it is not the last one. The caller must not
    /// resume it.
    fn remove_thread(&mut self) -> Option<Box<Thread>> {
        if self.threads.len() == 1 {
            return None;
        }
        let thread = self.threads.remove(self.active);
        self.active = 0;
        Some(thread)
    }

    fn place_of(&self, tid: Tid) -> Option<usize> {
        self.threads.iter().position(|thread| thread.tid == tid)
    }

    /// Gives it a new object and returns the description it gets.
    ///
    /// # Panics
    ///
    /// If its table has no room, which the caller has asked.
    pub fn give(&mut self, hold: Hold<Object>) -> ResultCap {
        let interface_id = hold.interface_id;
        let cap_id = self.capabilities.insert(hold);
        ResultCap {
            cap_id: cap_id.expect("the caller asked for room"),
            reserved: 0,
            interface_id,
        }
    }

    /// Takes one of its places for submissions that complete later.
    pub fn take_outstanding(&mut self) -> Result<(), Exception> {
        if self.outstanding >= MAX_OUTSTANDING {
            return Err(Exception::overloaded("64 submissions are pending"));
        }
        self.outstanding += 1;
        Ok(())
    }

    /// Whether any of its threads waits for completions.
    #[inline(always)]
    pub fn has_waiting_thread(&self) -> bool {
        self.waiting != 0
    }

    /// Completions that a thread may take: those of its own and those of nobody.
    /// A process with one thread has no others.
    #[inline(always)]
    pub fn available(&self, tid: Tid) -> u32 {
        if self.threads.len() == 1 {
            self.ring.available()
        } else {
            self.ring.available_to(tid.0)
        }
    }

    /// Whether the submission at the head belongs to a thread other than the running
    /// one. It stays there and keeps back everything behind it. One that belongs to
    /// a thread that is gone keeps nothing back: it is refused.
    #[inline(always)]
    pub fn head_is_foreign(&self) -> bool {
        let owner = self.ring.head_owner();
        owner != 0
            && owner != self.threads[self.active].tid.0
            && self.place_of(Tid(owner)).is_some()
    }

    /// Leaves the running thread waiting, in one of the states that are no running.
    pub fn begin_wait(&mut self, state: State) {
        self.waiting += 1;
        self.thread().state = state;
    }

    /// Ends a thread's wait with what there is. The thread must wait.
    pub fn end_wait(&mut self, tid: Tid) {
        let available = self.available(tid);
        self.waiting -= 1;
        let thread = self.find(tid).expect("a thread waits");
        thread.context.set_result(u64::from(available));
        thread.state = State::Runnable;
    }

    /// The first thread that has what it waits for.
    pub fn satisfied_thread(&self) -> Option<Tid> {
        let mut threads = self.threads.iter();
        let satisfied = threads.find(|thread| match thread.state {
            State::Runnable => false,
            State::Waiting { min_complete } => self.available(thread.tid) >= min_complete,
            State::Parked => self.ring.has_for(thread.tid.0),
        });
        satisfied.map(|thread| thread.tid)
    }

    /// The entries of its CapSet page.
    pub fn capset_entries(&self) -> &[capset::Entry] {
        let header = self.capset.pointer::<capset::Header>();
        // SAFETY: the page was filled by the loader, and programs cannot write it.
        unsafe { core::slice::from_raw_parts(header.add(1).cast(), (*header).count as usize) }
    }
}

/// Every system call, on the kernel stack, with the caller's state saved.
pub extern "C" fn syscall() -> ! {
    arch::syscall::record_entry();
    // SAFETY: entered from a program, so nothing in the kernel is running.
    let kernel = unsafe { KERNEL.get() };
    let mut process = kernel.take_current();
    let call = process.thread().context.call();
    match call.number {
        CAP_ENTER => match ring::enter::enter(kernel, &mut process, call.first, call.second) {
            Left::Alive => schedule::go_on(kernel, process),
            Left::Ended(code) => end_thread(kernel, process, code),
        },
        EXIT => end(kernel, process, call.first as i64),
        _ => {
            process.thread().context.set_result(REJECTED);
            schedule::go_on(kernel, process)
        }
    }
}

/// A program did what it may not: it ends, and nothing else does.
pub fn fault(frame: &ExceptionFrame, address: u64) -> ! {
    // SAFETY: entered from a program, so nothing in the kernel is running.
    let kernel = unsafe { KERNEL.get() };
    let process = kernel.take_current();
    log!(
        "kernel: {} ({}) ended by {} at {:#x} (error {:#x}, address {:#x}, stack {:#x})",
        process.name,
        process.pid.0,
        exceptions::name(frame.vector),
        frame.instruction,
        frame.error,
        address,
        frame.stack,
    );
    measure::process_faulted(
        process.pid.0,
        frame.vector,
        frame.error,
        frame.instruction,
        address,
    );
    let probe = measure::thread();
    probe.count(measure::FAULTS, 1);
    end(kernel, process, FAULT_EXIT_BASE - frame.vector as i64)
}

/// Ends the running thread, and with the last one its process, and goes on with
/// another.
fn end_thread(kernel: &mut Kernel, mut process: Box<Process>, code: i64) -> ! {
    let Some(thread) = process.remove_thread() else {
        end(kernel, process, code);
    };
    thread.status.end(code);
    for waiter in thread.status.waiters.take() {
        kernel
            .deferred
            .push_back(Deferred::ThreadEnded(waiter, code));
    }
    let _ = kernel.complete_deferred(Some(&mut process));
    kernel.park(process);
    schedule::next(kernel)
}

/// Ends the running process and goes on with another.
pub fn end(kernel: &mut Kernel, process: Box<Process>, code: i64) -> ! {
    kernel.leave_address_space();
    dispose(kernel, process, code);
    let _ = kernel.complete_deferred(None);
    schedule::next(kernel)
}

/// Gives back everything a process had. Waiters are notified later, outside of
/// any dispatch. The process must not be the one whose address space is loaded.
pub fn dispose(kernel: &mut Kernel, mut process: Box<Process>, code: i64) {
    let pid = process.pid;
    kernel.audit.tell();
    process.probe.tell(pid.0, process.capset_entries());
    measure::process_exited(pid.0, code);
    kernel.forget_waits(pid);
    let capabilities = core::mem::take(&mut process.capabilities);
    for hold in capabilities.into_holds() {
        endpoint::abandon(kernel, pid, hold.object());
        kernel.drop_hold(hold);
    }
    let Process {
        status,
        memory,
        threads,
        ..
    } = *process;
    // SAFETY: it is not loaded, and ring and CapSet end with the process.
    unsafe { memory.free(&mut kernel.frames) };
    for thread in threads {
        thread.status.end(code);
        for waiter in thread.status.waiters.take() {
            kernel
                .deferred
                .push_back(Deferred::ThreadEnded(waiter, code));
        }
    }
    status.exit_code.set(Some(code));
    for waiter in status.waiters.take() {
        kernel
            .deferred
            .push_back(Deferred::ProcessEnded(waiter, code));
    }
    if pid == kernel.init {
        schedule::shut_down(kernel, code);
    }
}
