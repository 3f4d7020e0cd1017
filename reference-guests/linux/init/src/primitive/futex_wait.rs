//! Futex waits that nobody ends: refused because the word has another value,
//! or ended by their time-out.

use super::{Event, Failure, Primitive, expect, futex};
use crate::watch::Watch;
use std::io;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Long beside the call, short beside a scheduler tick.
const TIME_OUT: Duration = Duration::from_micros(100);

/// A word and the kind of wait.
pub struct FutexWait {
    word: AtomicU32,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Refused,
    TimedOut,
}

impl FutexWait {
    /// Waits for a value the word does not have.
    pub fn refused() -> FutexWait {
        FutexWait {
            word: AtomicU32::new(1),
            kind: Kind::Refused,
        }
    }

    /// Waits for [`TIME_OUT`].
    pub fn timed_out() -> FutexWait {
        FutexWait {
            word: AtomicU32::new(0),
            kind: Kind::TimedOut,
        }
    }

    fn time(&self, operations: u32, watch: &mut Watch<'_>, wait: impl Fn() -> libc::c_long) -> u32 {
        let mut returned = 0;
        watch.time(|| {
            for _ in 0..operations {
                returned += u32::from(wait() != -1);
            }
        });
        returned
    }
}

impl Primitive for FutexWait {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let (returned, errno) = match self.kind {
            Kind::Refused => {
                let wait = || futex::wait(&self.word, 0);
                (self.time(operations, watch, wait), libc::EAGAIN)
            }
            Kind::TimedOut => {
                let wait = || futex::wait_at_most(&self.word, 0, TIME_OUT);
                (self.time(operations, watch, wait), libc::ETIMEDOUT)
            }
        };
        // A guard's calls succeed, so errno is still the last wait's.
        let last = io::Error::last_os_error();
        expect(returned == 0 && last.raw_os_error() == Some(errno), || {
            format!("{returned} waits returned, the last said: {last}")
        })?;
        let waited = u128::from(watch.nanoseconds());
        let least = TIME_OUT.as_nanos() * u128::from(operations);
        expect(self.kind == Kind::Refused || waited >= least, || {
            format!("{operations} waits took only {waited} ns")
        })
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::Syscall(libc::SYS_futex), operations)]
    }
}
