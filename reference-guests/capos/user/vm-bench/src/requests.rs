//! The submissions, and what a correct completion of each looks like.

use crate::operation::Grants;
use guest_benchmark::runtime::abi::interface::MEMORY_OBJECT;
use guest_benchmark::runtime::abi::ring::{CqeFlags, ResultCap, SQ_ENTRIES, Sqe, opcode, result};
use guest_benchmark::runtime::memory::{ANYWHERE, READ, WRITE};
use guest_benchmark::runtime::platform::VOID;

/// Bytes of a page.
pub const PAGE: u64 = 4096;

/// Words of the longest parameters: table, root pointer, four words.
const PARAMETERS: usize = 6;
/// Bytes of an answer with one word: table, root pointer, the word.
const ONE_WORD: i32 = 24;
/// Words of the longest answer: one word, and the record of a capability.
const ANSWER: usize = 5;

/// What one submission asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// A new page.
    Map,
    /// This page no more.
    Unmap(u64),
    /// This page to be written, or not.
    Protect(u64, bool),
    /// A page of the object: its id, where the page begins.
    MapObject(u32, u64),
    /// This page of the object no more: its id, the page.
    UnmapObject(u32, u64),
    /// A new object of a page.
    Allocate,
    /// The capability no more.
    Release(u32),
    /// The kernel's word at this address: it can write there, or it cannot.
    Probe(u64, bool),
    /// A call through an id that was given up.
    Stale(u32),
}

impl Request {
    /// What its completion's result is.
    pub fn expected(self) -> i32 {
        match self {
            Self::Map | Self::MapObject(..) | Self::Allocate => ONE_WORD,
            Self::Unmap(_) | Self::Protect(..) | Self::UnmapObject(..) | Self::Release(_) => 0,
            Self::Probe(_, true) => ONE_WORD,
            Self::Probe(_, false) => result::INVALID_RESULT_BUFFER,
            Self::Stale(_) => result::INVOKE_FAILED,
        }
    }

    /// Flags and number of capabilities of its completion.
    pub fn expected_capabilities(self) -> (u16, u16) {
        match self {
            Self::Allocate => (CqeFlags::TRANSFER_RESULT_CAPS, 1),
            _ => (0, 0),
        }
    }
}

/// Everything the submissions of a batch point at. Must not move while they do.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Requests {
    grants: Grants,
    parameters: [[u64; PARAMETERS]; SQ_ENTRIES as usize],
    answers: [[u64; ANSWER]; SQ_ENTRIES as usize],
}

impl Requests {
    /// Nothing asked for yet.
    pub fn new(grants: Grants) -> Self {
        Self {
            grants,
            parameters: [[0; PARAMETERS]; SQ_ENTRIES as usize],
            answers: [[0; ANSWER]; SQ_ENTRIES as usize],
        }
    }

    /// The submission for a place in the batch.
    pub fn submission(&mut self, place: usize, request: Request, user_data: u64) -> Sqe {
        self.answers[place] = [u64::MAX; ANSWER];
        let sqe = Sqe {
            opcode: opcode::CALL,
            user_data,
            result_addr: self.answers[place].as_mut_ptr() as u64,
            result_len: size_of_val(&self.answers[place]) as u32,
            ..Sqe::default()
        };
        let memory = self.grants.memory.id();
        let read_write = u64::from(READ | WRITE);
        match request {
            Request::Map => self.call(place, sqe, memory, 0, &[ANYWHERE, PAGE, read_write]),
            Request::Unmap(at) => self.call(place, sqe, memory, 1, &[at, PAGE]),
            Request::Protect(at, write) => {
                let prot = if write { read_write } else { u64::from(READ) };
                self.call(place, sqe, memory, 2, &[at, PAGE, prot])
            }
            Request::MapObject(object, offset) => {
                let parameters = [ANYWHERE, offset, PAGE, read_write];
                self.call(place, sqe, object, 1, &parameters)
            }
            Request::UnmapObject(object, at) => self.call(place, sqe, object, 2, &[at, PAGE]),
            Request::Allocate => Self::void(sqe, self.grants.frames.id()),
            Request::Release(id) => Sqe {
                opcode: opcode::RELEASE,
                cap_id: id,
                user_data,
                ..Sqe::default()
            },
            Request::Probe(at, _) => Sqe {
                result_addr: at,
                ..Self::void(sqe, self.grants.boot)
            },
            Request::Stale(id) => Self::void(sqe, id),
        }
    }

    /// A call with so many words of parameters.
    fn call(&mut self, place: usize, sqe: Sqe, cap_id: u32, method_id: u16, words: &[u64]) -> Sqe {
        let parameters = &mut self.parameters[place];
        let count = words.len() as u64;
        // One segment; root: as many data words right behind.
        parameters[0] = (1 + count) << 32;
        parameters[1] = count << 32;
        parameters[2..2 + words.len()].copy_from_slice(words);
        Sqe {
            cap_id,
            method_id,
            addr: parameters.as_ptr() as u64,
            len: 8 * (2 + words.len()) as u32,
            ..sqe
        }
    }

    /// A call of the first method, which has no parameters.
    fn void(sqe: Sqe, cap_id: u32) -> Sqe {
        Sqe {
            cap_id,
            addr: VOID.as_ptr() as u64,
            len: size_of_val(&VOID) as u32,
            ..sqe
        }
    }

    /// The address that was answered, if one was.
    pub fn address(&self, place: usize) -> Option<u64> {
        let [table, root, address, ..] = self.answer(place);
        (table == 2 << 32 && root == 1 << 32).then_some(address)
    }

    /// The object that was answered, if one was.
    pub fn object(&self, place: usize) -> Option<u32> {
        const RECORD: usize = size_of::<ResultCap>() / 8;
        const _: () = assert!(3 + RECORD == ANSWER);
        let [table, root, index, id, interface] = self.answer(place);
        let message = table == 2 << 32 && root == 1 << 32 && index == 0;
        (message && interface == MEMORY_OBJECT)
            .then_some(id)
            .and_then(|id| u32::try_from(id).ok())
    }

    fn answer(&self, place: usize) -> [u64; ANSWER] {
        // SAFETY: the array is ours; read through a pointer because the kernel wrote
        // it behind the compiler's back.
        unsafe { (&raw const self.answers[place]).read_volatile() }
    }
}
