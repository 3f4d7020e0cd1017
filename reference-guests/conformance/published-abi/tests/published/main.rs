//! One file a promise; one program, because each would link the published crates.

mod capability_table;
mod constants;
mod executables;
mod interfaces;
mod layouts;
mod messages;
mod validation;
