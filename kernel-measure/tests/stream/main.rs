//! What a kernel records is what a host decodes, or is told as lost.

#[path = "../common/mod.rs"]
mod common;

mod balance;
mod life;
mod loss;
mod probes;
mod windows;
