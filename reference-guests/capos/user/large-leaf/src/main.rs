//! A leaf with a megabyte more to load: a quarter of it from the file, the rest zero.
#![no_std]
#![no_main]

#[path = "../../leaf/src/work.rs"]
mod work;

use guest_runtime::syscall::exit;

const MEGABYTE: usize = 1 << 20;

/// From the file.
static FILLED: [u8; MEGABYTE / 4] = [1; MEGABYTE / 4];
/// From nothing. Mutable, or it would be stored in the file too.
static mut EMPTY: [u8; MEGABYTE - MEGABYTE / 4] = [0; MEGABYTE - MEGABYTE / 4];

/// Exit code: it was not loaded right.
const NOT_LOADED: i64 = 2;

#[unsafe(no_mangle)]
extern "C" fn _start(_ring: u64, _pid: u64, _capset: u64) -> ! {
    // The last byte of each, so that neither can be left out.
    // SAFETY: ours, and nobody else runs.
    let (filled, empty) = unsafe {
        (
            (&raw const FILLED[FILLED.len() - 1]).read_volatile(),
            (&raw const EMPTY)
                .cast::<u8>()
                .add(MEGABYTE - MEGABYTE / 4 - 1)
                .read_volatile(),
        )
    };
    if (filled, empty) != (1, 0) {
        exit(NOT_LOADED);
    }
    exit(work::work())
}
