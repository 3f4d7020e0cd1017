//! Processes: what one is, how it calls the kernel, how it ends.

pub mod loader;

use crate::arch::exceptions::{self, ExceptionFrame};
use crate::arch::syscall::UserContext;
use crate::capability::exception::Exception;
use crate::capability::{Object, process_handle};
use crate::kernel::{KERNEL, Kernel};
use crate::log;
use crate::measure::{self, Exercised};
use crate::memory::PhysAddr;
use crate::memory::address_space::AddressSpace;
use crate::ring::page::Ring;
use crate::{arch, ring, schedule};
use alloc::boxed::Box;
use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use guest_abi::capset;
use guest_abi::syscall::{CAP_ENTER, EXIT, REJECTED};
use kernel_core::capability_table::CapabilityTable;

/// Processes that may exist at a time.
pub const MAX_PROCESSES: usize = 8;
/// Submissions of one process that may be pending at a time, as published.
const MAX_OUTSTANDING: u32 = 64;
/// Thread id of a process's first thread. *Chosen*.
pub const MAIN_THREAD: u32 = 1;
/// What a process that faulted appears to have exited with: this minus the vector.
/// *Chosen*; far from what programs return.
const FAULT_EXIT_BASE: i64 = -0x1000;

/// Identifies a process; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pid(pub u32);

/// Whether a process can run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs or waits for its turn.
    Runnable,
    /// It is in `cap_enter` until this many completions are there.
    Waiting {
        /// Completions it waits for.
        min_complete: u32,
    },
}

/// A process with its one thread.
pub struct Process {
    /// Registers while it does not run.
    pub context: UserContext,
    /// Its ring.
    pub ring: Ring,
    /// Whether it can run.
    pub state: State,
    /// Its capabilities.
    pub capabilities: CapabilityTable<Object>,
    /// Its id.
    pub pid: Pid,
    /// How many waits with a timeout it began; tells an old timeout from a new one.
    pub wait_number: u64,
    /// Submissions of its that complete later.
    pub outstanding: u32,
    /// How it ends, shared with whoever holds a handle.
    pub status: Rc<Status>,
    /// What it exercised.
    pub probe: Exercised,
    space: AddressSpace,
    capset: PhysAddr,
    name: Box<str>,
}

/// How a process ended, and who wants to know.
#[derive(Debug)]
pub struct Status {
    /// The process.
    pub pid: Pid,
    exit_code: Cell<Option<i64>>,
    waiters: RefCell<Vec<Waiter>>,
}

/// A submission that completes later.
#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    /// Whose it is.
    pub pid: Pid,
    /// Which of its submissions.
    pub sequence: u32,
    /// Index of the interface that was called.
    pub interface: u8,
    /// Method that was called.
    pub method: u16,
    /// Returned in the completion.
    pub user_data: u64,
    /// Where the result goes.
    pub result_addr: u64,
    /// Room there.
    pub result_len: u32,
}

impl Status {
    /// The status of a process that runs.
    pub fn new(pid: Pid) -> Rc<Self> {
        Rc::new(Self {
            pid,
            exit_code: Cell::new(None),
            waiters: RefCell::new(Vec::new()),
        })
    }

    /// What it exited with, if it did.
    pub fn exit_code(&self) -> Option<i64> {
        self.exit_code.get()
    }

    /// Forgets what a process waits for that has ended itself.
    pub fn forget_waiters(&self, pid: Pid) {
        self.waiters.borrow_mut().retain(|waiter| waiter.pid != pid);
    }

    /// Completes this submission when the process ends.
    pub fn add_waiter(&self, waiter: Waiter) {
        self.waiters.borrow_mut().push(waiter);
    }
}

impl Process {
    /// Its name.
    #[cfg_attr(
        not(feature = "measure"),
        expect(dead_code, reason = "said in the trace")
    )]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes one of its places for submissions that complete later.
    pub fn take_outstanding(&mut self) -> Result<(), Exception> {
        if self.outstanding >= MAX_OUTSTANDING {
            return Err(Exception::overloaded("64 submissions are pending"));
        }
        self.outstanding += 1;
        Ok(())
    }

    /// Makes it runnable if it has what it waits for. Whether it became runnable.
    #[inline]
    pub fn check_wake(&mut self) -> bool {
        match self.state {
            State::Runnable => false,
            State::Waiting { min_complete } => {
                let available = self.ring.available();
                let satisfied = available >= min_complete;
                if satisfied {
                    self.end_wait();
                    let probe = measure::thread();
                    probe.count(measure::WAKES, 1);
                }
                satisfied
            }
        }
    }

    /// Ends its wait with what there is.
    pub fn end_wait(&mut self) {
        self.context.set_result(u64::from(self.ring.available()));
        self.state = State::Runnable;
    }

    /// Loads its address space.
    pub fn activate(&self) {
        // SAFETY: every program's tree has the kernel's half.
        unsafe { self.space.activate() };
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
    let call = process.context.call();
    match call.number {
        CAP_ENTER => {
            ring::enter::enter(kernel, &mut process, call.first, call.second);
            schedule::go_on(kernel, process)
        }
        EXIT => end(kernel, process, call.first as i64),
        _ => {
            process.context.set_result(REJECTED);
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

/// Ends the running process and goes on with another.
pub fn end(kernel: &mut Kernel, process: Box<Process>, code: i64) -> ! {
    kernel.leave_address_space();
    dispose(kernel, process, code);
    kernel.complete_ended(None);
    schedule::next(kernel)
}

/// Gives back everything a process had. Who waits for it is told later, outside of
/// any dispatch. The process must not be the one whose address space is loaded.
pub fn dispose(kernel: &mut Kernel, process: Box<Process>, code: i64) {
    let pid = process.pid;
    process.probe.tell(pid.0, process.capset_entries());
    measure::process_exited(pid.0, code);
    let Process { status, space, .. } = *process;
    // SAFETY: the tree is not loaded, and ring and CapSet end with the process.
    unsafe { space.free(&mut kernel.frames) };
    kernel.forget_waits(pid);
    status.exit_code.set(Some(code));
    for waiter in status.waiters.take() {
        kernel.ended.push((waiter, code));
    }
    if pid == kernel.init {
        schedule::shut_down(code);
    }
}

impl Kernel {
    /// Completes the waits for processes that have ended.
    pub fn complete_ended(&mut self, mut caller: Option<&mut Process>) {
        while let Some((waiter, code)) = self.ended.pop() {
            process_handle::complete_wait(self, caller.as_deref_mut(), waiter, code);
        }
    }
}
