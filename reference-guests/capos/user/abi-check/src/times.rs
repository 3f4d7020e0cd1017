//! Time: the clock, sleeping, waits that time out.

use crate::{Check, Context, ensure};
use guest_runtime::abi::capos_capnp::{ExceptionType, timer_now_results, timer_sleep_params};
use guest_runtime::abi::ring::{Sqe, opcode};
use guest_runtime::call::{CallError, Parameters, call, call_raw};
use guest_runtime::platform::VOID;
use guest_runtime::syscall::cap_enter;

pub const CHECKS: &[Check] = &[
    ("the clock does not go back", forward),
    ("a sleep takes as long as it says", sleep),
    ("a wait times out", timeout),
    ("a wait ends early when its completion comes", early),
    ("a ninth sleep is refused", many_sleeps),
];

const MILLISECOND: u64 = 1_000_000;

fn now(context: &mut Context) -> Result<u64, &'static str> {
    let answer = call_raw(&mut context.ring, context.timer, 0, &VOID);
    let answer = answer.map_err(|_| "no answer")?;
    let message = answer.message().map_err(|_| "no message")?;
    let root = message.get_root::<timer_now_results::Reader<'_>>();
    Ok(root.map_err(|_| "no results")?.get_ns())
}

fn forward(context: &mut Context) -> Result<(), &'static str> {
    let first = now(context)?;
    ensure(now(context)? > first, "it did")
}

fn sleep_for(nanoseconds: u64) -> Parameters {
    let mut parameters = Parameters::new_default();
    parameters
        .init_root::<timer_sleep_params::Builder<'_>>()
        .set_ns(nanoseconds);
    parameters
}

fn sleep(context: &mut Context) -> Result<(), &'static str> {
    let start = now(context)?;
    let parameters = sleep_for(MILLISECOND);
    let slept = call(&mut context.ring, context.timer, 1, &parameters);
    ensure(slept.is_ok(), "refused")?;
    ensure(now(context)? - start >= MILLISECOND, "too short")
}

fn timeout(context: &mut Context) -> Result<(), &'static str> {
    let start = now(context)?;
    ensure(cap_enter(1, MILLISECOND) == Ok(0), "not 0")?;
    ensure(now(context)? - start >= MILLISECOND, "too early")
}

/// A message of a sleep, for submissions by hand.
fn message(nanoseconds: u64) -> [u64; 3] {
    [2 << 32, 1 << 32, nanoseconds]
}

fn early(context: &mut Context) -> Result<(), &'static str> {
    let start = now(context)?;
    let message = message(MILLISECOND);
    context.ring.push(&Sqe {
        opcode: opcode::CALL,
        method_id: 1,
        cap_id: context.timer,
        addr: message.as_ptr() as u64,
        len: size_of_val(&message) as u32,
        user_data: 5,
        ..Sqe::default()
    });
    ensure(cap_enter(1, 1000 * MILLISECOND) == Ok(1), "not 1")?;
    let cqe = context.ring.pop().ok_or("no completion")?;
    ensure(cqe.user_data == 5 && cqe.result == 0, "another completion")?;
    ensure(now(context)? - start < 500 * MILLISECOND, "too late")
}

fn many_sleeps(context: &mut Context) -> Result<(), &'static str> {
    let message = message(MILLISECOND);
    for user_data in 0..8 {
        context.ring.push(&Sqe {
            opcode: opcode::CALL,
            method_id: 1,
            cap_id: context.timer,
            addr: message.as_ptr() as u64,
            len: size_of_val(&message) as u32,
            user_data,
            ..Sqe::default()
        });
    }
    ensure(cap_enter(0, 0) == Ok(0), "a sleep was over at once")?;
    let ninth = call(&mut context.ring, context.timer, 1, &sleep_for(MILLISECOND));
    let overloaded = Err(CallError::Exception(ExceptionType::Overloaded));
    ensure(ninth.map(|_| ()) == overloaded, "it was not")?;
    ensure(cap_enter(8, u64::MAX) == Ok(8), "not all came back")?;
    for user_data in 0..8 {
        let cqe = context.ring.pop().ok_or("no completion")?;
        ensure(cqe.user_data == user_data, "out of order")?;
    }
    Ok(())
}
