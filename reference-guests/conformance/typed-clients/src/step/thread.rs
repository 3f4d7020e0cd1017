//! `ThreadSpawner`, `ThreadHandle` and `ThreadControl`.
//!
//! What is published leaves open how a thread's stack must be aligned and what
//! returning from its function does: here it aligns its own stack and never returns.

use crate::failure::{Failure, must};
use crate::granted;
use capos::syscall::CAP_ENTER_WAIT_FOREVER;
use capos::{
    CapSet, Client, OwnedCapability, RingClient, RuntimeRingClient, ThreadControl,
    ThreadControlClient, ThreadHandle, ThreadHandleClient, ThreadSpawnerClient,
};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicU64, Ordering};

/// What the thread is given, and what it ends with.
const ARGUMENT: u64 = 0x1234_5678_9abc_def0;
const EXIT_CODE: i64 = 77;

/// What the thread was given, as the thread saw it.
static SEEN: AtomicU64 = AtomicU64::new(0);

#[repr(C, align(4096))]
struct Stack(UnsafeCell<[u8; 64 << 10]>);

// SAFETY: one thread at a time runs on it, and nobody else looks.
unsafe impl Sync for Stack {}

static STACK: Stack = Stack(UnsafeCell::new([0; 64 << 10]));

pub fn fs_base(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    /// Read through FS.
    static WORD: u64 = ARGUMENT;
    let mut control: ThreadControlClient = granted(capset, "thread_control")?;
    let base = &raw const WORD as u64;
    control.set_fs_base_wait(ring, base, CAP_ENTER_WAIT_FOREVER)?;
    let told = control.get_fs_base_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    must!(told == base, "set to {base:#x}, told {told:#x}");
    let read: u64;
    // SAFETY: FS begins at a word.
    unsafe { core::arch::asm!("mov {}, fs:[0]", out(reg) read, options(nostack, readonly)) };
    must!(read == WORD, "read {read:#x} through FS");
    Ok(())
}

pub fn create(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let mut thread = started(ring, capset)?.1;
    let code = thread.join_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    must!(code == EXIT_CODE, "the thread ended with {code}");
    let seen = SEEN.load(Ordering::Acquire);
    must!(seen == ARGUMENT, "the thread was given {seen:#x}");
    Ok(())
}

pub fn join_late(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let mut thread = started(ring, capset)?.1;
    let first = thread.join_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    let second = thread.join_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    must!(first == second, "{first}, then {second}");
    Ok(())
}

pub fn exit_code(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let mut thread = started(ring, capset)?.1;
    thread.join_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    let ended = thread.exit_code_wait(ring, CAP_ENTER_WAIT_FOREVER)?;
    must!(ended.exited, "it has not ended");
    must!(
        ended.exit_code == EXIT_CODE,
        "the thread ended with {}",
        ended.exit_code
    );
    Ok(())
}

/// A thread, and the handle that must outlive its client.
fn started(
    ring: &mut RuntimeRingClient<'_>,
    capset: CapSet,
) -> Result<(OwnedCapability<ThreadHandle>, ThreadHandleClient), Failure> {
    let mut spawner: ThreadSpawnerClient = granted(capset, "thread_spawner")?;
    // What the thread ends itself with; it looks it up itself.
    granted::<ThreadControlClient>(capset, "thread_control")?;
    SEEN.store(0, Ordering::Release);
    let stack_top = STACK.0.get() as u64 + size_of::<Stack>() as u64;
    let handle = spawner.create_wait(
        ring,
        thread_entry as *const () as u64,
        stack_top,
        ARGUMENT,
        0,
        0,
        CAP_ENTER_WAIT_FOREVER,
    )?;
    let client = ThreadHandleClient::from_capability(handle.capability());
    Ok((handle, client))
}

/// Calls [`thread`] with the stack aligned as a call leaves it.
#[unsafe(naked)]
extern "C" fn thread_entry() -> ! {
    core::arch::naked_asm!("and rsp, -16", "call {}", "ud2", sym thread)
}

extern "C" fn thread(argument: u64) -> ! {
    SEEN.store(argument, Ordering::Release);
    let failed = |step: i64| -> ! { capos::syscall::exit(step) };
    let Ok(capset) = CapSet::from_bootstrap_addr(capos_config::capset::CAPSET_VADDR) else {
        failed(121)
    };
    let Ok(control) = capset.get_typed::<ThreadControl>(b"thread_control") else {
        failed(122)
    };
    let ring = capos_config::ring::RING_VADDR as *mut u8;
    // SAFETY: the first thread waits for this one and submits nothing until then.
    let Ok(mut ring) = (unsafe { RingClient::from_raw_ring(ring) }) else {
        failed(123)
    };
    let mut control = ThreadControlClient::new(control);
    let Ok(ending) = control.exit_thread(&mut ring, EXIT_CODE) else {
        failed(124)
    };
    // Published as without a reply: this never returns.
    let _ = ring.wait(ending, CAP_ENTER_WAIT_FOREVER);
    failed(125)
}
