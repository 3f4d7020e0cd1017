//! What the probes themselves cost, on the CPU this runs on.
//!
//! Promise: for every kind of probe two figures and how far they may be off.
//! `inner` is what a probe adds to the very interval it measures, `outer` what
//! it adds around it:
//!
//! | probe | inner | outer |
//! |---|---|---|
//! | span | duration of an empty span | the rest of its cost, in its parent |
//! | lap | duration of an empty first segment | what a mark adds to the segment after it |
//! | dispatch | what it adds to its first segment, beyond the lap's inner | the rest, in its parent, without its laps |
//! | instant, count | 0: they measure no interval | their whole cost |
//!
//! A probe is timed in the shapes kernels use it in: held in a variable, held
//! in a field behind a pointer, and amid code that keeps most registers for
//! itself. The figure is the middle of them, and the bound covers them all, as
//! well as all but the wildest rounds.
//!
//! Cost: some thousand probes, once, into a scratch ring on the stack: the
//! rings and accounts of the kernel stay clean. Interrupts are to be off.

use crate::accounts::Mode;
use crate::clock;
use crate::counters::Counters;
use crate::ids::CounterId;
use crate::ring::Ring;
use crate::slot;
use crate::sync::Slot;
use core::hint::black_box;
use core::marker::PhantomData;
use heapless::Vec;
use trace_format::Instant;
use trace_format::control::{Calibration, ProbeKind};

/// Probes in a row between two readings of the clock, written out, so that no
/// loop is timed with them.
const IN_A_ROW: u32 = 16;

/// Timed rounds of each probe and shape.
const ROUNDS: usize = 32;

/// Rounds before them that only warm caches and branch history.
const WARM_UP_ROUNDS: usize = 4;

/// Rounds, of [`ROUNDS`], that a bound need not cover: an interrupt of the
/// host may hit any of them.
const WILD_ROUNDS: usize = 2;

/// Slots of the scratch ring: room for a round of dispatches with a lap each.
const SCRATCH_SLOTS: usize = 64;

macro_rules! in_a_row {
    ($probe:expr) => {
        in_a_row!(@ $probe; 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
    };
    (@ $probe:expr; $($number:literal)*) => {
        $({ let _: u32 = $number; $probe; })*
    };
}

/// Measures every probe of this build.
pub(crate) fn all(cpu: u16) -> Vec<Calibration, 5> {
    let mut memory = [Slot::EMPTY; SCRATCH_SLOTS];
    let mut calibrations = Vec::new();
    let mut add = |probe, cost: Cost| {
        // Five kinds of probe, five places.
        let _ = calibrations.push(Calibration {
            cpu,
            probe,
            inner_ticks: cost.inner.ticks,
            outer_ticks: cost.outer.ticks,
            bound_ticks: cost.inner.bound.max(cost.outer.bound),
            iterations: IN_A_ROW * ROUNDS as u32,
        });
    };
    let nothing = nothing();
    #[cfg(feature = "segments")]
    {
        let scratch = Scratch::new(&mut memory, nothing);
        add(ProbeKind::Span, segments::span(&scratch));
        let lap = segments::lap(&scratch);
        add(ProbeKind::Lap, lap);
        add(ProbeKind::Dispatch, segments::dispatch(&scratch, lap));
    }
    let scratch = Scratch::new(&mut memory, nothing);
    add(ProbeKind::Instant, instant(&scratch));
    add(ProbeKind::Count, count(nothing));
    calibrations
}

/// Ticks between two readings with nothing between.
fn nothing() -> u32 {
    let figure = figure(|| {
        let start = clock::read();
        ticks_since(start)
    });
    figure.ticks
}

#[inline(always)]
fn ticks_since(start: u64) -> u32 {
    clock::read().wrapping_sub(start) as u32
}

/// A ring that no one else sees.
struct Scratch<'a> {
    ring: Ring,
    memory: *mut Slot,
    /// Ticks of a pair of readings, part of every total.
    nothing: u32,
    borrowed: PhantomData<&'a mut [Slot]>,
}

impl<'a> Scratch<'a> {
    fn new(memory: &'a mut [Slot; SCRATCH_SLOTS], nothing: u32) -> Self {
        let scratch = Scratch {
            ring: Ring::new(),
            memory: memory.as_mut_ptr(),
            nothing,
            borrowed: PhantomData,
        };
        scratch.clear();
        scratch
    }

    /// Makes the ring as new, so that no round meets its cached limit: that
    /// happens to one record in a ring's worth, and would seem common here.
    fn clear(&self) {
        let length = SCRATCH_SLOTS as u64;
        // SAFETY: a power of two of slots, borrowed for as long as the ring
        // exists; nobody else uses it.
        unsafe { self.ring.attach(self.memory, length, Mode::Discard) };
    }

