//! What an instrument counted, as records of the stream.

use crate::instrument::Tally;
use crate::stream::Stream;
use std::io;
use trace_format::Instant;
use trace_format::control::{
    Aggregation, CounterDeclared, Edge, InstantDeclared, Message, WindowCounter,
};

/// Sends the counters that the window changed, at both its edges, declared
/// before. One that is not sent did not change.
pub fn counters(stream: &Stream, tally: &mut Tally, window: u32) -> io::Result<()> {
    let mut messages = Vec::new();
    let counters = (0..).zip(&mut tally.counters);
    for (id, counted) in counters.filter(|(_, counted)| counted.begin != counted.value) {
        if !std::mem::replace(&mut counted.declared, true) {
            messages.push(Message::CounterDeclared(CounterDeclared {
                id,
                aggregation: Aggregation::Sum,
                unit: counted.unit,
                name: &counted.name,
            }));
        }
        let edges = [(Edge::Begin, counted.begin), (Edge::End, counted.value)];
        messages.extend(edges.map(|(edge, value)| {
            Message::WindowCounter(WindowCounter {
                window,
                edge,
                cpu: 0,
                counter: id,
                value,
            })
        }));
    }
    stream.control(&messages)
}

/// Sends every histogram of the window: one instant per bucket that is not
/// empty, at the end of the window.
pub fn histograms(stream: &Stream, tally: &mut Tally, time: u64) -> io::Result<()> {
    let fresh: Vec<_> = tally.histograms.iter().filter(|h| !h.declared).collect();
    let declarations: Vec<_> = fresh
        .iter()
        .map(|histogram| {
            Message::InstantDeclared(InstantDeclared {
                id: histogram.id,
                name: &histogram.name,
                a: "log2",
                b: "count",
            })
        })
        .collect();
    stream.control(&declarations)?;
    let mut instants = Vec::new();
    for histogram in &mut tally.histograms {
        histogram.declared = true;
        let filled = (0..)
            .zip(&histogram.buckets)
            .filter(|(_, count)| **count > 0);
        instants.extend(filled.map(|(bucket, &count)| Instant {
            time,
            id: histogram.id,
            a: bucket,
            b: count,
        }));
    }
    stream.records(&instants)
}
