//! What a terminal must do, gone through before every row, outside of its window.
//!
//! Echo, hidden input, editing, cancelling, closing, and that what was typed before a
//! prompt is no answer to it. What the program sees of a line is checked here; what
//! the terminal showed, by the host against the definition's transcript.

use alloc::format;
use guest_benchmark::runtime::abi::capos_capnp::LineStatus;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::runtime::terminal::{LineRequest, Terminal};

/// Long enough for everything the script types late, in nanoseconds.
const A_WHILE: u64 = 100_000;

/// The prompt whose answer is not shown.
const HIDDEN: &str = "hidden: ";

/// Goes through the checks of one row.
pub fn run(ring: &mut Ring, terminal: Terminal, benchmark: &str) -> Result<(), &'static str> {
    let begun = terminal.write_line(ring, &format!("[{benchmark}]"));
    begun.map_err(|_| "writing is refused")?;
    let submitted = LineStatus::Submitted;
    for (prompt, status, line, otherwise) in [
        ("echo: ", submitted, &b"hello"[..], "echo or editing"),
        (HIDDEN, submitted, b"unseen", "hidden input"),
        ("cancel: ", LineStatus::Cancelled, b"", "cancelling"),
        ("close: ", LineStatus::Closed, b"", "closing"),
        // This answer is followed by others, at once and while nobody reads.
        ("stale: ", submitted, b"now", "an answer"),
    ] {
        if !reads(ring, terminal, prompt, status, line) {
            return Err(otherwise);
        }
    }
    let _ = cap_enter(1, A_WHILE);
    if !reads(ring, terminal, "fresh: ", submitted, b"fresh") {
        return Err("stale input answered a prompt");
    }
    Ok(())
}

/// Whether the answer to a prompt ends like this.
fn reads(
    ring: &mut Ring,
    terminal: Terminal,
    prompt: &str,
    status: LineStatus,
    line: &[u8],
) -> bool {
    let request = LineRequest {
        prompt,
        max_bytes: 64,
        echo: prompt != HIDDEN,
        allow_empty: false,
    };
    let read = terminal.read_line(ring, &request);
    read.is_ok_and(|read| read.0 == status && read.1 == line)
}
