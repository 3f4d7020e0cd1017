//! One terminal: who may read from it, and what becomes of what is typed.
//!
//! Somebody owns the foreground and only the owner reads, one line at a time.
//! The first reader owns it, until it no longer has the terminal. What is typed
//! while nobody reads is discarded and counted: an answer typed before the question
//! was on the screen is never taken for an answer to it.

pub mod line;
pub mod script;

use alloc::vec::Vec;
use line::{Line, Request, Status, Step};

/// A terminal. `R` is kept for the reader that waits for a line.
#[derive(Debug)]
pub struct Terminal<R> {
    owner: Option<u32>,
    reading: Option<Reading<R>>,
    stale: u64,
}

#[derive(Debug)]
struct Reading<R> {
    reader: R,
    prompt: Vec<u8>,
    line: Line,
}

/// Why nobody may read now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Somebody else owns the foreground.
    Background,
    /// A line is being read.
    Busy,
}

/// A line that is complete, or never will be.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer<R> {
    /// Who waited for it.
    pub reader: R,
    /// How it ended.
    pub status: Status,
    /// The line; empty unless it was submitted.
    pub line: Vec<u8>,
}

impl<R> Default for Terminal<R> {
    fn default() -> Self {
        Self {
            owner: None,
            reading: None,
            stale: 0,
        }
    }
}

impl<R> Terminal<R> {
    /// Who owns the foreground.
    pub fn owner(&self) -> Option<u32> {
        self.owner
    }

    /// Bytes that were typed while nobody read.
    pub fn stale(&self) -> u64 {
        self.stale
    }

    /// Starts to read a line for somebody, who owns the foreground from now on, and
    /// shows the prompt.
    pub fn read(
        &mut self,
        who: u32,
        reader: R,
        prompt: &[u8],
        request: Request,
        output: &mut impl FnMut(&[u8]),
    ) -> Result<(), Refused> {
        if self.owner.is_some_and(|owner| owner != who) {
            return Err(Refused::Background);
        }
        if self.reading.is_some() {
            return Err(Refused::Busy);
        }
        self.owner = Some(who);
        output(prompt);
        self.reading = Some(Reading {
            reader,
            prompt: prompt.to_vec(),
            line: Line::new(request),
        });
        Ok(())
    }

    /// The owner no longer has the terminal: nobody owns the foreground, and whoever
    /// waits for a line finds it closed.
    pub fn abandon(&mut self) -> Option<Answer<R>> {
        self.owner = None;
        let reading = self.reading.take()?;
        Some(Answer {
            reader: reading.reader,
            status: Status::Closed,
            line: Vec::new(),
        })
    }

    /// Takes what was typed. At most one line ends: what follows its end was typed
    /// while nobody read.
    pub fn typed(&mut self, bytes: &[u8], output: &mut impl FnMut(&[u8])) -> Option<Answer<R>> {
        for (taken, byte) in bytes.iter().enumerate() {
            let Some(reading) = &mut self.reading else {
                self.stale += (bytes.len() - taken) as u64;
                return None;
            };
            match reading.line.step(*byte, output) {
                Step::More => {}
                Step::Again => output(&reading.prompt),
                Step::Done(status) => {
                    self.stale += (bytes.len() - taken - 1) as u64;
                    let reading = self.reading.take()?;
                    return Some(Answer {
                        reader: reading.reader,
                        status,
                        line: reading.line.into_bytes(),
                    });
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::line::Echo;
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    const REQUEST: Request = Request {
        echo: Echo::Visible,
        allow_empty: false,
        max_bytes: 80,
    };

    fn silent(_: &[u8]) {}

    fn submitted(reader: char, line: &[u8]) -> Option<Answer<char>> {
        Some(Answer {
            reader,
            status: Status::Submitted,
            line: line.to_vec(),
        })
    }

    #[test]
    fn whoever_reads_first_owns_the_foreground_until_it_leaves() {
        let mut terminal = Terminal::default();
        assert_eq!(terminal.read(1, 'a', b"", REQUEST, &mut silent), Ok(()));
        assert_eq!(terminal.typed(b"x\r", &mut silent), submitted('a', b"x"));
        let other = terminal.read(2, 'b', b"", REQUEST, &mut silent);
        assert_eq!(other, Err(Refused::Background));
        assert_eq!(terminal.abandon(), None);
        assert_eq!(terminal.read(2, 'b', b"", REQUEST, &mut silent), Ok(()));
        assert_eq!(terminal.owner(), Some(2));
    }

    #[test]
    fn the_owner_reads_one_line_at_a_time() {
        let mut terminal = Terminal::default();
        assert_eq!(terminal.read(1, 'a', b"", REQUEST, &mut silent), Ok(()));
        let second = terminal.read(1, 'b', b"", REQUEST, &mut silent);
        assert_eq!(second, Err(Refused::Busy));
        assert_eq!(terminal.typed(b"x\r", &mut silent), submitted('a', b"x"));
    }

    #[test]
    fn who_waits_when_the_owner_leaves_finds_it_closed() {
        let mut terminal = Terminal::default();
        assert_eq!(terminal.read(1, 'a', b"", REQUEST, &mut silent), Ok(()));
        assert_eq!(terminal.typed(b"half", &mut silent), None);
        let closed = Answer {
            reader: 'a',
            status: Status::Closed,
            line: vec![],
        };
        assert_eq!(terminal.abandon(), Some(closed));
        assert_eq!(terminal.owner(), None);
    }

    #[test]
    fn what_is_typed_before_the_prompt_answers_nothing() {
        let mut terminal = Terminal::default();
        let mut shown = Vec::new();
        assert_eq!(terminal.typed(b"early\r", &mut silent), None);
        let mut output = |bytes: &[u8]| shown.extend_from_slice(bytes);
        assert_eq!(terminal.read(1, 'a', b"? ", REQUEST, &mut output), Ok(()));
        let answer = terminal.typed(b"right\rlate\r", &mut output);
        assert_eq!(answer, submitted('a', b"right"));
        assert_eq!(terminal.stale(), 11);
        assert_eq!(shown, b"? right\r\n");
    }

    #[test]
    fn an_empty_line_that_is_not_allowed_asks_again() {
        let mut terminal = Terminal::default();
        let mut shown = Vec::new();
        let mut output = |bytes: &[u8]| shown.extend_from_slice(bytes);
        assert_eq!(terminal.read(1, 'a', b"? ", REQUEST, &mut output), Ok(()));
        assert_eq!(terminal.typed(b"\r", &mut output), None);
        assert_eq!(terminal.typed(b"y\r", &mut output), submitted('a', b"y"));
        assert_eq!(shown, b"? \r\n? y\r\n");
    }

    proptest! {
        #[test]
        fn every_byte_is_read_or_stale(
            steps in prop::collection::vec((any::<bool>(), "[ -~]{0,6}\r?"), 1..40),
        ) {
            let mut terminal = Terminal::default();
            let mut typed = 0;
            let mut read = 0;
            let request = Request { allow_empty: true, ..REQUEST };
            for (ask, text) in steps {
                if ask {
                    let _ = terminal.read(1, 'a', b"", request, &mut silent);
                }
                typed += text.len();
                if let Some(answer) = terminal.typed(text.as_bytes(), &mut silent) {
                    read += answer.line.len() + 1;
                }
            }
            // The last read may be under way: what it has is in no line yet.
            let unfinished = typed - read - terminal.stale() as usize;
            let under_way = terminal.abandon().is_some();
            prop_assert!(unfinished == 0 || under_way);
        }
    }
}
