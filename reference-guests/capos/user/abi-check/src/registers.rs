//! System calls: what they answer, and that they change nothing else.

use crate::{Check, Context, ensure};
use core::arch::asm;
use guest_runtime::abi::syscall::{CAP_ENTER, CHECKPOINT, REJECTED, RETIRED_WRITE};
use guest_runtime::syscall::cap_enter;

pub const CHECKS: &[Check] = &[
    ("unknown and retired calls are rejected", rejected),
    ("a wait for more than the queue holds is rejected", too_many),
    ("an empty ring has no completions", empty),
    ("general registers survive a call", general),
    ("SSE registers and control words survive a call", float),
];

fn raw(number: u64, first: u64, second: u64) -> u64 {
    let result;
    // SAFETY: nothing is queued, so no memory is named.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") first,
            in("rsi") second,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

fn rejected(_: &mut Context) -> Result<(), &'static str> {
    for number in [RETIRED_WRITE, CHECKPOINT, 4, 1 << 40, u64::MAX] {
        ensure(raw(number, 1, 1) == REJECTED, "a call was accepted")?;
    }
    Ok(())
}

fn too_many(_: &mut Context) -> Result<(), &'static str> {
    ensure(raw(CAP_ENTER, 33, 0) == REJECTED, "33 was accepted")?;
    ensure(raw(CAP_ENTER, 1 << 32, 0) == REJECTED, "2^32 was accepted")
}

fn empty(_: &mut Context) -> Result<(), &'static str> {
    ensure(cap_enter(0, 0) == Ok(0), "not 0")?;
    ensure(cap_enter(5, 0) == Ok(0), "not 0 with a minimum")
}

fn general(_: &mut Context) -> Result<(), &'static str> {
    let changed: u64;
    // SAFETY: RBX and RBP are put back; an empty ring names no memory.
    unsafe {
        asm!(
            "push rbx",
            "push rbp",
            "mov eax, {call}",
            "xor edi, edi",
            "xor esi, esi",
            "mov rdx, 0x1002",
            "mov rbx, 0x1003",
            "mov rbp, 0x1004",
            "mov r8, 0x1008",
            "mov r9, 0x1009",
            "mov r10, 0x100a",
            "mov r12, 0x100c",
            "mov r13, 0x100d",
            "mov r14, 0x100e",
            "mov r15, 0x100f",
            "syscall",
            "sub rdx, 0x1002",
            "sub rbx, 0x1003",
            "sub rbp, 0x1004",
            "sub r8, 0x1008",
            "sub r9, 0x1009",
            "sub r10, 0x100a",
            "sub r12, 0x100c",
            "sub r13, 0x100d",
            "sub r14, 0x100e",
            "sub r15, 0x100f",
            "or rax, rdi",
            "or rax, rsi",
            "or rax, rdx",
            "or rax, rbx",
            "or rax, rbp",
            "or rax, r8",
            "or rax, r9",
            "or rax, r10",
            "or rax, r12",
            "or rax, r13",
            "or rax, r14",
            "or rax, r15",
            "pop rbp",
            "pop rbx",
            call = const CAP_ENTER,
            out("rax") changed,
            out("rcx") _,
            out("rdx") _,
            out("rsi") _,
            out("rdi") _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
            out("r12") _,
            out("r13") _,
            out("r14") _,
            out("r15") _,
        );
    }
    ensure(changed == 0, "a register changed")
}

fn float(_: &mut Context) -> Result<(), &'static str> {
    /// Round towards zero, all exceptions masked: not the kernel's own.
    const MXCSR: u32 = 0x7f80;
    const X87: u16 = 0x0f7f;
    let (low, high): (u64, u64);
    let (mut mxcsr, mut x87, mut old_mxcsr, mut old_x87) = (MXCSR, X87, 0u32, 0u16);
    // SAFETY: the control words are put back; an empty ring names no memory.
    unsafe {
        asm!(
            "stmxcsr [{old_mxcsr}]",
            "fnstcw [{old_x87}]",
            "ldmxcsr [{mxcsr}]",
            "fldcw [{x87}]",
            "movq xmm0, {pattern}",
            "movq xmm15, {pattern}",
            "syscall",
            "stmxcsr [{mxcsr}]",
            "fnstcw [{x87}]",
            "ldmxcsr [{old_mxcsr}]",
            "fldcw [{old_x87}]",
            "movq {low}, xmm0",
            "movq {high}, xmm15",
            old_mxcsr = in(reg) &raw mut old_mxcsr,
            old_x87 = in(reg) &raw mut old_x87,
            mxcsr = in(reg) &raw mut mxcsr,
            x87 = in(reg) &raw mut x87,
            pattern = in(reg) 0x0123_4567_89ab_cdef_u64,
            low = lateout(reg) low,
            high = lateout(reg) high,
            inlateout("rax") CAP_ENTER => _,
            in("rdi") 0,
            in("rsi") 0,
            lateout("rcx") _,
            lateout("r11") _,
            out("xmm0") _,
            out("xmm15") _,
        );
    }
    ensure(low == 0x0123_4567_89ab_cdef && high == low, "XMM changed")?;
    ensure(mxcsr == MXCSR, "MXCSR changed")?;
    ensure(x87 == X87, "the x87 control word changed")
}
