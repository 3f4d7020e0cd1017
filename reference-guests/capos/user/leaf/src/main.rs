//! A program of a few pages: says that it was there, and ends.
#![no_std]
#![no_main]

mod work;

use guest_runtime::syscall::exit;

#[unsafe(no_mangle)]
extern "C" fn _start(_ring: u64, _pid: u64, _capset: u64) -> ! {
    exit(work::work())
}
