//! Rows of input.
//!
//! A line is `NUMBER TIME FILLER`: how often its prompt was answered before, the
//! time-stamp counter when it was typed, and a filler that makes it as long as the
//! others. The terminal reads one line at a time, so a batch is one entry after the
//! other.

use crate::message::Call;
use alloc::vec::Vec;
use guest_benchmark::runtime::abi::ring::{SQ_ENTRIES, Sqe};
use guest_benchmark::runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::syscall::cap_enter;
use guest_benchmark::runtime::terminal::{LineRequest, READ_LINE, Terminal, read_line_parameters};
use guest_benchmark::{Case, Fault, Record, Row, ticks};

/// Where a line starts in an answer: table, root pointer, status, pointer.
const LINE: usize = 4;
/// Bytes of a line's number, of its time, and of the spaces behind them.
const NUMBER: usize = 4;
const TIME: usize = 16;
/// The rest of a line.
const FILLER: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEF";
/// Bytes of a line.
const LENGTH: usize = NUMBER + 1 + TIME + 1 + FILLER.len();
/// Bytes of an answer with one.
const ANSWER: usize = LINE * 8 + LENGTH.next_multiple_of(8);

const _: () = assert!(LENGTH == 64);

/// When a line is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// As soon as it is asked for: how many lines there can be. The whole of reading
    /// counts.
    AtOnce,
    /// A while later, when everybody waits for it: how long from the first byte typed
    /// until its reader runs.
    Typist,
}

/// One line after the other.
pub struct Lines {
    /// One for each place in a batch.
    calls: Vec<Call>,
    pace: Pace,
    next_number: u64,
}

impl Lines {
    /// Ready to run.
    pub fn new(terminal: Terminal, pace: Pace) -> Self {
        let request = LineRequest {
            prompt: match pace {
                Pace::AtOnce => "line: ",
                Pace::Typist => "wake: ",
            },
            max_bytes: LENGTH as u32,
            echo: true,
            allow_empty: false,
        };
        let parameters = read_line_parameters(&request);
        let call = |_| Call::new(terminal.0, READ_LINE, &parameters);
        Self {
            calls: (0..SQ_ENTRIES).map(call).collect(),
            pace,
            next_number: 0,
        }
    }

    /// What is wrong with a line, or when it was typed.
    fn check(&mut self, place: usize) -> Result<u64, &'static str> {
        let answer = self.calls[place].answer();
        // Status 0: submitted. The pointer: a list of so many bytes, right behind it.
        let pointer = 1 | 2 << 32 | (LENGTH as u64) << 35;
        if answer[2] != 0 || answer[3] != pointer {
            return Err("the line is not submitted, or of another length");
        }
        let mut line = [0; LENGTH];
        for (bytes, word) in line.chunks_mut(8).zip(&answer[LINE..]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let (number, rest) = line.split_at(NUMBER);
        let (time, rest) = rest[1..].split_at(TIME);
        if &rest[1..] != FILLER {
            return Err("another line");
        }
        let text = |bytes| core::str::from_utf8(bytes).map_err(|_| "another line");
        let number: u64 = text(number)?.parse().map_err(|_| "another line")?;
        // The script counts for all rows of this prompt in the boot; only the first
        // may start anywhere.
        let expected = core::mem::replace(&mut self.next_number, number + 1);
        if expected != 0 && number != expected {
            return Err("a line is lost or came twice");
        }
        u64::from_str_radix(text(time)?, 16).map_err(|_| "another line")
    }
}

impl Case for Lines {
    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        let mut next_user_data = 1;
        for batch in 0..row.batches() {
            let first = next_user_data;
            let mut submissions = [Sqe::default(); SQ_ENTRIES as usize];
            let submissions = &mut submissions[..row.batch as usize];
            for (sqe, call) in submissions.iter_mut().zip(&mut self.calls) {
                *sqe = call.submission(next_user_data);
                next_user_data += 1;
            }
            let mut completions = [None; SQ_ENTRIES as usize];

            let start = ticks();
            for (sqe, completion) in submissions.iter().zip(&mut completions) {
                ring.push(sqe);
                let entered = cap_enter(1, TIMEOUT_FOREVER);
                *completion = ring.pop().filter(|_| entered == Ok(1));
            }
            let end = ticks();

            record.submitted(row.batch);
            let wrong = fault == Some(Fault::WrongResult) && batch == 0;
            let expected = if wrong { i32::MAX } else { ANSWER as i32 };
            let mut begin = start;
            let completions = &completions[..row.batch as usize];
            for (place, completion) in completions.iter().enumerate() {
                let Some(cqe) = completion else {
                    record.fail("a completion is missing, or there were others");
                    continue;
                };
                record.completed(1);
                record.ensure(
                    cqe.user_data == first + place as u64,
                    "wrong user_data, or out of order",
                );
                record.ensure(cqe.result == expected, "wrong result");
                match self.check(place) {
                    Err(mistake) => record.fail(mistake),
                    Ok(typed) => {
                        let while_timed = (start..end).contains(&typed);
                        record.ensure(while_timed, "the line was typed at another time");
                        if self.pace == Pace::Typist && while_timed {
                            begin = typed;
                        }
                    }
                }
            }
            record.sample(begin, end);
        }
    }
}
