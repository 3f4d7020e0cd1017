//! Threads of this process, raw.
//!
//! A thread that works with the ring must leave to others what is not its own: see
//! [`crate::ring::Ring`], which one thread owns. What threads of benchmarks need of it
//! is in the programs.

use crate::call::{CallError, Parameters, call, call_raw};
use crate::platform::VOID;
use crate::ring::Ring;
use guest_abi::capos_capnp::{
    thread_handle_join_results, thread_spawner_create_params, thread_spawner_create_results,
};
use guest_abi::ring::{Sqe, SqeFlags, opcode};

/// What a thread runs: its argument and its id. It must not return.
pub type Entry = extern "C" fn(argument: u64, tid: u64) -> !;

/// Starts a thread. Its handle.
pub fn spawn(
    ring: &mut Ring,
    spawner: u32,
    entry: Entry,
    stack: &'static mut [u8],
    argument: u64,
) -> Result<u32, CallError> {
    let mut parameters = Parameters::new_default();
    let mut root = parameters.init_root::<thread_spawner_create_params::Builder<'_>>();
    root.set_entry(entry as usize as u64);
    root.set_stack_top(stack.as_mut_ptr_range().end as u64);
    root.set_arg(argument);
    let answer = call(ring, spawner, 0, &parameters)?;
    let message = answer.message()?;
    let root = message.get_root::<thread_spawner_create_results::Reader<'_>>()?;
    answer.capability(root.get_handle_index())
}

/// Waits for a thread's end. What it exited with.
pub fn join(ring: &mut Ring, handle: u32) -> Result<i64, CallError> {
    let answer = call_raw(ring, handle, 0, &VOID)?;
    let message = answer.message()?;
    let root = message.get_root::<thread_handle_join_results::Reader<'_>>()?;
    Ok(root.get_exit_code())
}

/// The message of `exitThread`.
pub fn exit_message(code: i64) -> [u64; 3] {
    // One segment of two words; root: one data word.
    [2 << 32, 1 << 32, code as u64]
}

/// Ends the thread that submits it, which no other thread can do for it. Never
/// completes.
pub fn exit(control: u32, tid: u32, message: &[u64; 3], user_data: u64) -> Sqe {
    Sqe {
        opcode: opcode::CALL,
        flags: SqeFlags::THREAD_OWNED,
        method_id: 2,
        cap_id: control,
        call_id: tid,
        user_data,
        addr: message.as_ptr() as u64,
        len: size_of_val(message) as u32,
        ..Sqe::default()
    }
}
