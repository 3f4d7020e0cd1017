//! `ThreadHandle`: wait for a thread, or ask whether it has ended.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, root_words};
use super::{CallError, Context, Reply};
use crate::process::ThreadStatus;
use guest_abi::capos_capnp::{thread_handle_exit_code_results, thread_handle_join_results};
use guest_abi::interface;

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 13,
    id: interface::THREAD_HANDLE,
    name: "ThreadHandle",
    methods: Methods::Named(&["join", "exitCode"]),
    source: Interface::RESULT,
    is_for_measuring: false,
};

/// A decoded call.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `join`.
    Join,
    /// `exitCode`.
    ExitCode,
}

/// The typed call; neither method has parameters.
pub fn decode(method: u16) -> Request {
    match method {
        0 => Request::Join,
        _ => Request::ExitCode,
    }
}

/// The method body.
pub fn invoke(
    status: &ThreadStatus,
    request: Request,
    context: &mut Context<'_>,
) -> Result<Reply, Exception> {
    match (request, status.exit_code()) {
        (Request::Join, Some(code)) => Ok(Reply::Joined(code)),
        (Request::Join, None) => {
            context.caller.take_outstanding()?;
            status.waiters.add(context.waiter);
            Ok(Reply::Pending)
        }
        (Request::ExitCode, code) => Ok(Reply::ThreadExitCode(code)),
    }
}

/// The result message of `join`.
pub fn encode_join(code: i64, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<thread_handle_join_results::Builder<'_>>(),
        &[],
        |builder| {
            let mut root = builder.init_root::<thread_handle_join_results::Builder<'_>>();
            root.set_exit_code(code);
        },
    )
}

/// The result message of `exitCode`.
pub fn encode_exit_code(code: Option<i64>, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<thread_handle_exit_code_results::Builder<'_>>(),
        &[],
        |builder| {
            let mut root = builder.init_root::<thread_handle_exit_code_results::Builder<'_>>();
            root.set_exited(code.is_some());
            root.set_exit_code(code.unwrap_or(0));
        },
    )
}
