//! The contexts a kernel records in, one type for each.
//!
//! Promise: a handle writes only the rings of its own CPU and context, so a
//! probe in an interrupt handler cannot disturb the thread it interrupted.
//!
//! Cost: a handle is a reference; making one is an index and a bounds check.

use crate::counters::Counters;
use crate::ids::{CounterId, InstantId, SegmentId};
use crate::probe::{Dispatch, Lap, Span};
use crate::ring::Ring;
use crate::{Sample, clock, slot};
use core::marker::PhantomData;
use trace_format::Instant;
#[cfg(feature = "segments")]
use {crate::sync::Slot, trace_format::span::packed};

/// The rings and counters of one context of one CPU.
pub(crate) struct ContextRings {
    pub(crate) spans: Ring,
    pub(crate) instants: Ring,
    pub(crate) counters: Counters,
}

impl ContextRings {
    pub(crate) const fn new() -> Self {
        ContextRings {
            spans: Ring::new(),
            instants: Ring::new(),
            counters: Counters::new(),
        }
    }
}

/// Everything one CPU records into.
pub(crate) struct Cpu {
    /// By context: thread, IRQ, NMI.
    pub(crate) contexts: [ContextRings; 3],
    /// Samples have a ring of their own, which spans cannot fill.
    pub(crate) samples: Ring,
}

impl Cpu {
    pub(crate) const fn new() -> Self {
        Cpu {
            contexts: [const { ContextRings::new() }; 3],
            samples: Ring::new(),
        }
    }
}

/// Marks the handle of ordinary kernel code.
pub struct InThread(());
/// Marks the handle of maskable interrupt handlers.
pub struct InIrq(());
/// Marks the handle of non-maskable interrupt handlers.
pub struct InNmi(());

/// The recording handle of ordinary kernel code on one CPU.
pub type Thread<'m> = Handle<'m, InThread>;
/// The recording handle of maskable interrupt handlers on one CPU.
pub type Irq<'m> = Handle<'m, InIrq>;
/// The recording handle of non-maskable interrupt handlers on one CPU.
pub type Nmi<'m> = Handle<'m, InNmi>;

/// The recording handle of one context of one CPU.
///
/// It is neither `Send` nor `Sync`: its holder is on that CPU, in that
/// context.
pub struct Handle<'m, C> {
    rings: &'m ContextRings,
    samples: &'m Ring,
    context: PhantomData<*const C>,
}

impl<'m, C> Handle<'m, C> {
    #[inline(always)]
    pub(crate) fn new(cpu: &'m Cpu, context: trace_format::Context) -> Self {
        Handle {
            rings: &cpu.contexts[context as usize],
            samples: &cpu.samples,
            context: PhantomData,
        }
    }

    /// Begins a span.
    #[inline(always)]
    pub fn span(&self, segment: SegmentId) -> Span<'m> {
        #[cfg(feature = "segments")]
        return Span::begin(&self.rings.spans, segment);
        #[cfg(not(feature = "segments"))]
        Span::begin(segment)
    }

    /// Begins a sequence of segments that share their boundaries.
    #[inline(always)]
    pub fn lap(&self) -> Lap<'m> {
        #[cfg(feature = "segments")]
        return Lap::begin(&self.rings.spans);
        #[cfg(not(feature = "segments"))]
        Lap::begin()
    }

    /// Records a segment whose boundaries were read where no probe can stand:
    /// in the assembly of a kernel entry, before registers are saved. The
    /// address of such a read belongs into section `.capbench.sites` too.
    #[inline(always)]
    pub fn interval(&self, segment: SegmentId, start: u64, end: u64) {
        #[cfg(feature = "segments")]
        {
            let ring = &self.rings.spans;
            ring.begin();
            ring.commit(Slot(packed::span(start, end, segment.get())));
        }
        #[cfg(not(feature = "segments"))]
        let _ = (segment, start, end);
    }

    /// Begins a dispatch.
    #[inline(always)]
    pub fn dispatch(&self, segment: SegmentId) -> Dispatch<'m> {
        #[cfg(feature = "segments")]
        return Dispatch::begin(&self.rings.spans, segment);
        #[cfg(not(feature = "segments"))]
        Dispatch::begin(segment)
    }

    /// Records that something happened now.
    #[inline(always)]
    pub fn instant(&self, id: InstantId, a: u32, b: u64) {
        let ring = &self.rings.instants;
        ring.begin();
        let [first, second] = slot::instant(Instant {
            time: clock::read(),
            id: id.get(),
            a,
            b,
        });
        ring.commit_pair(first, second);
    }

    /// Adds to a counter.
    #[inline(always)]
    pub fn count(&self, id: CounterId, amount: u64) {
        self.rings.counters.add(id, amount);
    }
}

impl Thread<'_> {
    /// Records a sample that a program measured.
    pub fn sample(&self, sample: Sample) {
        self.samples.begin();
        let [first, second] = slot::sample(sample);
        self.samples.commit_pair(first, second);
    }

    /// Samples that fit before the next drain.
    pub fn sample_room(&self) -> usize {
        (self.samples.room() / 2) as usize
    }
}
