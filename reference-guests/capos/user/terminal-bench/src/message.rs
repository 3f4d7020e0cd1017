//! Messages that are built once and sent often.

use alloc::vec;
use alloc::vec::Vec;
use guest_benchmark::runtime::abi::ring::{Cqe, Sqe, opcode};
use guest_benchmark::runtime::call::Parameters;
use guest_benchmark::runtime::capnp::serialize::write_message_to_words;

/// Words of the largest answer: a line of 256 bytes, or a bundle.
const ANSWER: usize = 64;

/// A call, its parameters and room for its answer.
pub struct Call {
    cap_id: u32,
    method: u16,
    words: Vec<u64>,
    answer: Vec<u64>,
}

impl Call {
    /// A call that is the same each time.
    pub fn new(cap_id: u32, method: u16, parameters: &Parameters) -> Self {
        let bytes = write_message_to_words(parameters);
        let (words, _) = bytes.as_chunks();
        Self {
            cap_id,
            method,
            words: words.iter().map(|word| u64::from_le_bytes(*word)).collect(),
            answer: vec![0; ANSWER],
        }
    }

    /// Its submission. The call must stay where it is until that completes.
    pub fn submission(&mut self, user_data: u64) -> Sqe {
        self.answer.fill(0);
        Sqe {
            opcode: opcode::CALL,
            method_id: self.method,
            cap_id: self.cap_id,
            user_data,
            addr: self.words.as_ptr() as u64,
            len: size_of_val(&self.words[..]) as u32,
            result_addr: self.answer.as_mut_ptr() as u64,
            result_len: size_of_val(&self.answer[..]) as u32,
            ..Sqe::default()
        }
    }

    /// The answer's words: message, and records of capabilities behind it.
    pub fn answer(&self) -> [u64; ANSWER] {
        // SAFETY: the words are ours; read through a pointer because the kernel wrote
        // them behind the compiler's back.
        core::array::from_fn(|index| unsafe { self.answer.as_ptr().add(index).read_volatile() })
    }

    /// Id and interface of a capability behind a message of `length` bytes.
    pub fn capability(&self, length: usize, index: usize) -> (u32, u64) {
        let answer = self.answer();
        let at = length / 8 + index * 2;
        (answer[at] as u32, answer[at + 1])
    }
}

/// Whether a completion is of this submission, with so many bytes and capabilities.
pub fn is_answer(cqe: &Cqe, user_data: u64, length: usize, capabilities: u16) -> bool {
    cqe.user_data == user_data && cqe.result == length as i32 && cqe.cap_count == capabilities
}
