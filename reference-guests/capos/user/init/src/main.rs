//! The first process: starts the programs of the boot manifest, one after the
//! other, and exits with the first code that is not 0.
//!
//! Each program gets exactly the grants of its manifest entry, straight from the
//! kernel's sources, so that init never holds what it passes on. A grant of the
//! boot package shows a program only its own entry.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;
use core::fmt;
use guest_runtime::abi::boot_image::{self, Program};
use guest_runtime::abi::interface::{KernelSource, PROCESS_SPAWNER};
use guest_runtime::call::CallError;
use guest_runtime::process::{Child, Grant, PRESERVE_BADGE};
use guest_runtime::ring::Ring;
use guest_runtime::{capset, console, entry_point, platform};

/// Exit code when a program could not be run; no exit status of a program.
const NOT_RUN: i64 = -3;

entry_point!(main);

fn main() -> i64 {
    let mut ring = Ring::take().expect("the ring is free at the start");
    let spawner = capset::find("spawner", PROCESS_SPAWNER).expect("a grant named `spawner`");
    let bytes = platform::boot_bytes(&mut ring).expect("the boot manifest");
    let manifest = boot_image::parse_manifest(&bytes).expect("a boot manifest");
    for (index, program) in manifest.programs.iter().enumerate() {
        let name = program.name;
        match run(&mut ring, spawner, index, program) {
            Ok(0) => {}
            Ok(code) => {
                report(&mut ring, format_args!("init: {name} exited with {code}"));
                return code;
            }
            Err(error) => {
                let line = format_args!("init: {name} could not be run: {error}");
                report(&mut ring, line);
                return NOT_RUN;
            }
        }
    }
    0
}

/// Why a program could not be run.
enum RunError<'a> {
    /// No such thing as this source of a grant.
    NoSource(&'a str),
    /// A call failed.
    Call(CallError),
}

impl From<CallError> for RunError<'_> {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for RunError<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSource(name) => write!(f, "this guest has no source `{name}`"),
            Self::Call(error) => write!(f, "{error:?}"),
        }
    }
}

/// Starts a program and waits for its end.
fn run<'a>(
    ring: &mut Ring,
    spawner: u32,
    index: usize,
    program: &Program<'a>,
) -> Result<i64, RunError<'a>> {
    let wanted = program.grants.iter();
    let grants: Vec<Grant<'_>> = wanted
        .map(|wanted| grant(wanted, index))
        .collect::<Result<_, _>>()?;
    let child = Child::spawn(ring, spawner, program.name, program.binary, &grants)?;
    let code = child.wait(ring)?;
    child.release(ring)?;
    Ok(code)
}

fn grant<'a>(wanted: &boot_image::Grant<'a>, program: usize) -> Result<Grant<'a>, RunError<'a>> {
    let source = KernelSource::from_name(wanted.source).ok_or(RunError::NoSource(wanted.source))?;
    Ok(Grant {
        badge: match source {
            KernelSource::BootPackage => program as u64,
            _ => PRESERVE_BADGE,
        },
        ..Grant::kernel(wanted.name, source)
    })
}

/// A line on the console, if there is one.
fn report(ring: &mut Ring, line: core::fmt::Arguments<'_>) {
    if let Some(console) = console::find() {
        // Nobody is left to tell if this fails.
        let _ = console::write_line(ring, console, line);
    }
}
