//! The kernel's state, all of it.
//!
//! One processor and no preemption in ring 0: whoever entered the kernel from a
//! program has this to itself until it resumes one.

use crate::arch::clock::Clock;
use crate::arch::cpu;
use crate::arch::syscall::UserContext;
use crate::capability::scratch::Scratch;
use crate::measure;
use crate::memory::address_space::AddressSpace;
use crate::memory::frames::Frames;
use crate::process::{MAX_PROCESSES, Pid, Process, State, Waiter};
use crate::schedule::timeouts::Timeouts;
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use guest_abi::boot_image::BootImage;

/// Everything the kernel knows.
pub struct Kernel {
    /// Free memory.
    pub frames: Frames,
    /// The kernel's own page tables.
    pub space: AddressSpace,
    /// Time.
    pub clock: Clock,
    /// The boot image.
    pub image: BootImage<'static>,
    /// The first process.
    pub init: Pid,
    /// What happens at a time.
    pub timeouts: Timeouts,
    /// Waits for processes that have ended, to be completed.
    pub ended: Vec<(Waiter, i64)>,
    /// Buffers for the message at hand.
    pub scratch: Scratch,
    current: Option<Box<Process>>,
    /// Processes that do not run now, runnable ones among them.
    #[expect(
        clippy::vec_box,
        reason = "a process must stay where the entry code finds it"
    )]
    others: Vec<Box<Process>>,
    run_queue: VecDeque<Pid>,
    /// Whose address space is loaded.
    loaded: Option<Pid>,
    /// Who ran last.
    running: Pid,
    next_pid: u32,
}

impl Kernel {
    /// A kernel without processes.
    pub fn new(
        frames: Frames,
        space: AddressSpace,
        clock: Clock,
        image: BootImage<'static>,
    ) -> Self {
        Self {
            frames,
            space,
            clock,
            image,
            init: Pid(1),
            timeouts: Timeouts::default(),
            ended: Vec::new(),
            scratch: Scratch::new(),
            current: None,
            others: Vec::with_capacity(MAX_PROCESSES),
            run_queue: VecDeque::with_capacity(MAX_PROCESSES),
            loaded: None,
            running: Pid(0),
            next_pid: 1,
        }
    }

    /// Takes the process that was running.
    #[inline]
    pub fn take_current(&mut self) -> Box<Process> {
        self.current.take().expect("a program was running")
    }

    /// Makes a process the running one and returns its registers.
    #[inline]
    pub fn make_current(&mut self, process: Box<Process>) -> *mut UserContext {
        self.load(&process);
        if self.running != process.pid {
            let probe = measure::thread();
            probe.instant(measure::SWITCH, self.running.0, u64::from(process.pid.0));
            probe.count(measure::SWITCHES, 1);
            self.running = process.pid;
            cpu::clear_segments();
        }
        &raw mut self.current.insert(process).context
    }

    /// Loads a process's address space if it is not loaded already.
    #[inline]
    pub fn load(&mut self, process: &Process) {
        if self.loaded != Some(process.pid) {
            process.activate();
            self.loaded = Some(process.pid);
        }
    }

    /// Loads the kernel's address space, so that any program's can be freed.
    pub fn leave_address_space(&mut self) {
        // SAFETY: it is the kernel's own tree.
        unsafe { self.space.activate() };
        self.loaded = None;
    }

    /// Keeps a process that does not run now.
    pub fn park(&mut self, process: Box<Process>) {
        self.others.push(process);
    }

    /// Puts a new process at the end of the queue.
    pub fn add(&mut self, process: Box<Process>) {
        #[cfg(feature = "measure")]
        measure::process_started(&process);
        self.run_queue.push_back(process.pid);
        self.others.push(process);
    }

    /// The next id and whether there is room for another process. The caller's own
    /// process counts, although it is not among the others.
    pub fn new_pid(&mut self) -> Option<Pid> {
        if self.others.len() + 1 >= MAX_PROCESSES {
            return None;
        }
        let pid = Pid(self.next_pid);
        self.next_pid += 1;
        Some(pid)
    }

    /// A process that does not run now.
    pub fn process(&self, pid: Pid) -> Option<&Process> {
        self.others.iter().find(|p| p.pid == pid).map(|p| &**p)
    }

    /// Takes a process that does not run now.
    pub fn take(&mut self, pid: Pid) -> Option<Box<Process>> {
        let position = self.others.iter().position(|p| p.pid == pid)?;
        Some(self.others.swap_remove(position))
    }

    /// Takes the first runnable process of the queue.
    pub fn take_runnable(&mut self) -> Option<Box<Process>> {
        while let Some(pid) = self.run_queue.pop_front() {
            if let Some(process) = self.take(pid) {
                return Some(process);
            }
        }
        None
    }

    /// Puts a process back, at the end of the queue if it just became runnable.
    pub fn put_back(&mut self, process: Box<Process>, woken: bool) {
        if woken {
            self.run_queue.push_back(process.pid);
        }
        self.others.push(process);
    }

    /// Forgets everything that a process waits for.
    pub fn forget_waits(&mut self, pid: Pid) {
        self.timeouts.forget(pid);
        for process in &self.others {
            process.status.forget_waiters(pid);
        }
    }

    /// Ends a wait that timed out.
    pub fn end_wait(&mut self, pid: Pid, wait_number: u64) {
        let Some(mut process) = self.take(pid) else {
            return;
        };
        let same = process.wait_number == wait_number;
        let waits = same && matches!(process.state, State::Waiting { .. });
        if waits {
            process.end_wait();
        }
        self.put_back(process, waits);
    }
}

/// The one [`Kernel`].
pub struct KernelCell(UnsafeCell<Option<Kernel>>);

// SAFETY: one processor, no preemption in ring 0; see `get`.
unsafe impl Sync for KernelCell {}

/// The one [`Kernel`].
pub static KERNEL: KernelCell = KernelCell(UnsafeCell::new(None));

impl KernelCell {
    /// Sets the kernel up.
    ///
    /// # Safety
    ///
    /// Once, at boot.
    pub unsafe fn set(&self, kernel: Kernel) -> &'static mut Kernel {
        // SAFETY: nobody has a reference yet.
        unsafe { (*self.0.get()).insert(kernel) }
    }

    /// The kernel.
    ///
    /// # Safety
    ///
    /// Only once per entry from a program: nothing else in ring 0 may be running.
    #[inline]
    #[expect(clippy::mut_from_ref, reason = "exclusive by the caller's promise")]
    pub unsafe fn get(&'static self) -> &'static mut Kernel {
        // SAFETY: the caller promises that no other reference is in use.
        unsafe { (*self.0.get()).as_mut() }.expect("programs run after boot")
    }
}
