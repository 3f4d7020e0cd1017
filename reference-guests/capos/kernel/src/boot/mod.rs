//! What the virtual machine hands over: memory map, command line, boot image; and what
//! the image may choose freely.

pub mod neutral;
pub mod start_info;
