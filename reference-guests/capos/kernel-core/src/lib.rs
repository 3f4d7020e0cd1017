//! The reference kernel's decisions that need no hardware.
//!
//! Promise: nothing here touches a page table, a port or a register, so all of it
//! runs in host tests. The kernel proper adds only the hardware.
#![no_std]

extern crate alloc;

pub mod capability_table;
pub mod elf;
pub mod endpoint;
pub mod frame_bitmap;
pub mod password;
pub mod profiles;
pub mod protection;
pub mod regions;
pub mod terminal;
