//! Builds guests, boots them under one envelope and keeps everything that arrived.
//!
//! The runner knows files, processes and hashes. It does not know what is inside a
//! trace: a boot ends as a [`boot::CapturedBoot`], and the meaning of its stream is
//! the business of the crates behind it; only the probe knows its own frame.
//! Nothing that arrived is ever deleted because something else failed.

pub mod artifact;
pub mod boot;
pub mod capture;
pub mod checkout;
mod child;
pub mod doctor;
pub mod envelope;
pub mod exec;
pub mod guest;
pub mod hash;
pub mod host;
pub mod image;
pub mod initramfs;
pub mod interrupt;
pub mod manifest;
pub mod mode;
pub mod native;
pub mod plan;
pub mod probe;
pub mod progress;
pub mod qemu;
pub mod record;
pub mod recording;
pub mod remedy;
pub mod revision;
pub mod run;
pub mod stderr;
pub mod time;
