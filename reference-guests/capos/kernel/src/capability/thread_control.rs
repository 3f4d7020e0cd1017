//! `ThreadControl`: what a thread may change about itself.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::{CallError, Context, Reply};
use crate::arch::{cpu, user_copy};
use crate::ring::deferred::Deferred;
use guest_abi::capos_capnp::{
    thread_control_exit_thread_params, thread_control_get_fs_base_results,
    thread_control_set_fs_base_params,
};
use guest_abi::interface::{self, KernelSource};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 11,
    id: interface::THREAD_CONTROL,
    name: "ThreadControl",
    methods: Methods::Named(&["getFsBase", "setFsBase", "exitThread"]),
    source: KernelSource::ThreadControl.name(),
    is_for_measuring: false,
};

/// A decoded call.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `getFsBase`.
    GetFsBase,
    /// `setFsBase`.
    SetFsBase(u64),
    /// `exitThread`.
    ExitThread(i64),
}

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request, Exception> {
    Ok(match method {
        0 => Request::GetFsBase,
        1 => {
            let params: thread_control_set_fs_base_params::Reader<'_> = message.root()?;
            Request::SetFsBase(params.get_fs_base())
        }
        _ => {
            let params: thread_control_exit_thread_params::Reader<'_> = message.root()?;
            Request::ExitThread(params.get_exit_code())
        }
    })
}

/// The method body, for the thread that is in the kernel.
pub fn invoke(request: Request, context: &mut Context<'_>) -> Result<Reply, Exception> {
    match request {
        Request::GetFsBase => Ok(Reply::FsBase(context.caller.thread().fs_base)),
        Request::SetFsBase(address) => {
            check_fs_base(address)?;
            context.caller.thread().fs_base = address;
            cpu::set_fs_base(address);
            Ok(Reply::Void)
        }
        // No completion is posted: nobody is left to take it.
        Request::ExitThread(code) => {
            context.kernel.deferred.push_back(Deferred::EndThread(code));
            Ok(Reply::Pending)
        }
    }
}

/// Thread-local storage lies in the user half, where the processor takes any base.
pub fn check_fs_base(address: u64) -> Result<(), Exception> {
    if user_copy::is_user_range(address, 0) {
        Ok(())
    } else {
        Err(Exception::invalid_argument(
            "the FS base is outside of the user half",
        ))
    }
}

/// The result message of `getFsBase`.
pub fn encode_fs_base(fs_base: u64, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<thread_control_get_fs_base_results::Builder<'_>>(),
        &[],
        |builder| {
            let mut root = builder.init_root::<thread_control_get_fs_base_results::Builder<'_>>();
            root.set_fs_base(fs_base);
        },
    )
}
