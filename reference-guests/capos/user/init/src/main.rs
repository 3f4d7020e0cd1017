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
use guest_runtime::abi::boot_image::{self, Program};
use guest_runtime::abi::interface::{KernelSource, PROCESS_SPAWNER};
use guest_runtime::call::CallError;
use guest_runtime::process::{Child, Grant, PRESERVE_BADGE};
use guest_runtime::ring::Ring;
use guest_runtime::{capset, console, entry_point, platform};

/// Exit code when a program could not be started.
const NOT_STARTED: i64 = 2;

entry_point!(main);

fn main() -> i64 {
    let mut ring = Ring::take().expect("the ring is free at the start");
    let spawner = capset::find("spawner", PROCESS_SPAWNER).expect("a grant named `spawner`");
    let bytes = platform::boot_bytes(&mut ring).expect("the boot manifest");
    let manifest = boot_image::parse_manifest(&bytes).expect("a boot manifest");
    for (index, program) in manifest.programs.iter().enumerate() {
        let code = match run(&mut ring, spawner, index, program) {
            Ok(code) => code,
            Err(error) => {
                report(&mut ring, format_args!("init: {}: {error:?}", program.name));
                NOT_STARTED
            }
        };
        if code != 0 {
            report(
                &mut ring,
                format_args!("init: {} exited with {code}", program.name),
            );
            return code;
        }
    }
    0
}

/// Starts a program and waits for its end.
fn run(
    ring: &mut Ring,
    spawner: u32,
    index: usize,
    program: &Program<'_>,
) -> Result<i64, CallError> {
    let grants: Option<Vec<Grant<'_>>> = program
        .grants
        .iter()
        .map(|wanted| grant(wanted, index))
        .collect();
    let grants = grants.ok_or(CallError::BadAnswer)?;
    let child = Child::spawn(ring, spawner, program.name, program.binary, &grants)?;
    let code = child.wait(ring)?;
    child.release(ring)?;
    Ok(code)
}

fn grant<'a>(wanted: &boot_image::Grant<'a>, program: usize) -> Option<Grant<'a>> {
    let source = KernelSource::from_name(wanted.source)?;
    Some(Grant {
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
