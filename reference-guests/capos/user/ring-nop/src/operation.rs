//! The operations, and what a correct completion of each looks like.

use crate::revoke::revoke;
use guest_benchmark::Refusal;
use guest_benchmark::runtime::abi::capos_capnp::ExceptionType;
use guest_benchmark::runtime::abi::interface::{NULL, PARK_BENCH, PROCESS_SPAWNER};
use guest_benchmark::runtime::abi::ring::{SQ_ENTRIES, Sqe, opcode, result};
use guest_benchmark::runtime::call::release;
use guest_benchmark::runtime::capset;
use guest_benchmark::runtime::ring::Ring;

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
    /// A call through an id that was never given out.
    Absent,
    /// A call through an id that was given up.
    Stale,
    /// A call of an object that was revoked.
    Revoked,
    /// A call of a method that the object does not have.
    InvalidMethod,
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
            "absent" => Self::Absent,
            "stale" => Self::Stale,
            "revoked" => Self::Revoked,
            "invalid-method" => Self::InvalidMethod,
            _ => return None,
        })
    }
}

/// An id that no table of this size can have given out.
const ABSENT: u32 = 0x00ff_ffff;
/// A method that `ParkBench` does not have.
const NO_METHOD: u16 = 99;
/// Bytes for an exception's message.
const EXCEPTION: usize = 128;

/// The capabilities that operations need.
#[derive(Clone, Copy, Debug)]
pub struct Targets {
    null: Option<u32>,
    park: Option<u32>,
    stale: Option<u32>,
    revocable: Option<u32>,
    spawner: Option<u32>,
}

impl Targets {
    /// What was granted.
    pub fn find() -> Self {
        Self {
            null: capset::find("null", NULL),
            park: capset::find("park", PARK_BENCH),
            stale: capset::find("stale", NULL),
            revocable: capset::find("revocable", NULL),
            spawner: capset::find("spawner", PROCESS_SPAWNER),
        }
    }

    /// The capability an operation needs, made what the operation needs it to be.
    pub fn of(&self, ring: &mut Ring, operation: Operation) -> Result<u32, Refusal> {
        let granted = match operation {
            Operation::Nop => Some(0),
            Operation::NullEmpty | Operation::NullSmall => self.null,
            Operation::ParkCompact | Operation::ParkGeneric | Operation::InvalidMethod => self.park,
            Operation::Absent => Some(ABSENT),
            // Given up when the denials were proven, or here if they were not.
            Operation::Stale => self.stale,
            Operation::Revoked => self.revocable,
        };
        let cap_id = granted.ok_or(Refusal::NotGranted)?;
        match operation {
            Operation::Revoked => {
                let spawner = self.spawner.ok_or(Refusal::NotGranted)?;
                revoke(ring, spawner, cap_id)
                    .map_err(|_| Refusal::SetUp("the capability could not be revoked"))?;
            }
            Operation::Stale => {
                let _ = release(ring, cap_id);
            }
            _ => {}
        }
        Ok(cap_id)
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
    exceptions: [[u64; EXCEPTION / 8]; SQ_ENTRIES as usize],
}

impl Buffers {
    /// Fresh buffers.
    pub fn new() -> Self {
        Self {
            small: [0x5a5a_5a5a_5a5a_5a5a; SMALL / 8],
            wait: [0; 5],
            word: WORD,
            results: [[u64::MAX; WAIT_RESULT / 8]; SQ_ENTRIES as usize],
            exceptions: [[0; EXCEPTION / 8]; SQ_ENTRIES as usize],
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
            Operation::NullEmpty | Operation::Absent | Operation::Stale | Operation::Revoked => {
                Sqe {
                    opcode: opcode::CALL,
                    ..sqe
                }
            }
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
            Operation::InvalidMethod => {
                self.exceptions[place] = [0; EXCEPTION / 8];
                Sqe {
                    opcode: opcode::CALL,
                    method_id: NO_METHOD,
                    result_addr: self.exceptions[place].as_mut_ptr() as u64,
                    result_len: EXCEPTION as u32,
                    ..sqe
                }
            }
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
            Operation::Absent | Operation::Stale | Operation::Revoked => result::INVOKE_FAILED,
            Operation::InvalidMethod => result::APPLICATION_EXCEPTION,
        }
    }

    /// Whether the result message, where there is one, says what it must: "not
    /// blocked", or the exception `unimplemented`.
    pub fn is_answered(&self, operation: Operation, place: usize) -> bool {
        match operation {
            Operation::ParkGeneric => {
                // SAFETY: the array is ours; read through a pointer because the kernel
                // wrote it behind the compiler's back.
                let result = unsafe { (&raw const self.results[place]).read_volatile() };
                // One segment of two words; root: one data word right behind; false.
                result == [2 << 32, 1 << 32, 0]
            }
            Operation::InvalidMethod => {
                // SAFETY: as above.
                let words = unsafe { (&raw const self.exceptions[place]).read_volatile() };
                // Root: one data word and one pointer right behind; its type.
                words[1] == 1 << 32 | 1 << 48 && words[2] == ExceptionType::Unimplemented as u64
            }
            _ => true,
        }
    }
}
