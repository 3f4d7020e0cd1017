//! What a process took, by the kernel's own account: a sample from outside would miss a
//! peak between two looks.

use std::ffi::{c_int, c_long};
use std::process::Child;

/// `struct rusage` of 64-bit Linux: two times of two words, then fourteen counts.
#[repr(C)]
#[derive(Default)]
struct Usage {
    times: [c_long; 4],
    /// Peak resident set in KiB.
    resident_max: c_long,
    others: [c_long; 13],
}

const NO_HANG: c_int = 1;

unsafe extern "C" {
    fn wait4(process: c_int, status: *mut c_int, options: c_int, usage: *mut Usage) -> c_int;
}

/// The raw status and the peak resident set in KiB of a child that ended, which is
/// reaped; nothing while it runs. It is not to be waited for by other means.
pub fn ended(child: &Child) -> Option<(c_int, u64)> {
    let process = c_int::try_from(child.id()).unwrap();
    let (mut status, mut usage) = (0, Usage::default());
    // SAFETY: both places outlive the call, and `Usage` has the kernel's layout.
    let found = unsafe { wait4(process, &raw mut status, NO_HANG, &raw mut usage) };
    match found {
        0 => None,
        found if found == process => Some((status, usage.resident_max.try_into().unwrap())),
        _ => panic!("wait4: {}", std::io::Error::last_os_error()),
    }
}

#[test]
#[expect(clippy::zombie_processes, reason = "`ended` reaps it")]
fn a_peak_is_counted_though_it_is_over_long_before_the_end() {
    let script = "head -c 96M /dev/zero | tail -c 96M >/dev/null; exit 3";
    let child = std::process::Command::new("sh")
        .args(["-c", script])
        .spawn();
    let child = child.unwrap();
    let (status, resident_kib) = loop {
        match ended(&child) {
            Some(ended) => break ended,
            None => std::thread::yield_now(),
        }
    };
    assert_eq!(status >> 8, 3);
    // Of the shell and of what it waited for.
    assert!(
        (64 << 10..256 << 10).contains(&resident_kib),
        "{resident_kib} KiB"
    );
}
