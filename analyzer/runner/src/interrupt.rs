//! Ctrl-C as a flag that long work looks at.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

/// What a shell reports for a process ended by Ctrl-C.
pub const EXIT_STATUS: i32 = 130;

/// Whether the user asked to stop. Clones share the flag.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Makes the first SIGINT, SIGTERM or SIGHUP raise the flag and the second
    /// end the process at once; guests die with it (see [`crate::boot`]).
    pub fn install() -> io::Result<Self> {
        let interrupt = Self::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // Registration order matters: the check runs before the raise.
            flag::register_conditional_shutdown(signal, EXIT_STATUS, interrupt.0.clone())?;
            flag::register(signal, interrupt.0.clone())?;
        }
        Ok(interrupt)
    }

    /// Whether to stop.
    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Stops as if a signal had come.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
