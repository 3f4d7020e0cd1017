//! What the end-to-end tests share. The tests themselves are in `tests/`, one
//! file per promise.

pub mod checkout;
pub mod command;
pub mod component;
pub mod emulator;
pub mod guest_run;
pub mod source_copy;
pub mod strip_probes;
