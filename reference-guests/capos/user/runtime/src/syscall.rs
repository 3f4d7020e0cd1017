//! The system calls.

use core::arch::asm;
use guest_abi::syscall;

/// Ends the process.
pub fn exit(code: i64) -> ! {
    // SAFETY: the call does not return and touches no memory.
    unsafe {
        asm!("syscall", in("rax") syscall::EXIT, in("rdi") code, options(noreturn, nostack));
    }
}

/// Serves the ring, then waits for completions. The completions available.
///
/// # Errors
///
/// The special result, where the kernel refused or could not serve the head.
#[inline(always)]
pub fn cap_enter(min_complete: u32, timeout_ns: u64) -> Result<u32, u64> {
    let result: u64;
    // SAFETY: the kernel writes only to buffers that queued submissions name, and
    // whoever queued them answers for those.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") syscall::CAP_ENTER => result,
            in("rdi") u64::from(min_complete),
            in("rsi") timeout_ns,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    u32::try_from(result).map_err(|_| result)
}
