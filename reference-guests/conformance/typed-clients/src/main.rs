//! Uses a kernel as a capOS program would: through the published typed clients and
//! nothing of capbench's own.
//!
//! One line a step, and the number of failed steps as exit code. A capability that
//! was not granted leaves its steps out and says so; a kernel that lacks something is
//! then still held to the rest. Grants are called as their kernel sources: `console`,
//! `timer`, `null`, `virtual_memory`, `process_spawner`, `endpoint`,
//! `thread_control`, `thread_spawner`.
#![no_std]
#![no_main]

extern crate alloc;
// Only its symbols are used.
extern crate link_support as _;

mod failure;
mod step;

use alloc::format;
use capos::syscall::CAP_ENTER_WAIT_FOREVER;
use capos::{CapSet, Client, ConsoleClient, Runtime, RuntimeRingClient};
use failure::Failure;

/// Exit code without a console to say anything on.
const NO_CONSOLE: i64 = 111;
/// Exit code when the ring cannot be had or used.
const NO_RING: i64 = 112;

/// Something to do, and to see that it was done right.
type Step = fn(&mut RuntimeRingClient<'_>, CapSet) -> Result<(), Failure>;

const STEPS: [(&str, Step); 19] = [
    ("timer now does not go back", step::timer::now),
    ("timer sleep takes its time", step::timer::sleep),
    ("null call without parameters", step::null::empty),
    ("null call with 64 bytes", step::null::small),
    ("memory map is zero and writable", step::memory::map),
    ("memory protect keeps what is there", step::memory::protect),
    ("memory refuses write and execute", step::memory::refusal),
    ("memory unmap makes room", step::memory::unmap),
    ("process spawn and wait", step::process::spawn),
    ("process wait after the end", step::process::wait_again),
    ("process of no binary is refused", step::process::unknown),
    ("process is listed and terminated", step::process::terminate),
    ("endpoint serves a child", step::endpoint::serve),
    ("endpoint passes an exception on", step::endpoint::exception),
    ("endpoint receive is cancelled", step::endpoint::cancel),
    ("thread control sets the FS base", step::thread::fs_base),
    ("thread create and join", step::thread::create),
    ("thread join after the end", step::thread::join_late),
    ("thread exit code", step::thread::exit_code),
];

capos::entry_point!(main);

fn main(mut runtime: Runtime) -> i64 {
    let capset = runtime.capset();
    let Ok(mut console) = capset.get_client::<ConsoleClient>(b"console") else {
        return NO_CONSOLE;
    };
    let Ok(mut ring) = runtime.ring_client() else {
        return NO_RING;
    };
    let (mut done, mut failed, mut left_out) = (0, 0, 0);
    for (name, step) in STEPS {
        let outcome = step(&mut ring, capset);
        let counter = match outcome {
            Ok(()) => &mut done,
            Err(Failure::NotGranted(_)) => &mut left_out,
            Err(_) => &mut failed,
        };
        *counter += 1;
        let line = match outcome {
            Ok(()) => format!("typed-clients: {name}: ok"),
            Err(failure) => format!("typed-clients: {name}: {failure}"),
        };
        if !say(&mut console, &mut ring, &line) {
            return NO_RING;
        }
    }
    let line = format!("typed-clients: done={done} failed={failed} left_out={left_out}");
    if say(&mut console, &mut ring, &line) {
        failed
    } else {
        NO_RING
    }
}

fn say(console: &mut ConsoleClient, ring: &mut RuntimeRingClient<'_>, line: &str) -> bool {
    let said = console.write_line_wait(ring, line, CAP_ENTER_WAIT_FOREVER);
    said.is_ok()
}

/// The client of the grant with this name.
fn granted<C: Client>(capset: CapSet, name: &'static str) -> Result<C, Failure> {
    capset
        .get_client(name.as_bytes())
        .map_err(|_| Failure::NotGranted(name))
}
