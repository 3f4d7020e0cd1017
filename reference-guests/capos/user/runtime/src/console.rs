//! Lines on the boot console.

use crate::call::{CallError, Parameters, call};
use crate::capset;
use crate::ring::Ring;
use crate::syscall::cap_enter;
use alloc::string::String;
use core::fmt::{self, Write};
use guest_abi::capos_capnp::console_write_line_params;
use guest_abi::interface::CONSOLE;
use guest_abi::layout::RING_VADDR;
use guest_abi::ring::{Header, SQ_ENTRIES, SQE_OFFSET, Sqe, opcode};

/// The `console` grant.
pub fn find() -> Option<u32> {
    capset::find("console", CONSOLE)
}

/// Writes a line.
pub fn write_line(
    ring: &mut Ring,
    console: u32,
    line: fmt::Arguments<'_>,
) -> Result<(), CallError> {
    let mut text = String::new();
    let _ = text.write_fmt(line);
    let mut parameters = Parameters::new_default();
    let mut root = parameters.init_root::<console_write_line_params::Builder<'_>>();
    root.set_text(text.as_str());
    call(ring, console, 1, &parameters).map(|_| ())
}

/// `user_data` of a line written while panicking, as published.
const PANIC_USER_DATA: u64 = 0xffff_ffff_ffff_ff01;
/// Longest line of a panic.
const PANIC_BYTES: usize = 480;

/// Writes a line without the ring's owner and without the heap, whatever state
/// they are in.
pub fn panic_line(line: fmt::Arguments<'_>) {
    let Some(console) = find() else {
        return;
    };
    let mut message = PanicMessage {
        // One segment; root: no data words, one pointer, to a list of bytes.
        words: [0; 3 + PANIC_BYTES / 8],
        length: 0,
    };
    let _ = writeln!(message, "{line}");
    let words = message.finish();
    let sqe = Sqe {
        opcode: opcode::CALL,
        cap_id: console,
        user_data: PANIC_USER_DATA,
        addr: words.as_ptr() as u64,
        len: size_of_val(words) as u32,
        ..Sqe::default()
    };
    let header = RING_VADDR as *mut Header;
    // SAFETY: the page is mapped as long as the process lives, nobody else runs,
    // and the process ends after this.
    unsafe {
        let tail = (&raw const (*header).sq_tail).read_volatile();
        let slot = (tail % SQ_ENTRIES) as usize;
        let entries = header.cast::<u8>().add(SQE_OFFSET).cast::<Sqe>();
        entries.add(slot).write_volatile(sqe);
        (&raw mut (*header).sq_tail).write_volatile(tail.wrapping_add(1));
    }
    let _ = cap_enter(0, 0);
}

struct PanicMessage {
    words: [u64; 3 + PANIC_BYTES / 8],
    length: usize,
}

impl PanicMessage {
    fn finish(&mut self) -> &[u64] {
        let payload = 2 + self.length.div_ceil(8);
        self.words[0] = (payload as u64) << 32;
        self.words[1] = 1 << 48;
        self.words[2] = (self.length as u64) << 35 | 2 << 32 | 1;
        &self.words[..1 + payload]
    }
}

impl Write for PanicMessage {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if self.length == PANIC_BYTES {
                return Ok(());
            }
            self.words[3 + self.length / 8] |= u64::from(byte) << (8 * (self.length % 8));
            self.length += 1;
        }
        Ok(())
    }
}
