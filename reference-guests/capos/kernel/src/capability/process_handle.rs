//! `ProcessHandle`: wait for a process, or end it.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, root_words};
use super::{CallError, Context, Reply};
use crate::process::{self, Status};
use guest_abi::capos_capnp::process_handle_wait_results;
use guest_abi::interface;

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 6,
    id: interface::PROCESS_HANDLE,
    name: "ProcessHandle",
    methods: Methods::Named(&["wait", "terminate"]),
    source: Interface::RESULT,
    is_for_measuring: false,
};

/// What a terminated process exited with. *Chosen*.
const TERMINATED: i64 = -1;

/// A decoded call.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `wait`.
    Wait,
    /// `terminate`.
    Terminate,
}

/// The typed call; neither method has parameters.
pub fn decode(method: u16) -> Request {
    match method {
        0 => Request::Wait,
        _ => Request::Terminate,
    }
}

/// The method body.
pub fn invoke(
    status: &Status,
    request: Request,
    context: &mut Context<'_>,
) -> Result<Reply, Exception> {
    match (request, status.exit_code()) {
        (Request::Wait, Some(code)) => Ok(Reply::Exited(code)),
        (Request::Wait, None) => {
            context.caller.take_outstanding()?;
            status.waiters.add(context.waiter);
            Ok(Reply::Pending)
        }
        (Request::Terminate, Some(_)) => Ok(Reply::Void),
        (Request::Terminate, None) => {
            let target = context
                .kernel
                .take(status.pid)
                .ok_or(Exception::failed("a process cannot end itself this way"))?;
            process::dispose(context.kernel, target, TERMINATED);
            Ok(Reply::Void)
        }
    }
}

/// The result message of `wait`.
pub fn encode(code: i64, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<process_handle_wait_results::Builder<'_>>(),
        &[],
        |builder| {
            let mut root = builder.init_root::<process_handle_wait_results::Builder<'_>>();
            root.set_exit_code(code);
        },
    )
}
