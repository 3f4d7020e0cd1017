//! The futex call, on words of this process.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Sleeps while the word holds `value`. Returns what the call returns.
#[inline(always)]
pub fn wait(word: &AtomicU32, value: u32) -> libc::c_long {
    // SAFETY: the word lives through the call; there is no time-out.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            value,
            std::ptr::null::<libc::timespec>(),
        )
    }
}

/// Sleeps while the word holds `value`, at most for `time`.
#[inline(always)]
pub fn wait_at_most(word: &AtomicU32, value: u32, time: Duration) -> libc::c_long {
    let time = libc::timespec {
        tv_sec: time.as_secs() as libc::time_t,
        tv_nsec: time.subsec_nanos().into(),
    };
    // SAFETY: the word and the time live through the call.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG,
            value,
            &raw const time,
        )
    }
}

/// Wakes at most so many sleepers. Returns how many they were.
#[inline(always)]
pub fn wake(word: &AtomicU32, sleepers: i32) -> libc::c_long {
    // SAFETY: the word is only an address here.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
            sleepers,
        )
    }
}
