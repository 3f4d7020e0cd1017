//! Emptying rings into frames.
//!
//! Promise: every committed record is sent exactly once, in commit order, and
//! every frame states what its source has lost so far. A drain that fails
//! leaves the unsent records in their ring; the next one goes on from there.
//!
//! Cost: about 2 ns a record, dictionary, encoding and checksum included.
//!
//! Context: a quiescent point of the CPU it runs on, never inside timed code:
//! the recorder cannot know what is being timed, so the kernel chooses when.
//! Writers of other contexts and CPUs may go on in [`Mode::Discard`]; in
//! [`Mode::Overwrite`] their rings refuse records until they are read.

use crate::accounts::Mode;
use crate::config::LinkError;
use crate::context::Cpu;
use crate::ids::COUNTER_LIMIT;
use crate::link::Link;
use crate::ring::Ring;
use crate::sync::Slot;
use crate::{Sample, clock, slot};
use heapless::Vec;
use trace_format::span::packed;
use trace_format::{Context, Counter, FixedRecord, Instant, Lost, Origin, RecordFrame, SpanFrame};

/// The state of one CPU as reported to the host so far.
pub(crate) struct Reported {
    /// Losses of the span and instant rings by context, and of the samples.
    spans: [Lost; 3],
    instants: [Lost; 3],
    samples: Lost,
    /// When each context's span ring was last seen empty. Its records are younger.
    emptied: [u64; 3],
    /// Counter values by context.
    counters: [[u64; COUNTER_LIMIT as usize]; 3],
}

impl Reported {
    pub(crate) const fn nothing() -> Self {
        const NONE: Lost = Lost {
            ring_full: 0,
            overwritten: 0,
            transport: 0,
        };
        Reported {
            spans: [NONE; 3],
            instants: [NONE; 3],
            samples: NONE,
            emptied: [0; 3],
            counters: [[0; COUNTER_LIMIT as usize]; 3],
        }
    }
}

impl Reported {
    /// Nothing was recorded before now.
    pub(crate) fn begins(&mut self) {
        self.emptied = [clock::now(); 3];
    }
}

/// Ids of the counters that are sent.
pub(crate) type Declared = Vec<u16, { COUNTER_LIMIT as usize }>;

/// Sends everything one CPU has recorded.
pub(crate) fn drain_cpu(
    link: &mut Link,
    number: u16,
    cpu: &Cpu,
    mode: Mode,
    counters: &Declared,
    reported: &mut Reported,
) -> Result<(), LinkError> {
    for context in Context::ALL {
        let rings = &cpu.contexts[context as usize];
        let place = (number, context);
        let lost = &mut reported.spans[context as usize];
        let emptied = &mut reported.emptied[context as usize];
        closed(&rings.spans, mode, || {
            send_spans(link, place, &rings.spans, lost, emptied)
        })?;
        let lost = &mut reported.instants[context as usize];
        closed(&rings.instants, mode, || {
            send_records::<Instant>(link, place, &rings.instants, lost, slot::read_instant)
        })?;
        send_counters(link, place, cpu, counters, reported)?;
    }
    let place = (number, Context::Thread);
    let lost = &mut reported.samples;
    send_records::<Sample>(link, place, &cpu.samples, lost, slot::read_sample)
}

/// Reads a ring while it is closed, if it has to be.
fn closed<T>(ring: &Ring, mode: Mode, read: impl FnOnce() -> T) -> T {
    ring.close();
    let result = read();
    ring.open(mode);
    result
}

fn lost(ring: &Ring) -> Lost {
    let accounts = ring.accounts();
    Lost {
        ring_full: accounts.dropped,
        overwritten: accounts.overwritten,
        transport: 0,
    }
}

fn origin((cpu, context): (u16, Context), sequence: u32, lost: Lost) -> Origin {
    Origin {
        cpu,
        context,
        sequence,
        lost,
    }
}

/// Sends the span ring. A frame without records goes out where only a loss is
/// to be reported.
fn send_spans(
    link: &mut Link,
    place: (u16, Context),
    ring: &Ring,
    reported: &mut Lost,
    emptied: &mut u64,
) -> Result<(), LinkError> {
    let now = clock::now();
    let mut unread = ring.unread();
    let lost = lost(ring);
    let near = if unread.is_empty() {
        now
    } else {
        packed::near(*emptied, now).ok_or(LinkError::TooOld)?
    };
    while !unread.is_empty() || *reported != lost {
        link.send(|buffer, sequence| {
            let mut frame = SpanFrame::new(buffer);
            while let Some(first) = unread.first()
                && !frame.is_full()
            {
                let taken = match unread.run() {
                    // A root that lies across the end of the ring's memory.
                    [_] if packed::is_root(first.0) => {
                        frame.push_packed(&[first.0, unread.second().0], near)
                    }
                    run => frame.push_packed(run, near),
                };
                unread.step(taken as u64);
            }
            frame.finish(origin(place, sequence, lost))
        })?;
        *reported = lost;
        unread.release();
    }
    *emptied = now;
    Ok(())
}

/// Sends a ring of two-slot records.
fn send_records<R: FixedRecord>(
    link: &mut Link,
    place: (u16, Context),
    ring: &Ring,
    reported: &mut Lost,
    read: impl Fn(Slot, Slot) -> R,
) -> Result<(), LinkError> {
    let mut unread = ring.unread();
    let lost = lost(ring);
    while !unread.is_empty() || *reported != lost {
        link.send(|buffer, sequence| {
            let mut frame = RecordFrame::<R>::new(buffer);
            while let Some(first) = unread.first()
                && frame.push(&read(first, unread.second())).is_ok()
            {
                unread.step(2);
            }
            frame.finish(origin(place, sequence, lost))
        })?;
        *reported = lost;
        unread.release();
    }
    Ok(())
}

/// Sends the declared counters that changed since they were last sent.
fn send_counters(
    link: &mut Link,
    place: (u16, Context),
    cpu: &Cpu,
    declared: &Declared,
    reported: &mut Reported,
) -> Result<(), LinkError> {
    let context = place.1 as usize;
    let time = clock::now();
    let values = &cpu.contexts[context].counters;
    let reported = &mut reported.counters[context];
    let changed = |reported: &[u64], id: u16| values.get(id) != reported[usize::from(id)];
    if !declared.iter().any(|&id| changed(reported, id)) {
        return Ok(());
    }
    let mut readings: Vec<Counter, { COUNTER_LIMIT as usize }> = Vec::new();
    for &id in declared.iter().filter(|&&id| changed(reported, id)) {
        let value = values.get(id);
        // As many places as there can be declared counters.
        let _ = readings.push(Counter { time, value, id });
    }
    link.send(|buffer, sequence| {
        let mut frame = RecordFrame::<Counter>::new(buffer);
        for reading in &readings {
            // At most 64 of 20 bytes: they fit in a frame.
            let _ = frame.push(reading);
        }
        frame.finish(origin(place, sequence, Lost::default()))
    })?;
    for reading in &readings {
        reported[usize::from(reading.id)] = reading.value;
    }
    Ok(())
}
