//! The machine: boot entry, processor set-up, system calls, exceptions, time.

pub mod boot;
pub mod clock;
pub mod cpu;
pub mod debug_port;
pub mod exceptions;
pub mod local_apic;
pub mod syscall;
pub mod tlb;
pub mod user_copy;
