//! `VirtualMemory`: the caller's own address space.
//!
//! Whoever calls changes its own memory, whoever the hold came from. Only what was
//! mapped through this interface can be changed through it: not what the loader set
//! up, and not what objects were mapped.
//!
//! *Chosen*: a hint that is not 0 is the place or a refusal; sizes and addresses are
//! whole pages; a range may be part of what was mapped, or several mappings that
//! follow each other; no right implies the lack of reading; a page cannot be left
//! without rights, but decommitted.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::{CallError, Context, Reply};
use crate::memory::program_memory::MemoryError;
use guest_abi::capos_capnp::{
    virtual_memory_commit_params, virtual_memory_decommit_params, virtual_memory_map_params,
    virtual_memory_map_results, virtual_memory_protect_params, virtual_memory_reserve_params,
    virtual_memory_unmap_params,
};
use guest_abi::interface::{self, KernelSource};
use kernel_core::protection::{BadProtection, Protection};
use kernel_core::regions::Refusal;

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 14,
    id: interface::VIRTUAL_MEMORY,
    name: "VirtualMemory",
    methods: Methods::Named(&["map", "unmap", "protect", "reserve", "commit", "decommit"]),
    source: KernelSource::VirtualMemory.name(),
    is_for_measuring: false,
};

/// A decoded call.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `map`: place, size.
    Map(u64, u64, Protection),
    /// `unmap`: address, size.
    Unmap(u64, u64),
    /// `protect`: address, size.
    Protect(u64, u64, Protection),
    /// `reserve`: place, size.
    Reserve(u64, u64),
    /// `commit`: address, size.
    Commit(u64, u64, Protection),
    /// `decommit`: address, size.
    Decommit(u64, u64),
}

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request, Exception> {
    Ok(match method {
        0 => {
            let params: virtual_memory_map_params::Reader<'_> = message.root()?;
            let protection = Protection::from_bits(params.get_prot())?;
            Request::Map(params.get_hint(), params.get_size(), protection)
        }
        1 => {
            let params: virtual_memory_unmap_params::Reader<'_> = message.root()?;
            Request::Unmap(params.get_addr(), params.get_size())
        }
        2 => {
            let params: virtual_memory_protect_params::Reader<'_> = message.root()?;
            let protection = Protection::from_bits(params.get_prot())?;
            Request::Protect(params.get_addr(), params.get_size(), protection)
        }
        3 => {
            let params: virtual_memory_reserve_params::Reader<'_> = message.root()?;
            Request::Reserve(params.get_hint(), params.get_size())
        }
        4 => {
            let params: virtual_memory_commit_params::Reader<'_> = message.root()?;
            let protection = Protection::from_bits(params.get_prot())?;
            Request::Commit(params.get_addr(), params.get_size(), protection)
        }
        _ => {
            let params: virtual_memory_decommit_params::Reader<'_> = message.root()?;
            Request::Decommit(params.get_addr(), params.get_size())
        }
    })
}

/// The method body.
pub fn invoke(request: Request, context: &mut Context<'_>) -> Result<Reply, Exception> {
    let frames = &mut context.kernel.frames;
    let memory = &mut context.caller.memory;
    match request {
        Request::Map(hint, size, protection) => {
            let address = memory.map(hint, size, protection, frames)?;
            return Ok(Reply::Mapped(address));
        }
        Request::Unmap(address, size) => memory.unmap(address, size, frames)?,
        Request::Protect(address, size, protection) => memory.protect(address, size, protection)?,
        Request::Reserve(hint, size) => return Ok(Reply::Mapped(memory.reserve(hint, size)?)),
        Request::Commit(address, size, protection) => {
            memory.commit(address, size, protection, frames)?;
        }
        Request::Decommit(address, size) => memory.decommit(address, size, frames)?,
    }
    Ok(Reply::Void)
}

impl From<BadProtection> for Exception {
    fn from(error: BadProtection) -> Self {
        Self::invalid_argument(match error {
            BadProtection::WriteAndExecute => "no page is to be written and executed",
            BadProtection::Unknown => "rights are read 1, write 2 and execute 4",
        })
    }
}

impl From<MemoryError> for Exception {
    fn from(error: MemoryError) -> Self {
        let refusal = match error {
            MemoryError::Refused(refusal) => refusal,
            MemoryError::OutOfMemory => return Self::overloaded("out of memory"),
        };
        match refusal {
            Refusal::Misaligned => Self::invalid_argument("not whole pages"),
            Refusal::OutsideZone => {
                Self::invalid_argument("programs may not map at these addresses")
            }
            Refusal::Overlap => Self::invalid_argument("some of these addresses are in use"),
            Refusal::NotMapped => {
                Self::invalid_argument("not all of these pages were mapped through this capability")
            }
            Refusal::OutsideObject => Self::invalid_argument("not whole pages of the object"),
            Refusal::ReservationQuota => Self::overloaded("262144 pages are a process's most"),
            Refusal::CommitQuota => Self::overloaded("64 MiB are a process's most"),
            Refusal::TooManyRegions => Self::overloaded("512 regions are a process's most"),
            Refusal::NoSpace => Self::overloaded("no hole is large enough"),
        }
    }
}

/// The result message of `map` and `reserve`, and of an object's `map`, which are
/// alike: an address.
pub fn encode(address: u64, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<virtual_memory_map_results::Builder<'_>>(),
        &[],
        |builder| {
            let mut root = builder.init_root::<virtual_memory_map_results::Builder<'_>>();
            root.set_addr(address);
        },
    )
}
