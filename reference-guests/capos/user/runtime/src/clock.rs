//! The program's own clock.

use core::arch::asm;

/// Reads the time-stamp counter. Not serialised: no `lfence` before or after, as
/// `syscall` itself lets nothing of the program run past it unfinished that the
/// batch depends on, and a fence would be measured with it.
#[inline(always)]
pub fn ticks() -> u64 {
    let ticks: u64;
    // SAFETY: reading the counter has no precondition and no effect. Not `nomem`:
    // memory accesses must not move across.
    unsafe {
        asm!(
            "rdtsc",
            "shl rdx, 32",
            "or rax, rdx",
            out("rax") ticks,
            out("rdx") _,
            options(nostack),
        );
    }
    ticks
}
