//! `MemoryObject`: memory that each holder can map, and that all who do share.
//!
//! A mapping outlives the hold it was made through, revoked or not; only the hold
//! can end or change it before its process does. *Chosen*, like what is chosen for
//! [`VirtualMemory`](super::virtual_memory). That no page may be written and executed
//! is a rule for each mapping: two of the same memory can have both rights between
//! them.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::{CallError, Context, Reply};
use crate::memory::object::MemoryObject;
use crate::memory::program_memory::ObjectPart;
use alloc::rc::Rc;
use guest_abi::capos_capnp::{
    memory_object_info_results, memory_object_map_params, memory_object_protect_params,
    memory_object_unmap_params,
};
use guest_abi::interface;
use guest_abi::layout::PAGE_SIZE;
use kernel_core::protection::Protection;

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 15,
    id: interface::MEMORY_OBJECT,
    name: "MemoryObject",
    methods: Methods::Named(&["info", "map", "unmap", "protect"]),
    // What its allocator makes; a child can be granted it.
    source: "memory_object",
    is_for_measuring: false,
};

/// A decoded call.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `info`.
    Info,
    /// `map`.
    Map(ObjectPart),
    /// `unmap`: address, size.
    Unmap(u64, u64),
    /// `protect`: address, size.
    Protect(u64, u64, Protection),
}

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request, Exception> {
    Ok(match method {
        0 => Request::Info,
        1 => {
            let params: memory_object_map_params::Reader<'_> = message.root()?;
            Request::Map(ObjectPart {
                hint: params.get_hint(),
                offset: params.get_offset(),
                size: params.get_size(),
                protection: Protection::from_bits(params.get_prot())?,
            })
        }
        2 => {
            let params: memory_object_unmap_params::Reader<'_> = message.root()?;
            Request::Unmap(params.get_addr(), params.get_size())
        }
        _ => {
            let params: memory_object_protect_params::Reader<'_> = message.root()?;
            let protection = Protection::from_bits(params.get_prot())?;
            Request::Protect(params.get_addr(), params.get_size(), protection)
        }
    })
}

/// The method body, which changes the caller's memory.
pub fn invoke(
    object: &Rc<MemoryObject>,
    request: Request,
    context: &mut Context<'_>,
) -> Result<Reply, Exception> {
    let frames = &mut context.kernel.frames;
    let memory = &mut context.caller.memory;
    match request {
        Request::Info => return Ok(Reply::MemoryInfo(object.pages())),
        Request::Map(part) => {
            let address = memory.map_object(object, part, frames)?;
            return Ok(Reply::Mapped(address));
        }
        Request::Unmap(address, size) => memory.unmap_object(object, address, size, frames)?,
        Request::Protect(address, size, protection) => {
            memory.protect_object(object, address, size, protection)?;
        }
    }
    Ok(Reply::Void)
}

/// The result message of `info`.
pub fn encode_info(pages: u32, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<memory_object_info_results::Builder<'_>>(),
        &[],
        |builder| {
            let mut root = builder.init_root::<memory_object_info_results::Builder<'_>>();
            root.set_page_count(pages);
            root.set_size_bytes(u64::from(pages) * PAGE_SIZE);
        },
    )
}
