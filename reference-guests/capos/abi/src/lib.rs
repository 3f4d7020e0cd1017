//! The published capOS userspace ABI, as far as the reference guest uses it.
//!
//! Promise: every constant, offset and verdict here is the published one, or is
//! marked *chosen* where the published sources are silent. Both sides of the
//! system-call boundary use this crate, so they cannot disagree with each other;
//! only this crate can disagree with capOS.
//!
//! Nothing here touches hardware: it is tested on the host.
#![no_std]

extern crate alloc;

pub mod boot_image;
pub mod capset;
pub mod interface;
pub mod layout;
pub mod ring;
pub mod schema;
pub mod syscall;

// The generated code names its modules by path from the crate's root.
#[doc(hidden)]
pub use schema::{capos_capnp, measure_capnp};
