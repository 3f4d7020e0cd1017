//! `ParkBench`: the cost of a park-shaped operation without parking.
//!
//! A wait reads the caller's word and compares it; a wake finds nobody. The same
//! work is offered as methods and as the compact operation `PARK_BENCH`, so that
//! their difference is the difference of the paths. Nothing here ever blocks: a
//! wait whose word has the expected value says that it would have (*chosen*).

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::{CallError, Reply};
use crate::arch::user_copy::{self, BadAddress};
use guest_abi::capos_capnp::{
    park_bench_wait_params, park_bench_wait_results, park_bench_wake_params,
    park_bench_wake_results,
};
use guest_abi::interface::{self, KernelSource};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 3,
    id: interface::PARK_BENCH,
    name: "ParkBench",
    methods: Methods::Named(&["wait", "wake"]),
    source: KernelSource::ParkBench.name(),
    is_for_measuring: true,
};

/// Compact result: the word has another value.
pub const MISMATCH: i32 = 1;
/// Compact result: the word has the expected value; nobody waits that long.
pub const TIMED_OUT: i32 = 2;

/// A decoded call.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `wait`: would it block on this word?
    Wait {
        /// Where the word is.
        address: u64,
        /// The value it would block on.
        expected: u32,
    },
    /// `wake`.
    Wake,
}

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request, Exception> {
    Ok(match method {
        0 => {
            let params: park_bench_wait_params::Reader<'_> = message.root()?;
            Request::Wait {
                address: params.get_addr(),
                expected: params.get_expected(),
            }
        }
        _ => {
            let _: park_bench_wake_params::Reader<'_> = message.root()?;
            Request::Wake
        }
    })
}

/// The method body.
pub fn invoke(request: Request) -> Result<Reply, Exception> {
    match request {
        Request::Wait { address, expected } => would_block(address, expected)
            .map(Reply::Blocked)
            .map_err(|_| Exception::invalid_argument("the word cannot be read")),
        Request::Wake => Ok(Reply::Woken(wake())),
    }
}

/// Whether a wait on this word would block.
#[inline]
pub fn would_block(address: u64, expected: u32) -> Result<bool, BadAddress> {
    let mut word = [0; 4];
    user_copy::read(&mut word, address)?;
    Ok(u32::from_le_bytes(word) == expected)
}

/// Wakes nobody; how many that is.
#[inline]
pub fn wake() -> u32 {
    0
}

/// The result message of `wait`.
pub fn encode_blocked(blocked: bool, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<park_bench_wait_results::Builder<'_>>(),
        &[],
        |builder| {
            let mut root = builder.init_root::<park_bench_wait_results::Builder<'_>>();
            root.set_blocked(blocked);
        },
    )
}

/// The result message of `wake`.
pub fn encode_woken(woken: u32, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<park_bench_wake_results::Builder<'_>>(),
        &[],
        |builder| {
            let mut root = builder.init_root::<park_bench_wake_results::Builder<'_>>();
            root.set_woken(woken);
        },
    )
}
