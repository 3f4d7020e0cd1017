//! The first process: starts the programs of the boot manifest, one after the
//! other, and exits with the first code that is not 0.
//!
//! Each program gets exactly the grants of its manifest entry, straight from the
//! kernel's sources, so that init never holds what it passes on. A grant of the
//! boot package shows a program only its own entry.
#![no_std]
#![no_main]

extern crate alloc;

use guest_runtime::abi::boot_image::{self, Program};
use guest_runtime::abi::capos_capnp::{
    CapGrantMode, process_handle_wait_results, process_spawner_spawn_params,
    process_spawner_spawn_results,
};
use guest_runtime::abi::interface::{KernelSource, PROCESS_SPAWNER};
use guest_runtime::call::{CallError, Parameters, call, call_raw, release};
use guest_runtime::ring::Ring;
use guest_runtime::{capset, console, entry_point, platform};

/// A badge that leaves the hold's own.
const PRESERVE_BADGE: u64 = u64::MAX;
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
    let mut parameters = Parameters::new_default();
    let mut root = parameters.init_root::<process_spawner_spawn_params::Builder<'_>>();
    root.set_name(program.name);
    root.set_binary_name(program.binary);
    let mut grants = root.init_grants(program.grants.len() as u32);
    for (position, wanted) in program.grants.iter().enumerate() {
        let source = KernelSource::from_name(wanted.source).ok_or(CallError::BadAnswer)?;
        let mut grant = grants.reborrow().get(position as u32);
        grant.set_name(wanted.name);
        grant.set_mode(CapGrantMode::Raw);
        grant.set_interface_id(source.interface_id());
        grant.set_badge(match source {
            KernelSource::BootPackage => index as u64,
            _ => PRESERVE_BADGE,
        });
        grant.init_source().set_kernel(source as u16);
    }
    let answer = call(ring, spawner, 0, &parameters)?;
    let message = answer.message()?;
    let spawned = message.get_root::<process_spawner_spawn_results::Reader<'_>>()?;
    let handle = answer.capability(spawned.get_handle_index())?;
    let manager = answer.capability(spawned.get_capability_manager_index())?;

    let answer = call_raw(ring, handle, 0, &platform::VOID)?;
    let message = answer.message()?;
    let code = message
        .get_root::<process_handle_wait_results::Reader<'_>>()?
        .get_exit_code();
    release(ring, manager)?;
    release(ring, handle)?;
    Ok(code)
}

/// A line on the console, if there is one.
fn report(ring: &mut Ring, line: core::fmt::Arguments<'_>) {
    if let Some(console) = console::find() {
        // Nobody is left to tell if this fails.
        let _ = console::write_line(ring, console, line);
    }
}
