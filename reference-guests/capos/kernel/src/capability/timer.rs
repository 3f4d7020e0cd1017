//! `Timer`: monotonic time and sleeping.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::{CallError, Context, Reply};
use crate::schedule::timeouts::Event;
use guest_abi::capos_capnp::{timer_now_results, timer_sleep_params};
use guest_abi::interface::{self, KernelSource};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 1,
    id: interface::TIMER,
    name: "Timer",
    methods: Methods::Named(&["now", "sleep"]),
    source: KernelSource::Timer.name(),
    is_for_measuring: false,
};

/// Sleeps a process may have under way, as published.
const MAX_SLEEPS: usize = 8;
/// Nanoseconds of the published clock tick.
const TICK: u64 = 10_000_000;

/// A decoded call.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `now`.
    Now,
    /// `sleep`, in nanoseconds.
    Sleep(u64),
}

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request, Exception> {
    Ok(match method {
        0 => Request::Now,
        _ => {
            let params: timer_sleep_params::Reader<'_> = message.root()?;
            Request::Sleep(params.get_ns())
        }
    })
}

/// The method body.
pub fn invoke(request: Request, context: &mut Context<'_>) -> Result<Reply, Exception> {
    let now = context.kernel.clock.now();
    match request {
        Request::Now => Ok(Reply::Time(now)),
        Request::Sleep(duration) => {
            if context.kernel.timeouts.sleeps(context.caller.pid) >= MAX_SLEEPS {
                return Err(Exception::overloaded("eight sleeps are under way"));
            }
            context.caller.take_outstanding()?;
            let event = Event::Sleep(context.waiter);
            let deadline = now.saturating_add(duration);
            context.kernel.timeouts.add(deadline, event);
            Ok(Reply::Pending)
        }
    }
}

/// The result message of `now`.
pub fn encode(nanoseconds: u64, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<timer_now_results::Builder<'_>>(),
        &[],
        |builder| {
            let mut root = builder.init_root::<timer_now_results::Builder<'_>>();
            root.set_ns(nanoseconds);
            root.set_tick(nanoseconds / TICK);
        },
    )
}
