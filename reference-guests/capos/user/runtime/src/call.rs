//! One method call at a time, for everything that is not measured.

use crate::ring::Ring;
use crate::syscall::cap_enter;
use alloc::vec;
use alloc::vec::Vec;
use capnp::message::{Builder, HeapAllocator, Reader, ReaderOptions};
use capnp::serialize::{self, NoAllocSliceSegments};
use guest_abi::capos_capnp::{ExceptionType, cap_exception};
use guest_abi::ring::{Cqe, ResultCap, Sqe, opcode, result};
use guest_abi::syscall::TIMEOUT_FOREVER;

/// Room for results of ordinary calls, in words.
const RESULT_WORDS: usize = 1024;

/// Why a call gave no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The kernel refused the submission or the call, with this code.
    Code(i32),
    /// The method said no.
    Exception(ExceptionType),
    /// The answer is not what was asked for.
    BadAnswer,
}

impl From<capnp::Error> for CallError {
    fn from(_: capnp::Error) -> Self {
        Self::BadAnswer
    }
}

/// Parameters of a call, being written.
pub type Parameters = Builder<HeapAllocator>;

/// An answer: a message, and capabilities behind it.
#[derive(Debug)]
pub struct Answer {
    words: Vec<u64>,
    length: usize,
    capabilities: usize,
}

impl Answer {
    /// The message. A void method has none.
    pub fn message(&self) -> Result<Reader<NoAllocSliceSegments<'_>>, CallError> {
        let mut bytes = &bytes(&self.words)[..self.length];
        let message =
            serialize::read_message_from_flat_slice_no_alloc(&mut bytes, ReaderOptions::new())?;
        Ok(message)
    }

    /// A capability that came with the answer.
    pub fn capability(&self, index: u16) -> Result<u32, CallError> {
        let index = usize::from(index);
        if index >= self.capabilities {
            return Err(CallError::BadAnswer);
        }
        let at = self.length / 8 + index * (size_of::<ResultCap>() / 8);
        let word = self.words.get(at).ok_or(CallError::BadAnswer)?;
        Ok(*word as u32)
    }
}

/// Calls a method and waits for its answer. The ring must be empty.
pub fn call(
    ring: &mut Ring,
    cap_id: u32,
    method_id: u16,
    parameters: &Parameters,
) -> Result<Answer, CallError> {
    call_raw(ring, cap_id, method_id, &finish(parameters))
}

/// A message as it is submitted.
pub fn finish(parameters: &Parameters) -> Vec<u64> {
    let bytes = serialize::write_message_to_words(parameters);
    // Copied to words: the allocator gives bytes no alignment.
    let mut words = vec![0u64; bytes.len().div_ceil(8)];
    bytes_mut(&mut words)[..bytes.len()].copy_from_slice(&bytes);
    words
}

/// Calls a method with a finished message.
pub fn call_raw(
    ring: &mut Ring,
    cap_id: u32,
    method_id: u16,
    parameters: &[u64],
) -> Result<Answer, CallError> {
    let mut words = vec![0u64; RESULT_WORDS];
    let sqe = Sqe {
        opcode: opcode::CALL,
        method_id,
        cap_id,
        user_data: u64::from(method_id) << 32 | u64::from(cap_id),
        addr: parameters.as_ptr() as u64,
        len: size_of_val(parameters) as u32,
        result_addr: words.as_mut_ptr() as u64,
        result_len: size_of_val(&*words) as u32,
        ..Sqe::default()
    };
    let cqe = submit(ring, &sqe)?;
    if cqe.result == result::APPLICATION_EXCEPTION {
        return Err(exception(&words)?);
    }
    let length = usize::try_from(cqe.result).map_err(|_| CallError::Code(cqe.result))?;
    Ok(Answer {
        words,
        length,
        capabilities: usize::from(cqe.cap_count),
    })
}

/// Submits one entry and waits for its completion. The ring must be empty.
pub fn submit(ring: &mut Ring, sqe: &Sqe) -> Result<Cqe, CallError> {
    ring.push(sqe);
    cap_enter(1, TIMEOUT_FOREVER).map_err(|_| CallError::BadAnswer)?;
    let cqe = ring.pop().ok_or(CallError::BadAnswer)?;
    if cqe.user_data != sqe.user_data {
        return Err(CallError::BadAnswer);
    }
    Ok(cqe)
}

/// Gives a capability up.
pub fn release(ring: &mut Ring, cap_id: u32) -> Result<(), CallError> {
    let sqe = Sqe {
        opcode: opcode::RELEASE,
        cap_id,
        ..Sqe::default()
    };
    match submit(ring, &sqe)?.result {
        0 => Ok(()),
        code => Err(CallError::Code(code)),
    }
}

fn exception(words: &[u64]) -> Result<CallError, CallError> {
    let mut bytes = bytes(words);
    let message =
        serialize::read_message_from_flat_slice_no_alloc(&mut bytes, ReaderOptions::new())?;
    let exception: cap_exception::Reader<'_> = message.get_root()?;
    let kind = exception.get_type().map_err(|_| CallError::BadAnswer)?;
    Ok(CallError::Exception(kind))
}

fn bytes(words: &[u64]) -> &[u8] {
    // SAFETY: bytes have no alignment and no invalid values.
    unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

fn bytes_mut(words: &mut [u64]) -> &mut [u8] {
    // SAFETY: as for `bytes`.
    unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words)) }
}