    /// Cost of one probe of a row that took `ticks` in total.
    fn each(&self, ticks: u32) -> u32 {
        ticks.saturating_sub(self.nothing).div_ceil(IN_A_ROW)
    }
}

/// A figure and how far it may be off.
#[derive(Clone, Copy)]
struct Figure {
    ticks: u32,
    bound: u32,
}

impl Figure {
    const ZERO: Figure = Figure { ticks: 0, bound: 0 };

    /// The middle of the figures of several shapes, with a bound over all.
    #[cfg(feature = "segments")]
    fn over(shapes: [Figure; 3]) -> Figure {
        let low = shapes.iter().fold(u32::MAX, |low, f| low.min(f.ticks));
        let high = shapes.iter().fold(0, |high, f| high.max(f.ticks));
        let spread = shapes.iter().fold(0, |most, f| most.max(f.bound));
        let apart = (high - low).div_ceil(2);
        Figure {
            ticks: low + apart,
            bound: apart + spread,
        }
    }
}

/// The two figures of a probe.
#[derive(Clone, Copy)]
struct Cost {
    inner: Figure,
    outer: Figure,
}

impl Cost {
    #[cfg(feature = "segments")]
    fn over(shapes: [Cost; 3]) -> Cost {
        Cost {
            inner: Figure::over(shapes.map(|cost| cost.inner)),
            outer: Figure::over(shapes.map(|cost| cost.outer)),
        }
    }
}

/// The median of many rounds, and how far all but the wildest lie from it.
fn figure(mut round: impl FnMut() -> u32) -> Figure {
    for _ in 0..WARM_UP_ROUNDS {
        round();
    }
    let mut ticks = [0; ROUNDS];
    ticks.fill_with(round);
    spread(&mut ticks)
}

fn spread(ticks: &mut [u32; ROUNDS]) -> Figure {
    ticks.sort_unstable();
    let median = ticks[ROUNDS / 2];
    let above = ticks[ROUNDS - 1 - WILD_ROUNDS] - median;
    let below = median - ticks[0];
    Figure {
        ticks: median,
        bound: above.max(below),
    }
}

fn instant(scratch: &Scratch<'_>) -> Cost {
    let ring = &scratch.ring;
    let outer = figure(|| {
        let start = clock::read();
        in_a_row!({
            ring.begin();
            let [first, second] = slot::instant(Instant {
                time: clock::read(),
                id: 1,
                a: 2,
                b: 3,
            });
            ring.commit_pair(first, second);
        });
        let ticks = ticks_since(start);
        scratch.clear();
        scratch.each(ticks)
    });
    Cost {
        inner: Figure::ZERO,
        outer,
    }
}

fn count(nothing: u32) -> Cost {
    const COUNTER: CounterId = CounterId::new(0);
    let counters = Counters::new();
    let counters = black_box(&counters);
    let outer = figure(|| {
        let start = clock::read();
        in_a_row!({
            counters.add(COUNTER, 1);
            // Or the additions would be made one.
            core::sync::atomic::compiler_fence(core::sync::atomic::Ordering::SeqCst);
        });
        let ticks = ticks_since(start);
        ticks.saturating_sub(nothing).div_ceil(IN_A_ROW)
    });
    Cost {
        inner: Figure::ZERO,
        outer,
    }
}

#[cfg(feature = "segments")]
mod segments {
    use super::{Cost, IN_A_ROW, ROUNDS, Scratch, WARM_UP_ROUNDS, spread, ticks_since};
    use crate::clock;
    use crate::ids::SegmentId;
    use crate::probe::{Dispatch, Lap, Span};
    use crate::{DispatchInfo, Outcome};
    use core::arch::asm;
    use core::hint::black_box;
    use trace_format::span::packed;

    const SEGMENT: SegmentId = SegmentId::new(1);

    /// Code around a probe that keeps eight values in registers, and executes
    /// no instruction for it.
    struct Busy([u64; 8]);

    impl Busy {
        #[inline(always)]
        fn new() -> Self {
            let mut busy = Busy([0; 8]);
            busy.work();
            busy
        }

        #[inline(always)]
        fn work(&mut self) {
            let [a, b, c, d, e, f, g, h] = &mut self.0;
            // SAFETY: no instruction at all.
            unsafe {
                asm!(
                    "/* {0} {1} {2} {3} {4} {5} {6} {7} */",
                    inout(reg) * a,
                    inout(reg) * b,
                    inout(reg) * c,
                    inout(reg) * d,
                    inout(reg) * e,
                    inout(reg) * f,
                    inout(reg) * g,
                    inout(reg) * h,
                    options(nomem, nostack, preserves_flags),
                );
            }
        }
    }

    /// What one round found.
    struct Round {
        inner: u32,
        outer: u32,
    }

