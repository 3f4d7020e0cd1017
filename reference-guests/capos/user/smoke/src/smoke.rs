//! What a smoke is, and how it becomes a row.

use alloc::boxed::Box;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::{Case, Fault, Record, Row, ticks};

/// What was found wrong.
pub type Mistake = &'static str;

/// Nothing, or what was found wrong.
pub type Found = Result<(), Mistake>;

/// An error unless the condition holds.
pub fn ensure(condition: bool, otherwise: Mistake) -> Found {
    if condition { Ok(()) } else { Err(otherwise) }
}

/// One pass through a mechanism.
pub trait Smoke {
    /// Submissions of this process while it runs.
    fn own(&self) -> u32;

    /// Submissions of other processes meanwhile.
    fn peers(&self) -> u32 {
        0
    }

    /// Goes through it. For a test, `wrong` expects one answer that no kernel should
    /// give.
    ///
    /// # Errors
    ///
    /// The first thing that was wrong.
    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found;

    /// Takes down what was set up, and checks what only the end shows.
    ///
    /// # Errors
    ///
    /// As for `run`.
    fn finish(self: Box<Self>, _ring: &mut Ring) -> Found {
        Ok(())
    }
}

/// A row of one smoke.
pub struct Once(pub Box<dyn Smoke>);

impl Case for Once {
    fn submissions(&self, _row: &Row<'_>) -> u64 {
        u64::from(self.0.own()) + u64::from(self.0.peers())
    }

    fn run(&mut self, ring: &mut Ring, _row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        let wrong = fault == Some(Fault::WrongResult);
        let (queued, taken) = (ring.queued(), ring.taken());
        let overflow = ring.overflow();

        let start = ticks();
        let found = self.0.run(ring, wrong);
        let end = ticks();

        record.sample(start, end);
        // Counted here, not stated: a submission that nobody thought of is found.
        record.submitted(ring.queued().wrapping_sub(queued) + self.0.peers());
        record.completed(ring.taken().wrapping_sub(taken) + self.0.peers());
        record.ensure(ring.overflow() == overflow, "cq_overflow changed");
        if let Err(mistake) = found {
            record.fail(mistake);
        }
    }

    fn finish(self: Box<Self>, ring: &mut Ring, record: &mut Record) {
        if let Err(mistake) = self.0.finish(ring) {
            record.fail(mistake);
        }
    }
}
