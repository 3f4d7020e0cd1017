//! `ThreadSpawner`: starts threads of the calling process.
//!
//! *Chosen*: a thread finds its argument in RDI and its id, which PARK and owned
//! calls want, in RSI; its stack pointer is 8 below the last 16-byte boundary of its
//! stack; no flag is defined. A thread must not return from its function: there is
//! nothing to return to.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::thread_control::check_fs_base;
use super::{CallError, Context, Object, Reply};
use crate::arch::syscall::UserContext;
use crate::measure;
use guest_abi::capos_capnp::{thread_spawner_create_params, thread_spawner_create_results};
use guest_abi::interface::{self, KernelSource, THREAD_HANDLE};
use guest_abi::layout::{PAGE_SIZE, USER_LIMIT};
use guest_abi::ring::ResultCap;
use kernel_core::capability_table::{Hold, TransferMode};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 12,
    id: interface::THREAD_SPAWNER,
    name: "ThreadSpawner",
    methods: Methods::Named(&["create"]),
    source: KernelSource::ThreadSpawner.name(),
    is_for_measuring: false,
};

/// Bytes of the result message: table, root pointer, one word.
const RESULT_LENGTH: usize = 24;

/// A decoded `create`.
#[derive(Clone, Copy, Debug)]
pub struct Create {
    entry: u64,
    stack_top: u64,
    argument: u64,
    fs_base: u64,
    flags: u64,
}

/// The typed call.
pub fn decode<'m>(message: &'m Message<'m>) -> Result<Create, Exception> {
    let params: thread_spawner_create_params::Reader<'_> = message.root()?;
    Ok(Create {
        entry: params.get_entry(),
        stack_top: params.get_stack_top(),
        argument: params.get_arg(),
        fs_base: params.get_fs_base(),
        flags: params.get_flags(),
    })
}

/// The method body.
pub fn invoke(request: Create, context: &mut Context<'_>) -> Result<Reply, Exception> {
    let Context {
        kernel,
        caller,
        waiter,
    } = context;
    // A thread that could not be reported must not start.
    if (waiter.result_len as usize) < RESULT_LENGTH + size_of::<ResultCap>() {
        return Err(Exception::invalid_argument(
            "the result buffer is too small",
        ));
    }
    if request.flags != 0 {
        return Err(Exception::invalid_argument("no flag is defined"));
    }
    check_fs_base(request.fs_base)?;
    // The return to user mode must not meet an address it cannot load.
    let user = 16..USER_LIMIT - PAGE_SIZE;
    if !user.contains(&request.entry) || !user.contains(&request.stack_top) {
        return Err(Exception::invalid_argument(
            "entry or stack are outside of the user half",
        ));
    }
    if caller.capabilities.room() < 1 {
        return Err(Exception::overloaded("no room for the handle"));
    }
    let tid = caller.next_tid();
    let stack = request.stack_top / 16 * 16 - 8;
    let arguments = [request.argument, u64::from(tid.0), 0];
    let registers = UserContext::new(request.entry, stack, arguments);
    let status = caller.add_thread(registers, request.fs_base)?;
    let mut thread = caller.thread_id();
    thread.tid = tid;
    measure::thread_started(thread, caller);
    kernel.enqueue(thread);
    let handle = Hold::new(
        Object::ThreadHandle(status),
        THREAD_HANDLE,
        TransferMode::Copy,
    );
    Ok(Reply::ThreadStarted(caller.give(handle)))
}

/// The result message: the index points to the record behind it.
pub fn encode(handle: ResultCap, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<thread_spawner_create_results::Builder<'_>>(),
        &[handle],
        |builder| {
            let mut root = builder.init_root::<thread_spawner_create_results::Builder<'_>>();
            root.set_handle_index(0);
        },
    )
}
