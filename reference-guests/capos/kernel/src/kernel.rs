//! The kernel's state, all of it.
//!
//! One processor and no preemption in ring 0: what entered the kernel from a
//! program has this to itself until it resumes one.

use crate::arch::clock::Clock;
use crate::arch::cpu;
use crate::arch::local_apic::OneShotTimer;
use crate::arch::syscall::UserContext;
use crate::boot::neutral::Neutral;
use crate::capability::park_space::Parked;
use crate::capability::scratch::Scratch;
use crate::capability::session_manager::Accounts;
use crate::capability::terminal_session::Terminal;
use crate::measure::audit::Audit;
use crate::memory::address_space::AddressSpace;
use crate::memory::frames::Frames;
use crate::process::{MAX_PROCESSES, MAX_THREADS, Pid, Process, State, ThreadId};
use crate::ring::deferred::Deferred;
use crate::schedule::timeouts::Timeouts;
use crate::segments;
use crate::{measure, step};
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use guest_abi::boot_image::BootImage;

/// Everything the kernel knows.
pub struct Kernel {
    /// Free memory.
    pub frames: Frames,
    /// How many frames were free before the first process.
    pub free_at_start: usize,
    /// The kernel's own page tables.
    pub space: AddressSpace,
    /// Time.
    pub clock: Clock,
    /// The boot image.
    pub image: BootImage<'static>,
    /// What could as well be otherwise.
    pub neutral: Neutral,
    /// The first process.
    pub init: Pid,
    /// What happens at a time.
    pub timeouts: Timeouts,
    /// The interrupt that ends a program's turn.
    pub timer: OneShotTimer,
    /// Completions to be made once the dispatch at hand is over.
    pub deferred: VecDeque<Deferred>,
    /// Who waits on which word.
    pub parked: Vec<Parked>,
    /// The terminal.
    pub terminal: Terminal,
    /// Who may log in.
    pub accounts: Accounts,
    /// Privileged acts that are not reported to the trace yet.
    pub audit: Audit,
    /// Buffers for the message at hand.
    pub scratch: Scratch,
    /// When the turn of the running thread ends, if others want to run.
    pub turn_end: u64,
    current: Option<Box<Process>>,
    /// Processes that do not run now, runnable ones among them.
    #[expect(
        clippy::vec_box,
        reason = "a process must stay where the entry code finds it"
    )]
    others: Vec<Box<Process>>,
    run_queue: VecDeque<ThreadId>,
    /// Runs next, before the queue, on what is left of the turn.
    handoff: Option<ThreadId>,
    /// Whose address space is loaded.
    loaded: Option<Pid>,
    /// Who ran last.
    running: ThreadId,
    next_pid: u32,
}

/// Whose turn a thread takes when it wakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// One of its own, after those who wait for theirs.
    Own,
    /// The waker's turn, as soon as the waker waits: direct handoff.
    Handoff,
}

impl Kernel {
    /// A kernel without processes.
    pub fn new(
        frames: Frames,
        space: AddressSpace,
        clock: Clock,
        timer: OneShotTimer,
        image: BootImage<'static>,
        neutral: Neutral,
    ) -> Self {
        let terminal = Terminal::new(&image);
        let accounts = Accounts::new(&image);
        Self {
            terminal,
            accounts,
            audit: Audit::default(),
            frames,
            free_at_start: 0,
            space,
            clock,
            image,
            neutral,
            init: Pid(neutral.first_process),
            timeouts: Timeouts::default(),
            timer,
            deferred: VecDeque::new(),
            parked: Vec::new(),
            scratch: Scratch::new(),
            turn_end: 0,
            current: None,
            others: Vec::with_capacity(MAX_PROCESSES),
            run_queue: VecDeque::with_capacity(MAX_PROCESSES * MAX_THREADS),
            handoff: None,
            loaded: None,
            running: ThreadId::NONE,
            next_pid: neutral.first_process,
        }
    }

    /// Takes the process that was running.
    #[inline]
    pub fn take_current(&mut self) -> Box<Process> {
        self.current.take().expect("a program was running")
    }

    /// Makes a process's active thread the running one and returns its registers.
    #[inline]
    pub fn make_current(&mut self, mut process: Box<Process>) -> *mut UserContext {
        self.load(&process);
        let thread = process.thread_id();
        if self.running != thread {
            self.switch_to(&mut process, thread);
        }
        &raw mut self.current.insert(process).thread().context
    }

