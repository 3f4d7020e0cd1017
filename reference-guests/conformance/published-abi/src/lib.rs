//! Holds the reference guest's ABI against the published capOS crates: constants and
//! layouts, interfaces, messages, the verdict on submissions, capability tables.
//!
//! Nothing is here but what the tests share. They are the only place that sees both
//! sides: the guest itself must not pay for compiling the published crates.

pub mod source;
