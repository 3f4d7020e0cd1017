//! Into the kernel and back.
//!
//! The ABI lets `syscall` change RAX, RCX, R11 and the flags and nothing else, so
//! the entry saves every other general register and the whole SSE/x87 state
//! straight into the running thread's [`UserContext`], gives the kernel clean
//! floating-point control words, and continues on the kernel stack. The way back
//! restores all of it, so no kernel value reaches a program. Registers go to the
//! thread and not to a stack because the kernel has one stack and never blocks:
//! switching threads is pointing [`resume`] at another context.
//!
//! One processor: the two words the entry needs are plain statics.

use core::arch::naked_asm;
use core::cell::Cell;
use core::mem::offset_of;

/// The SSE and x87 state, as `fxsave` writes it.
#[derive(Clone)]
#[repr(C, align(16))]
pub struct FloatState([u8; 512]);

impl FloatState {
    /// The state of a fresh thread: everything zero, all exceptions masked.
    pub const fn new() -> Self {
        let mut bytes = [0; 512];
        let control = 0x037f_u16.to_le_bytes();
        bytes[0] = control[0];
        bytes[1] = control[1];
        let mxcsr = DEFAULT_MXCSR.to_le_bytes();
        bytes[24] = mxcsr[0];
        bytes[25] = mxcsr[1];
        Self(bytes)
    }
}

/// Everything of a thread that is in registers while it runs.
///
/// The general registers are last, in push order from the end.
#[derive(Clone)]
#[repr(C, align(16))]
pub struct UserContext {
    float: FloatState,
    r15: u64,
    r14: u64,
    r13: u64,
    r12: u64,
    r10: u64,
    r9: u64,
    r8: u64,
    rbp: u64,
    rbx: u64,
    rdi: u64,
    rsi: u64,
    rdx: u64,
    rax: u64,
    r11: u64,
    rcx: u64,
    rsp: u64,
}

/// A system call's number and arguments.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// RAX.
    pub number: u64,
    /// RDI.
    pub first: u64,
    /// RSI.
    pub second: u64,
}

/// Flags of a fresh thread: only the bit that is always set. Interrupts stay off
/// in programs too: none exist, and programs run until they call.
const INITIAL_FLAGS: u64 = 0x2;
/// All SSE exceptions masked, round to nearest.
const DEFAULT_MXCSR: u32 = 0x1f80;

impl UserContext {
    /// A thread that starts at `entry` with three arguments.
    pub fn new(entry: u64, stack: u64, arguments: [u64; 3]) -> Self {
        Self {
            float: FloatState::new(),
            r15: 0,
            r14: 0,
            r13: 0,
            r12: 0,
            r10: 0,
            r9: 0,
            r8: 0,
            rbp: 0,
            rbx: 0,
            rdi: arguments[0],
            rsi: arguments[1],
            rdx: arguments[2],
            rax: 0,
            r11: INITIAL_FLAGS,
            rcx: entry,
            rsp: stack,
        }
    }

    /// The call the thread made.
    pub fn call(&self) -> Call {
        Call {
            number: self.rax,
            first: self.rdi,
            second: self.rsi,
        }
    }

    /// What the thread will find in RAX.
    pub fn set_result(&mut self, value: u64) {
        self.rax = value;
    }
}

/// A word the entry code reads or writes.
#[repr(transparent)]
struct EntryWord(Cell<u64>);

// SAFETY: one processor, interrupts off: accesses never overlap.
unsafe impl Sync for EntryWord {}

/// End of the running thread's context, where its registers are pushed.
static CONTEXT_END: EntryWord = EntryWord(Cell::new(0));
/// The program's stack pointer, for the few instructions it has no other place.
static USER_STACK: EntryWord = EntryWord(Cell::new(0));
/// What the kernel computes with.
static KERNEL_MXCSR: u32 = DEFAULT_MXCSR;

/// Target of the `syscall` instruction.
#[unsafe(naked)]
pub unsafe extern "C" fn entry() {
    naked_asm!(
        "mov [rip + {user_stack}], rsp",
        "mov rsp, [rip + {context_end}]",
        "push qword ptr [rip + {user_stack}]",
        "push rcx",
        "push r11",
        "push rax",
        "push rdx",
        "push rsi",
        "push rdi",
        "push rbx",
        "push rbp",
        "push r8",
        "push r9",
        "push r10",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "lea rdi, [rsp - {general}]",
        "fxsave64 [rdi]",
        "fninit",
        "ldmxcsr [rip + {kernel_mxcsr}]",
        "lea rsp, [rip + KERNEL_STACK + {stack_size}]",
        "xor ebp, ebp",
        "call {handler}",
        "ud2",
        user_stack = sym USER_STACK,
        context_end = sym CONTEXT_END,
        kernel_mxcsr = sym KERNEL_MXCSR,
        general = const offset_of!(UserContext, r15),
        stack_size = const super::boot::KERNEL_STACK_SIZE,
        handler = sym crate::process::syscall,
    )
}

/// Runs a thread until its next system call.
///
/// # Safety
///
/// `context` must stay valid until the thread enters the kernel again, its entry
/// address must lie in the user half below its last page, and the thread's
/// address space must be loaded. Nothing on the kernel stack survives.
pub unsafe fn resume(context: *mut UserContext) -> ! {
    // SAFETY: a context is larger than this offset; no object is created.
    CONTEXT_END.0.set(unsafe { context.add(1) } as u64);
    // SAFETY: the caller's promises are those of the assembly.
    unsafe { restore(context) }
}

#[unsafe(naked)]
unsafe extern "C" fn restore(context: *mut UserContext) -> ! {
    naked_asm!(
        "fxrstor64 [rdi]",
        "lea rsp, [rdi + {general}]",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop r10",
        "pop r9",
        "pop r8",
        "pop rbp",
        "pop rbx",
        "pop rdi",
        "pop rsi",
        "pop rdx",
        "pop rax",
        "pop r11",
        "pop rcx",
        "pop rsp",
        "sysretq",
        general = const offset_of!(UserContext, r15),
    )
}

const _: () = {
    assert!(offset_of!(UserContext, float) == 0);
    assert!(offset_of!(UserContext, rsp) + 8 == size_of::<UserContext>());
};