    fn cost(mut round: impl FnMut() -> Round) -> Cost {
        for _ in 0..WARM_UP_ROUNDS {
            round();
        }
        let mut inner = [0; ROUNDS];
        let mut outer = [0; ROUNDS];
        for (inner, outer) in inner.iter_mut().zip(&mut outer) {
            let found = round();
            (*inner, *outer) = (found.inner, found.outer);
        }
        Cost {
            inner: spread(&mut inner),
            outer: spread(&mut outer),
        }
    }

    /// Durations of the records of a round, in their order.
    fn durations(scratch: &Scratch<'_>, mut each: impl FnMut(u32)) {
        let mut unread = scratch.ring.unread();
        while let Some(first) = unread.first() {
            each((first.0[1] >> 16) as u32);
            unread.step(1 + u64::from(packed::is_root(first.0)));
        }
        scratch.clear();
    }

    pub(super) fn span(scratch: &Scratch<'_>) -> Cost {
        let round = |ticks| {
            let mut sum = 0;
            durations(scratch, |duration| sum += duration);
            let inner = sum.div_ceil(IN_A_ROW);
            Round {
                inner,
                outer: scratch.each(ticks).saturating_sub(inner),
            }
        };
        let ring = &scratch.ring;
        let in_variable = cost(|| {
            let start = clock::read();
            in_a_row!(Span::begin(ring, SEGMENT).end());
            round(ticks_since(start))
        });
        let in_field = cost(|| {
            let holder = black_box(&ring);
            let start = clock::read();
            in_a_row!(Span::begin(holder, SEGMENT).end());
            round(ticks_since(start))
        });
        let amid_work = cost(|| {
            let mut busy = Busy::new();
            let start = clock::read();
            in_a_row!({
                let span = Span::begin(ring, SEGMENT);
                busy.work();
                span.end();
                busy.work();
            });
            round(ticks_since(start))
        });
        Cost::over([in_variable, in_field, amid_work])
    }

    pub(super) fn lap(scratch: &Scratch<'_>) -> Cost {
        // The first segment and the mean of those after it.
        let round = || {
            let (mut first, mut others, mut number) = (0, 0, 0);
            durations(scratch, |duration| {
                match number {
                    0 => first = duration,
                    _ => others += duration,
                }
                number += 1;
            });
            (first, others.div_ceil(IN_A_ROW - 1))
        };
        let ring = &scratch.ring;
        let in_variable = cost(|| {
            let mut lap = Lap::begin(ring);
            in_a_row!(lap.mark(SEGMENT));
            let (inner, other) = round();
            let outer = other.saturating_sub(inner);
            Round { inner, outer }
        });
        let amid_work = cost(|| {
            let mut busy = Busy::new();
            let mut lap = Lap::begin(ring);
            in_a_row!({
                busy.work();
                lap.mark(SEGMENT);
            });
            let (inner, other) = round();
            let outer = other.saturating_sub(inner);
            Round { inner, outer }
        });
        let in_field = cost(|| {
            let mut lap = Lap::begin(ring);
            let holder = black_box(&mut lap);
            in_a_row!(holder.mark(SEGMENT));
            // The first segment here holds the making of the pointer too.
            let (inner, (_, other)) = (in_variable.inner.ticks, round());
            let outer = other.saturating_sub(inner);
            Round { inner, outer }
        });
        Cost::over([in_variable, in_field, amid_work])
    }

    pub(super) fn dispatch(scratch: &Scratch<'_>, lap: Cost) -> Cost {
        let info = black_box(DispatchInfo::default());
        let round = |ticks| {
            let mut sum = 0;
            // A lap and its root, of one duration.
            durations(scratch, |duration| sum += duration);
            let duration = sum.div_ceil(2 * IN_A_ROW);
            Round {
                inner: duration.saturating_sub(lap.inner.ticks),
                outer: scratch
                    .each(ticks)
                    .saturating_sub(duration + lap.outer.ticks),
            }
        };
        let ring = &scratch.ring;
        let in_variable = cost(|| {
            let start = clock::read();
            in_a_row!({
                let mut dispatch = Dispatch::begin(ring, SEGMENT);
                dispatch.lap(SEGMENT);
                dispatch.end(info, Outcome::Complete);
            });
            round(ticks_since(start))
        });
        let in_field = cost(|| {
            let holder = black_box(&ring);
            let start = clock::read();
            in_a_row!({
                let mut dispatch = Dispatch::begin(holder, SEGMENT);
                dispatch.lap(SEGMENT);
                dispatch.end(info, Outcome::Complete);
            });
            round(ticks_since(start))
        });
        let amid_work = cost(|| {
            let mut busy = Busy::new();
            let start = clock::read();
            in_a_row!({
                let mut dispatch = Dispatch::begin(ring, SEGMENT);
                busy.work();
                dispatch.lap(SEGMENT);
                busy.work();
                dispatch.end(info, Outcome::Complete);
                busy.work();
            });
            round(ticks_since(start))
        });
        Cost::over([in_variable, in_field, amid_work])
    }
}
