//! `FrameAllocator`: memory as objects.
//!
//! What a process holds of it counts against its quota of frames, wherever the
//! objects come from; see [`kernel_core::capability_table`].

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::{CallError, Context, Object, Reply};
use crate::memory::object::MemoryObject;
use alloc::rc::Rc;
use guest_abi::capos_capnp::{
    frame_allocator_alloc_contiguous_params, frame_allocator_alloc_frame_results,
};
use guest_abi::interface::{self, KernelSource, MEMORY_OBJECT};
use guest_abi::ring::ResultCap;
use kernel_core::capability_table::{Hold, TransferMode};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 16,
    id: interface::FRAME_ALLOCATOR,
    name: "FrameAllocator",
    methods: Methods::Named(&["allocFrame", "allocContiguous"]),
    source: KernelSource::FrameAllocator.name(),
    is_for_measuring: false,
};

/// Bytes of the result message: table, root pointer, one word.
const RESULT_LENGTH: usize = 24;

/// A decoded call: how many frames are to follow each other.
#[derive(Clone, Copy, Debug)]
pub struct Allocate(u32);

/// The typed call. One frame is one of however many.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Allocate, Exception> {
    Ok(match method {
        0 => Allocate(1),
        _ => {
            let params: frame_allocator_alloc_contiguous_params::Reader<'_> = message.root()?;
            Allocate(params.get_count())
        }
    })
}

/// The method body.
pub fn invoke(Allocate(pages): Allocate, context: &mut Context<'_>) -> Result<Reply, Exception> {
    let Context {
        kernel,
        caller,
        waiter,
    } = context;
    // What could not be reported must not be allocated.
    if (waiter.result_len as usize) < RESULT_LENGTH + size_of::<ResultCap>() {
        return Err(Exception::invalid_argument(
            "the result buffer is too small",
        ));
    }
    if pages == 0 {
        return Err(Exception::invalid_argument("no frames at all"));
    }
    if caller.capabilities.room() < 1 {
        return Err(Exception::overloaded("no room for the object"));
    }
    if u64::from(pages) > caller.capabilities.frame_room() {
        return Err(Exception::overloaded("4096 frames are a process's most"));
    }
    let object = MemoryObject::new(&mut kernel.frames, pages)
        .map_err(|_| Exception::overloaded("out of memory"))?;
    let hold = Hold::new(
        Object::Memory(Rc::new(object)),
        MEMORY_OBJECT,
        TransferMode::Copy,
    );
    Ok(Reply::Allocated(caller.give(hold)))
}

/// The result message of both methods: the index points to the record behind it.
pub fn encode(object: ResultCap, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<frame_allocator_alloc_frame_results::Builder<'_>>(),
        &[object],
        |builder| {
            let mut root = builder.init_root::<frame_allocator_alloc_frame_results::Builder<'_>>();
            root.set_handle_index(0);
        },
    )
}
