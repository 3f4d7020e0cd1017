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
//! The timer's interrupt enters a second way, [`timer_entry`], which saves the same
//! context, RCX and R11 too; a thread left that way goes on by `iretq`.
//!
//! Where all of this is measured, the boundaries are read here, in assembly,
//! because no compiled code may run before the state is saved or after it is
//! restored; [`Stamps`] keeps them until the next entry can record them.
//!
//! One processor: the words the entry needs are plain statics.

use crate::inject;
use crate::segments;
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
    /// Whether the thread was interrupted and has no system call to return from.
    interrupted: u64,
    /// An interrupted thread's own RCX and R11, where `rcx` and `r11` hold the
    /// instruction pointer and the flags of either kind.
    interrupted_rcx: u64,
    interrupted_r11: u64,
    unused: u64,
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

/// Flags of a fresh thread: interrupts on, and the bit that is always set.
const INITIAL_FLAGS: u64 = 0x202;
/// All SSE exceptions masked, round to nearest.
const DEFAULT_MXCSR: u32 = 0x1f80;

impl UserContext {
    /// A thread that starts at `entry` with three arguments.
    pub fn new(entry: u64, stack: u64, arguments: [u64; 3]) -> Self {
        Self {
            float: FloatState::new(),
            interrupted: 0,
            interrupted_rcx: 0,
            interrupted_r11: 0,
            unused: 0,
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
/// Time stamps of the last way in and out, in segment builds.
static STAMPS: Stamps = Stamps {
    restore_start: EntryWord(Cell::new(0)),
    restore_end: EntryWord(Cell::new(0)),
    entry: EntryWord(Cell::new(0)),
    saved: EntryWord(Cell::new(0)),
    float_saved: EntryWord(Cell::new(0)),
};
/// What the kernel computes with.
static KERNEL_MXCSR: u32 = DEFAULT_MXCSR;

/// Boundaries that were read where nothing can be recorded.
#[repr(C)]
struct Stamps {
    restore_start: EntryWord,
    restore_end: EntryWord,
    entry: EntryWord,
    saved: EntryWord,
    float_saved: EntryWord,
}

/// Records the last way out and this way in.
#[inline(always)]
pub fn record_entry() {
    let probe = crate::measure::thread();
    probe.interval(
        segments::FP_RESTORE,
        STAMPS.restore_start.0.get(),
        STAMPS.restore_end.0.get(),
    );
    probe.interval(segments::ENTRY, STAMPS.entry.0.get(), STAMPS.saved.0.get());
    probe.interval(
        segments::FP_SAVE,
        STAMPS.saved.0.get(),
        STAMPS.float_saved.0.get(),
    );
    probe.count(crate::measure::SYSCALLS, 1);
}

/// Records the last way out and this way in, of an interrupt.
pub fn record_interrupt() {
    let probe = crate::measure::thread();
    probe.interval(
        segments::FP_RESTORE,
        STAMPS.restore_start.0.get(),
        STAMPS.restore_end.0.get(),
    );
    probe.interval(
        segments::INTERRUPT,
        STAMPS.entry.0.get(),
        STAMPS.float_saved.0.get(),
    );
    probe.count(crate::measure::INTERRUPTS, 1);
}

/// Reads the time-stamp counter into a field of [`STAMPS`], in segment builds. RAX
/// and RDX change. Noted as a site, as every probe's read is.
macro_rules! stamp {
    ($field:ident) => {
        concat!(
            ".if {segments}\n",
            "2: rdtsc\n",
            "shl rdx, 32\n",
            "or rax, rdx\n",
            "mov [rip + {stamps} + {",
            stringify!($field),
            "}], rax\n",
            ".pushsection .capbench.sites, \"\", @progbits\n",
            ".quad 2b\n",
            ".popsection\n",
            ".endif",
        )
    };
}

/// The instructions that a test injects into a segment.
macro_rules! injection {
    ($count:ident) => {
        concat!(
            ".if {room}\n",
            // A short jump over those that are not injected.
            ".byte 0xeb, {room} - {",
            stringify!($count),
            "}\n",
            ".rept {room}\nnop\n.endr\n",
            ".endif",
        )
    };
}

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
        stamp!(entry),
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
        injection!(entry_count),
        stamp!(saved),
        "fxsave64 [rdi]",
        "fninit",
        "ldmxcsr [rip + {kernel_mxcsr}]",
        injection!(save_count),
        stamp!(float_saved),
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
        stamps = sym STAMPS,
        segments = const cfg!(feature = "segments") as u32,
        room = const inject::ROOM,
        entry = const offset_of!(Stamps, entry),
        saved = const offset_of!(Stamps, saved),
        float_saved = const offset_of!(Stamps, float_saved),
        entry_count = const inject::count(segments::ENTRY),
        save_count = const inject::count(segments::FP_SAVE),
    )
}

/// Where a field of the running thread's context is, from the end of it.
macro_rules! from_end {
    ($field:ident) => {
        offset_of!(UserContext, $field) as i64 - size_of::<UserContext>() as i64
    };
}

/// Target of the timer's interrupt. In the kernel it interrupts nothing but the
/// idle wait, and is only acknowledged.
#[unsafe(naked)]
pub unsafe extern "C" fn timer_entry() {
    naked_asm!(
        // Pushed by the processor: SS, RSP, RFLAGS, CS, RIP.
        "test byte ptr [rsp + 8], 3",
        "jnz 3f",
        "push rax",
        "movabs rax, {end_of_interrupt}",
        "mov dword ptr [rax], 0",
        "pop rax",
        "iretq",
        "3:",
        "cld",
        "push rax",
        "mov rax, [rip + {context_end}]",
        "mov [rax + {rdx}], rdx",
        "pop qword ptr [rax + {rax}]",
        "mov [rax + {rdi}], rdi",
        "mov rdi, rax",
        stamp!(entry),
        "mov [rdi + {rsi}], rsi",
        "mov [rdi + {rbx}], rbx",
        "mov [rdi + {rbp}], rbp",
        "mov [rdi + {r8}], r8",
        "mov [rdi + {r9}], r9",
        "mov [rdi + {r10}], r10",
        "mov [rdi + {r12}], r12",
        "mov [rdi + {r13}], r13",
        "mov [rdi + {r14}], r14",
        "mov [rdi + {r15}], r15",
        "mov [rdi + {interrupted_rcx}], rcx",
        "mov [rdi + {interrupted_r11}], r11",
        "mov qword ptr [rdi + {interrupted}], 1",
        "pop qword ptr [rdi + {rcx}]",
        "add rsp, 8",
        "pop qword ptr [rdi + {r11}]",
        "pop qword ptr [rdi + {rsp}]",
        "sub rdi, {size}",
        "fxsave64 [rdi]",
        "fninit",
        "ldmxcsr [rip + {kernel_mxcsr}]",
        injection!(interrupt_count),
        stamp!(float_saved),
        "lea rsp, [rip + KERNEL_STACK + {stack_size}]",
        "xor ebp, ebp",
        "call {handler}",
        "ud2",
        end_of_interrupt = const crate::memory::DEVICE_BASE
            + super::local_apic::REGISTERS
            + super::local_apic::END_OF_INTERRUPT,
        context_end = sym CONTEXT_END,
        kernel_mxcsr = sym KERNEL_MXCSR,
        rax = const from_end!(rax),
        rdx = const from_end!(rdx),
        rdi = const from_end!(rdi),
        rsi = const from_end!(rsi),
        rbx = const from_end!(rbx),
        rbp = const from_end!(rbp),
        r8 = const from_end!(r8),
        r9 = const from_end!(r9),
        r10 = const from_end!(r10),
        r12 = const from_end!(r12),
        r13 = const from_end!(r13),
        r14 = const from_end!(r14),
        r15 = const from_end!(r15),
        rcx = const from_end!(rcx),
        r11 = const from_end!(r11),
        rsp = const from_end!(rsp),
        interrupted = const from_end!(interrupted),
        interrupted_rcx = const from_end!(interrupted_rcx),
        interrupted_r11 = const from_end!(interrupted_r11),
        size = const size_of::<UserContext>(),
        stack_size = const super::boot::KERNEL_STACK_SIZE,
        handler = sym crate::schedule::interrupted,
        stamps = sym STAMPS,
        segments = const cfg!(feature = "segments") as u32,
        room = const inject::ROOM,
        entry = const offset_of!(Stamps, entry),
        float_saved = const offset_of!(Stamps, float_saved),
        interrupt_count = const inject::count(segments::INTERRUPT),
    )
}

/// Target of an interrupt that went away: nothing is to be done, and it is not
/// acknowledged.
#[unsafe(naked)]
pub unsafe extern "C" fn spurious_entry() {
    naked_asm!("iretq")
}

/// Runs a thread until it next enters the kernel.
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
    unsafe {
        if (*context).interrupted == 0 {
            restore(context)
        }
        (*context).interrupted = 0;
        restore_interrupted(context)
    }
}

