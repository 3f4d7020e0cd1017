//! Benchmark windows.
//!
//! Promise: a window opens with its rings empty, or not at all; at both edges
//! the stream states what every ring has committed and dropped and what every
//! counter holds, so that the host can determine whether anything inside was lost.
//!
//! Context: quiescent points, outside of timed code.

use crate::config::{LinkError, Window, WindowError};
use crate::context::Cpu;
use crate::drain::Declared;
use crate::ids::WindowId;
use crate::{Measure, clock};
use trace_format::control::{
    Edge, Message, WindowBegun, WindowCounter, WindowEnded, WindowRefused, WindowRing,
};

/// Slots a record may take: a dispatch root takes two.
const SLOTS_PER_RECORD: u32 = 2;

impl<const CPUS: usize> Measure<CPUS> {
    /// Drains and opens a window. Refuses, and says so in the stream, where
    /// the record bound may not fit in a thread ring.
    pub fn begin_window(&self, window: Window<'_>) -> Result<WindowId, WindowError> {
        let mut stream = self.open_stream()?;
        if let Some((needed, capacity)) = self.shortage(window.record_bound) {
            let refused = Message::WindowRefused(WindowRefused {
                benchmark: window.benchmark,
                needed,
                capacity,
            });
            stream.link.send_messages(core::iter::once(refused))?;
            return Err(WindowError::RingTooSmall { needed, capacity });
        }
        stream.drain(&self.cpus)?;
        stream.windows += 1;
        let id = stream.windows;
        let begun = Message::WindowBegun(WindowBegun {
            window: id,
            benchmark: window.benchmark,
            tid: window.tid,
            record_bound: window.record_bound,
            expected_operations: window.expected_operations,
            time: clock::now(),
        });
        let edge = edge(&self.cpus, stream.declared.clone(), id, Edge::Begin);
        stream
            .link
            .send_messages(core::iter::once(begun).chain(edge))?;
        Ok(WindowId::new(id))
    }

    /// Closes a window and drains. The program's samples and its verdict may
    /// follow.
    pub fn end_window(&self, window: WindowId) -> Result<(), LinkError> {
        let time = clock::now();
        let mut stream = self.open_stream()?;
        stream.drain(&self.cpus)?;
        let window = window.get();
        let ended = Message::WindowEnded(WindowEnded { window, time });
        let edge = edge(&self.cpus, stream.declared.clone(), window, Edge::End);
        stream
            .link
            .send_messages(core::iter::once(ended).chain(edge))
    }

    /// Slots that `records` may need and the smallest thread ring has, where
    /// that is too few.
    fn shortage(&self, records: u32) -> Option<(u32, u32)> {
        let needed = records.saturating_mul(SLOTS_PER_RECORD);
        let rings = self.cpus.iter().map(|cpu| &cpu.contexts[0].spans);
        let capacity = rings.map(|ring| ring.capacity()).min().unwrap_or(0) as u32;
        // Without segment probes there is nothing to bound.
        (cfg!(feature = "segments") && needed > capacity).then_some((needed, capacity))
    }
}

/// The state of all rings and counters at the edge of a window.
fn edge<'m>(
    cpus: &[Cpu],
    declared: Declared,
    window: u32,
    edge: Edge,
) -> impl Iterator<Item = Message<'m>> {
    let rings = cpus.iter().zip(0..).flat_map(move |(cpu, number)| {
        let contexts = cpu.contexts.iter().zip(trace_format::Context::ALL);
        contexts.map(move |(rings, context)| {
            let accounts = rings.spans.accounts();
            Message::WindowRing(WindowRing {
                window,
                edge,
                cpu: number,
                context,
                committed: accounts.committed,
                dropped: accounts.dropped,
            })
        })
    });
    let counters = cpus.iter().zip(0..).flat_map(move |(cpu, number)| {
        declared.clone().into_iter().map(move |counter| {
            let contexts = cpu.contexts.iter();
            Message::WindowCounter(WindowCounter {
                window,
                edge,
                cpu: number,
                counter,
                value: contexts.map(|rings| rings.counters.get(counter)).sum(),
            })
        })
    });
    rings.chain(counters)
}
