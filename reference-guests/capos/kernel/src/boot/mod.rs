//! What the virtual machine hands over: memory map, command line, boot image.

pub mod start_info;
