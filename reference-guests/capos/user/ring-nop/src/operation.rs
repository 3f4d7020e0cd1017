//! The operations, and what a correct completion of each looks like.

use guest_runtime::abi::interface::{NULL, PARK_BENCH};
use guest_runtime::abi::ring::{SQ_ENTRIES, Sqe, opcode};
use guest_runtime::capset;

/// Bytes of a small call. The published benchmark does not say; 64 is a cache
/// line.
const SMALL: usize = 64;
/// What the word holds that the park-shaped operations look at.
const WORD: u32 = 1;
/// What they expect it to hold: something else, so that a wait fails at once.
const EXPECTED: u32 = 0;
/// Result of a compact wait whose word has another value.
const MISMATCH: i32 = 1;
/// Bytes of `ParkBench.wait`'s result: table, root pointer, one word.
const WAIT_RESULT: usize = 24;

/// What one submission asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `CAP_OP_NOP`.
    Nop,
    /// A call of `NullCap` without parameters.
    NullEmpty,
    /// A call of `NullCap` with 64 bytes.
    NullSmall,
    /// A failed wait as one ring operation.
    ParkCompact,
    /// The same as a method call.
    ParkGeneric,
}

impl Operation {
    /// The operation with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "nop" => Self::Nop,
            "null-empty" => Self::NullEmpty,
            "null-small" => Self::NullSmall,
            "park-compact" => Self::ParkCompact,
            "park-generic" => Self::ParkGeneric,
            _ => return None,
        })
    }
}

/// The capabilities that operations need.
#[derive(Clone, Copy, Debug)]
pub struct Targets {
    null: Option<u32>,
    park: Option<u32>,
}

impl Targets {
    /// What was granted.
    pub fn find() -> Self {
        Self {
            null: capset::find("null", NULL),
            park: capset::find("park", PARK_BENCH),
        }
    }

    /// The capability an operation needs; 0 for none.
    pub fn of(&self, operation: Operation) -> Option<u32> {
        match operation {
            Operation::Nop => Some(0),
            Operation::NullEmpty | Operation::NullSmall => self.null,
            Operation::ParkCompact | Operation::ParkGeneric => self.park,
        }
    }
}

/// Everything the submissions of a row point at. Must not move while they do.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Buffers {
    small: [u64; SMALL / 8],
    /// `ParkBench.wait(addr, expected, timeoutNs)`.
    wait: [u64; 5],
    word: u32,
    results: [[u64; WAIT_RESULT / 8]; SQ_ENTRIES as usize],
}

impl Buffers {
    /// Fresh buffers.
    pub fn new() -> Self {
        Self {
            small: [0x5a5a_5a5a_5a5a_5a5a; SMALL / 8],
            wait: [0; 5],
            word: WORD,
            results: [[u64::MAX; WAIT_RESULT / 8]; SQ_ENTRIES as usize],
        }
    }

    /// Writes the addresses into the messages that hold any.
    pub fn settle(&mut self) {
        self.wait = [
            4 << 32, // one segment of four words
            3 << 32, // root: three data words right behind
            &raw const self.word as u64,
            u64::from(EXPECTED),
            0, // no timeout
        ];
    }

    /// The submission for a place in the batch.
    pub fn submission(
        &mut self,
        operation: Operation,
        target: u32,
        place: usize,
        user_data: u64,
    ) -> Sqe {
        let sqe = Sqe {
            user_data,
            cap_id: target,
            ..Sqe::default()
        };
        match operation {
            Operation::Nop => Sqe {
                opcode: opcode::NOP,
                ..sqe
            },
            Operation::NullEmpty => Sqe {
                opcode: opcode::CALL,
                ..sqe
            },
            Operation::NullSmall => Sqe {
                opcode: opcode::CALL,
                addr: self.small.as_ptr() as u64,
                len: SMALL as u32,
                ..sqe
            },
            Operation::ParkCompact => Sqe {
                opcode: opcode::PARK_BENCH,
                addr: &raw const self.word as u64,
                len: EXPECTED,
                ..sqe
            },
            Operation::ParkGeneric => {
                self.results[place] = [u64::MAX; WAIT_RESULT / 8];
                Sqe {
                    opcode: opcode::CALL,
                    addr: self.wait.as_ptr() as u64,
                    len: size_of_val(&self.wait) as u32,
                    result_addr: self.results[place].as_mut_ptr() as u64,
                    result_len: WAIT_RESULT as u32,
                    ..sqe
                }
            }
        }
    }

    /// What a correct completion's result is.
    pub fn expected_result(operation: Operation) -> i32 {
        match operation {
            Operation::Nop | Operation::NullEmpty | Operation::NullSmall => 0,
            Operation::ParkCompact => MISMATCH,
            Operation::ParkGeneric => WAIT_RESULT as i32,
        }
    }

    /// Whether the result message, where there is one, says "not blocked".
    pub fn is_answered(&self, operation: Operation, place: usize) -> bool {
        if operation != Operation::ParkGeneric {
            return true;
        }
        // SAFETY: the array is ours; read through a pointer because the kernel
        // wrote it behind the compiler's back.
        let result = unsafe { (&raw const self.results[place]).read_volatile() };
        // One segment of two words; root: one data word right behind; false.
        result == [2 << 32, 1 << 32, 0]
    }
}
