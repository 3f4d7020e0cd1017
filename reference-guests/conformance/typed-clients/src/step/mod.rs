//! The steps, by capability.

pub mod endpoint;
pub mod memory;
pub mod null;
pub mod process;
pub mod thread;
pub mod timer;
