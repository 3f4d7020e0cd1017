//! What capOS does not publish, one item each.
//!
//! A process's first thread has id 1; the others find theirs in their second argument.
//!
//! How a program learns its parameters: here, its `boot` grant is a `BootPackage`
//! that shows exactly the program's own entry of the boot manifest. On another
//! kernel only this file changes.

use crate::call::{CallError, Parameters, call, call_raw};
use crate::capset;
use crate::ring::Ring;
use alloc::vec::Vec;
use guest_abi::boot_image::{self, Program};
use guest_abi::capos_capnp::{
    boot_package_manifest_size_results, boot_package_read_manifest_params,
    boot_package_read_manifest_results,
};
use guest_abi::interface::BOOT_PACKAGE;

/// Id of a process's first thread.
pub const MAIN_THREAD: u32 = 1;
/// Bytes asked for at a time.
const CHUNK: u32 = 4096;
/// Parameters of a method that has none.
pub const VOID: [u64; 2] = [1 << 32, 0xffff_fffc];

/// The `boot` grant's bytes: the whole manifest for init, else one entry.
pub fn boot_bytes(ring: &mut Ring) -> Result<Vec<u8>, CallError> {
    let boot = capset::find("boot", BOOT_PACKAGE).ok_or(CallError::BadAnswer)?;
    let answer = call_raw(ring, boot, 0, &VOID)?;
    let size = answer
        .message()?
        .get_root::<boot_package_manifest_size_results::Reader<'_>>()?
        .get_size();
    let mut bytes = Vec::new();
    while (bytes.len() as u64) < size {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<boot_package_read_manifest_params::Builder<'_>>();
        root.set_offset(bytes.len() as u64);
        root.set_max_bytes(CHUNK);
        let answer = call(ring, boot, 1, &parameters)?;
        let message = answer.message()?;
        let root = message.get_root::<boot_package_read_manifest_results::Reader<'_>>()?;
        let data = root.get_data()?;
        if data.is_empty() {
            return Err(CallError::BadAnswer);
        }
        bytes.extend_from_slice(data);
    }
    Ok(bytes)
}

/// The program's own entry of the boot manifest, its parameters among it.
pub fn program(ring: &mut Ring) -> Result<Program<'static>, CallError> {
    let bytes: &'static [u8] = boot_bytes(ring)?.leak();
    boot_image::parse_program(bytes).map_err(|_| CallError::BadAnswer)
}