#[unsafe(naked)]
unsafe extern "C" fn restore(context: *mut UserContext) -> ! {
    naked_asm!(
        stamp!(restore_start),
        "fxrstor64 [rdi]",
        injection!(restore_count),
        stamp!(restore_end),
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
        stamps = sym STAMPS,
        segments = const cfg!(feature = "segments") as u32,
        room = const inject::ROOM,
        restore_start = const offset_of!(Stamps, restore_start),
        restore_end = const offset_of!(Stamps, restore_end),
        restore_count = const inject::count(segments::FP_RESTORE),
    )
}

#[unsafe(naked)]
unsafe extern "C" fn restore_interrupted(context: *mut UserContext) -> ! {
    naked_asm!(
        stamp!(restore_start),
        "fxrstor64 [rdi]",
        injection!(restore_count),
        stamp!(restore_end),
        "push {user_data}",
        "push [rdi + {rsp}]",
        "push [rdi + {r11}]",
        "push {user_code}",
        "push [rdi + {rcx}]",
        "mov r15, [rdi + {r15}]",
        "mov r14, [rdi + {r14}]",
        "mov r13, [rdi + {r13}]",
        "mov r12, [rdi + {r12}]",
        "mov r11, [rdi + {interrupted_r11}]",
        "mov r10, [rdi + {r10}]",
        "mov r9, [rdi + {r9}]",
        "mov r8, [rdi + {r8}]",
        "mov rbp, [rdi + {rbp}]",
        "mov rbx, [rdi + {rbx}]",
        "mov rsi, [rdi + {rsi}]",
        "mov rdx, [rdi + {rdx}]",
        "mov rcx, [rdi + {interrupted_rcx}]",
        "mov rax, [rdi + {rax}]",
        "mov rdi, [rdi + {rdi}]",
        "iretq",
        user_data = const super::cpu::USER_DATA,
        user_code = const super::cpu::USER_CODE,
        rsp = const offset_of!(UserContext, rsp),
        r11 = const offset_of!(UserContext, r11),
        rcx = const offset_of!(UserContext, rcx),
        r15 = const offset_of!(UserContext, r15),
        r14 = const offset_of!(UserContext, r14),
        r13 = const offset_of!(UserContext, r13),
        r12 = const offset_of!(UserContext, r12),
        interrupted_r11 = const offset_of!(UserContext, interrupted_r11),
        r10 = const offset_of!(UserContext, r10),
        r9 = const offset_of!(UserContext, r9),
        r8 = const offset_of!(UserContext, r8),
        rbp = const offset_of!(UserContext, rbp),
        rbx = const offset_of!(UserContext, rbx),
        rsi = const offset_of!(UserContext, rsi),
        rdx = const offset_of!(UserContext, rdx),
        interrupted_rcx = const offset_of!(UserContext, interrupted_rcx),
        rax = const offset_of!(UserContext, rax),
        rdi = const offset_of!(UserContext, rdi),
        stamps = sym STAMPS,
        segments = const cfg!(feature = "segments") as u32,
        room = const inject::ROOM,
        restore_start = const offset_of!(Stamps, restore_start),
        restore_end = const offset_of!(Stamps, restore_end),
        restore_count = const inject::count(segments::FP_RESTORE),
    )
}

const _: () = {
    assert!(offset_of!(UserContext, float) == 0);
    assert!(offset_of!(UserContext, rsp) + 8 == size_of::<UserContext>());
};
