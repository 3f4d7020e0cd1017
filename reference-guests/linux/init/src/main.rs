//! The `/init` of the Linux reference guest.
//!
//! Promise: runs the rows it is given, one benchmark window each, checks what
//! every operation did, and streams what it measured as capbench frames. One
//! pass, that is one boot, carries one instrument beside the samples, so that
//! no instrument disturbs another.
//!
//! The same binary runs as an ordinary program for the native host column; see
//! [`options`] for its parameters. What the kernel refuses it is reported as
//! unsupported, with the errno.

mod boot;
mod clock;
mod guard;
mod instrument;
mod machine;
mod options;
mod outcome;
mod primitive;
mod report;
mod row;
mod run;
mod shared_memory;
mod stream;
mod sys;
mod watch;
mod window;

use machine::Machine;
use options::Options;
use outcome::Outcome;
use std::process::ExitCode;
use stream::Stream;

fn main() -> ExitCode {
    if let Some(status) = primitive::child_status() {
        return status;
    }
    let machine = if std::process::id() == 1 {
        Machine::Guest
    } else {
        Machine::Host
    };
    match start(machine) {
        Ok(outcome) => machine.exit(outcome),
        Err(message) => {
            machine.say(&format!("linux-init: {message}"));
            machine.exit(Outcome::Panicked)
        }
    }
}

fn start(machine: Machine) -> Result<Outcome, String> {
    if machine == Machine::Guest {
        boot::mount_file_systems().map_err(|error| format!("mount: {error}"))?;
    }
    let options = Options::read(machine)?;
    let rows = row::read_rows(&options.rows)?;
    let port = match &options.trace {
        Some(path) => std::fs::File::create(path).map_err(|e| format!("{path}: {e}"))?,
        None => boot::open_trace_port().map_err(|error| format!("trace port: {error}"))?,
    };
    let stream = Stream::new(port);
    stream::send_panics_to(&stream, machine);
    run::run(&options, &rows, &stream, machine).map_err(|error| format!("trace stream: {error}"))
}