    #[inline(always)]
    fn switch_to(&mut self, process: &mut Process, thread: ThreadId) {
        let probe = measure::thread();
        probe.instant(
            measure::SWITCH,
            self.running.traced(),
            u64::from(thread.traced()),
        );
        probe.count(measure::SWITCHES, 1);
        let probe = step::span::<{ segments::CONTEXT_SWITCH.get() }>();
        self.running = thread;
        cpu::switch_segments(process.thread().fs_base);
        probe.end();
    }

    /// Loads a process's address space if it is not loaded already.
    #[inline(always)]
    pub fn load(&mut self, process: &Process) {
        if self.loaded != Some(process.pid) {
            let probe = step::span::<{ segments::ADDRESS_SPACE.get() }>();
            process.memory.activate();
            probe.end();
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
        self.run_queue.push_back(process.thread_id());
        self.others.push(process);
    }

    /// Puts a runnable thread at the end of the queue.
    pub fn enqueue(&mut self, thread: ThreadId) {
        self.run_queue.push_back(thread);
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

    /// Does something with a process: the caller's, or one that does not run now.
    /// Nothing if it is gone.
    pub fn with_process<R>(
        &mut self,
        caller: Option<&mut Process>,
        pid: Pid,
        work: impl FnOnce(&mut Self, &mut Process) -> R,
    ) -> Option<R> {
        if let Some(caller) = caller
            && caller.pid == pid
        {
            return Some(work(self, caller));
        }
        let mut process = self.take(pid)?;
        let result = work(self, &mut process);
        self.others.push(process);
        Some(result)
    }

    /// Takes the process of whoever's turn it is, that thread active.
    pub fn take_runnable(&mut self) -> Option<Box<Process>> {
        if let Some(thread) = self.handoff.take()
            && let Some(process) = self.take_thread(thread)
        {
            let probe = measure::thread();
            probe.count(measure::HANDOFFS, 1);
            return Some(process);
        }
        while let Some(thread) = self.run_queue.pop_front() {
            if let Some(process) = self.take_thread(thread) {
                self.turn_end = self.clock.now() + super::schedule::TURN;
                return Some(process);
            }
        }
        None
    }

    /// Takes a thread's process, unless one of them has ended since.
    fn take_thread(&mut self, thread: ThreadId) -> Option<Box<Process>> {
        let mut process = self.take(thread.pid)?;
        if process.select(thread.tid) {
            return Some(process);
        }
        self.others.push(process);
        None
    }

    /// Whether anybody waits for a turn.
    #[inline(always)]
    pub fn others_want_to_run(&self) -> bool {
        self.handoff.is_some() || !self.run_queue.is_empty()
    }

    /// Puts the running thread, whose turn is over, behind everybody else.
    pub fn end_turn(&mut self, thread: ThreadId) {
        if let Some(next) = self.handoff.take() {
            self.run_queue.push_back(next);
        }
        self.run_queue.push_back(thread);
    }

    /// Wakes the threads of a process that have what they wait for.
    #[inline(always)]
    pub fn wake(&mut self, process: &mut Process, turn: Turn) {
        if process.has_waiting_thread() {
            self.wake_satisfied(process, turn);
        }
    }

    #[inline(never)]
    fn wake_satisfied(&mut self, process: &mut Process, turn: Turn) {
        let pid = process.pid;
        while let Some(tid) = process.satisfied_thread() {
            let thread = ThreadId { pid, tid };
            process.end_wait(tid);
            self.timeouts.end_wait(thread);
            let probe = measure::thread();
            probe.count(measure::WAKES, 1);
            if turn == Turn::Handoff && self.handoff.is_none() {
                self.handoff = Some(thread);
            } else {
                self.run_queue.push_back(thread);
            }
        }
    }

    /// Forgets everything that a process waits for.
    pub fn forget_waits(&mut self, pid: Pid) {
        self.timeouts.forget(pid);
        self.terminal.forget(pid);
        self.parked.retain(|parked| parked.waiter.thread.pid != pid);
        for process in &self.others {
            process.status.waiters.forget(pid);
            for thread in process.threads() {
                thread.status.waiters.forget(pid);
            }
        }
    }

    /// Ends a wait that timed out.
    pub fn end_wait(&mut self, caller: Option<&mut Process>, thread: ThreadId) {
        self.with_process(caller, thread.pid, |kernel, process| {
            let waits = process
                .find(thread.tid)
                .is_some_and(|thread| thread.state != State::Runnable);
            if waits {
                process.end_wait(thread.tid);
                kernel.run_queue.push_back(thread);
            }
        });
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
