//! What a leaf does: one call, a few words, an exit code.
//!
//! By hand, and without the runtime's entry: that one brings a heap, and what is to be
//! measured is a program that has next to nothing.

use guest_runtime::abi::interface::MEMORY_OBJECT;
use guest_runtime::abi::ring::{Sqe, opcode};
use guest_runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_runtime::capset;
use guest_runtime::memory::{ANYWHERE, READ, WRITE};
use guest_runtime::ring::Ring;
use guest_runtime::syscall::cap_enter;

/// What it leaves, behind its length.
const OUTPUT: &[u8] = b"a leaf was here";
/// Exit code: all is well.
const DONE: i64 = 42;
/// Exit code: no object was granted, or it cannot be mapped.
const NOTHING_TO_WRITE_TO: i64 = 1;

const PAGE: u64 = 4096;

/// Maps the object granted as `output` and leaves its output there.
pub fn work() -> i64 {
    let Some(page) = capset::find("output", MEMORY_OBJECT).and_then(map) else {
        return NOTHING_TO_WRITE_TO;
    };
    // SAFETY: the kernel says that the page is mapped; the output fits behind its
    // length.
    unsafe {
        (page as *mut u64).write_volatile(OUTPUT.len() as u64);
        let text = (page as *mut u8).add(8);
        text.copy_from_nonoverlapping(OUTPUT.as_ptr(), OUTPUT.len());
    }
    DONE
}

fn map(object: u32) -> Option<u64> {
    // One segment; root: four data words.
    let parameters = [5 << 32, 4 << 32, ANYWHERE, 0, PAGE, u64::from(READ | WRITE)];
    let mut answer = [0u64; 3];
    let mut ring = Ring::take()?;
    ring.push(&Sqe {
        opcode: opcode::CALL,
        method_id: 1,
        cap_id: object,
        addr: parameters.as_ptr() as u64,
        len: size_of_val(&parameters) as u32,
        result_addr: answer.as_mut_ptr() as u64,
        result_len: size_of_val(&answer) as u32,
        ..Sqe::default()
    });
    cap_enter(1, TIMEOUT_FOREVER).ok()?;
    if ring.pop()?.result < 0 {
        return None;
    }
    // SAFETY: ours; read through a pointer because the kernel wrote it behind the
    // compiler's back.
    Some(unsafe { (&raw const answer[2]).read_volatile() })
}
