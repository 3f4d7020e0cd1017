//! The kernel cannot go on: say where and why, save the trace,
//! and end the machine. Without the heap, whatever state it is in.

use crate::arch::debug_port::{self, ExitCode};
use crate::log;
use crate::measure::MEASURE;
use core::fmt::{self, Write};
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

/// A panic while panicking ends the machine without another word.
static PANICKING: AtomicBool = AtomicBool::new(false);

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if !PANICKING.swap(true, Ordering::Relaxed) {
        log!("kernel: {info}");
        let mut text = FixedText::default();
        let _ = write!(text, "{}", info.message());
        let mut location = FixedText::default();
        if let Some(place) = info.location() {
            let _ = write!(location, "{}:{}", place.file(), place.line());
        }
        // SAFETY: nothing of the kernel runs any more.
        unsafe { MEASURE.panic_flush(text.as_str(), location.as_str()) };
    }
    debug_port::exit(ExitCode::Panic)
}

/// Longest text that a panic sends with the trace.
const TEXT_BYTES: usize = 200;

/// The start of a text.
struct FixedText {
    bytes: [u8; TEXT_BYTES],
    length: usize,
}

impl Default for FixedText {
    fn default() -> Self {
        Self {
            bytes: [0; TEXT_BYTES],
            length: 0,
        }
    }
}

impl FixedText {
    fn as_str(&self) -> &str {
        let bytes = &self.bytes[..self.length];
        match core::str::from_utf8(bytes) {
            Ok(text) => text,
            // Cut inside a character.
            Err(error) => core::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or(""),
        }
    }
}

impl Write for FixedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let taken = text.len().min(TEXT_BYTES - self.length);
        self.bytes[self.length..self.length + taken].copy_from_slice(&text.as_bytes()[..taken]);
        self.length += taken;
        Ok(())
    }
}
