//! The terminal shows what is written and hands over what is typed.

use crate::smoke::{Found, Smoke, ensure};
use alloc::format;
use guest_benchmark::Refusal;
use guest_benchmark::runtime::abi::capos_capnp::LineStatus;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::terminal::{LineRequest, Terminal};

/// A line written, and one read. The host holds what is shown against a transcript.
pub struct Conversation(Terminal);

impl Conversation {
    /// Begins the transcript.
    pub fn begin(ring: &mut Ring, benchmark: &str) -> Result<Self, Refusal> {
        let terminal = Terminal::find().ok_or(Refusal::NotGranted)?;
        let begun = terminal.write_line(ring, &format!("[{benchmark}]"));
        begun.map_err(|_| Refusal::SetUp("writing is refused"))?;
        Ok(Self(terminal))
    }
}

impl Smoke for Conversation {
    /// A line written, a line read.
    fn own(&self) -> u32 {
        2
    }

    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found {
        let written = self.0.write_line(ring, "written");
        let request = LineRequest {
            prompt: "read: ",
            max_bytes: 64,
            echo: true,
            allow_empty: false,
        };
        let read = self.0.read_line(ring, &request);
        written.map_err(|_| "writing is refused")?;
        let (status, line) = read.map_err(|_| "reading is refused")?;
        ensure(status == LineStatus::Submitted, "no line was submitted")?;
        let typed: &[u8] = if wrong { b"heljo" } else { b"hello" };
        ensure(line == typed, "another line than was typed")
    }
}
