//! System calls that libc has no safe face for.

use std::io;

/// Turns libc's −1 into the error behind it.
pub fn check<T: Copy + PartialEq + From<i8>>(result: T) -> io::Result<T> {
    if result == T::from(-1) {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// Name of an errno that a refusal may carry, for messages.
pub fn errno_name(errno: i32) -> &'static str {
    match errno {
        libc::EPERM => "EPERM",
        libc::ENOENT => "ENOENT",
        libc::EACCES => "EACCES",
        libc::ENODEV => "ENODEV",
        libc::EINVAL => "EINVAL",
        libc::ENOSYS => "ENOSYS",
        libc::EOPNOTSUPP => "EOPNOTSUPP",
        _ => "errno",
    }
}

/// Whether an error says that the kernel does not have or does not allow
/// something, rather than that it was used wrongly.
pub fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::EPERM
                | libc::EACCES
                | libc::ENOSYS
                | libc::EOPNOTSUPP
                | libc::ENODEV
                | libc::ENOENT
        )
    )
}

/// Id of the calling thread.
pub fn thread_id() -> i32 {
    // SAFETY: reads a number.
    unsafe { libc::gettid() }
}

/// Nanoseconds of a clock. Clocks of this process cannot fail to be read.
pub fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is written to.
    unsafe { libc::clock_gettime(clock, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Keeps this thread, and those it starts, on the CPU it is on.
pub fn stay_on_this_cpu() -> io::Result<()> {
    // SAFETY: a set of all zeros is an empty set, filled in below.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the number of a CPU that exists fits the set; the set lives on.
    unsafe {
        libc::CPU_SET(libc::sched_getcpu() as usize, &mut set);
        check(libc::sched_setaffinity(0, size_of_val(&set), &set))?;
    }
    Ok(())
}

/// The kernel's release, such as `6.12.117+deb12-cloud-amd64`.
pub fn kernel_release() -> String {
    // SAFETY: all zeros are valid, and uname fills them in.
    let mut name: libc::utsname = unsafe { std::mem::zeroed() };
    // SAFETY: `name` is written to.
    unsafe { libc::uname(&mut name) };
    let bytes = name.release.map(|byte| byte as u8);
    let text = std::ffi::CStr::from_bytes_until_nul(&bytes).unwrap_or_default();
    text.to_string_lossy().into_owned()
}

/// Gives memory that was freed back to the kernel.
pub fn return_free_memory() {
    // SAFETY: concerns memory that nobody uses.
    unsafe { libc::malloc_trim(0) };
}
