//! Benchmark windows: what was asked, what was recorded, what the program
//! found.

use crate::Context;
use serde::{Deserialize, Serialize};

/// A window opens. Its rings were drained just before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowBegun<'a> {
    /// Number of the window in the stream, from 1.
    pub window: u32,
    /// Result name of the benchmark, such as `ring/nop/16`.
    pub benchmark: &'a str,
    /// Thread that opened it.
    pub tid: u32,
    /// Records the manifest expects at most.
    pub record_bound: u32,
    /// Operations the program intends.
    pub expected_operations: u64,
    /// TSC ticks.
    pub time: u64,
}

/// Which edge of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Edge {
    /// Its begin.
    Begin,
    /// Its end.
    End,
}

/// State of one ring at an edge of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRing {
    /// The window.
    pub window: u32,
    /// The edge.
    pub edge: Edge,
    /// CPU of the ring.
    pub cpu: u16,
    /// Context of the ring.
    pub context: Context,
    /// Records committed since the start of the stream.
    pub committed: u64,
    /// Records dropped since the start of the stream.
    pub dropped: u64,
}

/// Value of one counter at an edge of a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowCounter {
    /// The window.
    pub window: u32,
    /// The edge.
    pub edge: Edge,
    /// CPU it counts on.
    pub cpu: u16,
    /// Declared counter id.
    pub counter: u16,
    /// Value since the start of the stream.
    pub value: u64,
}

/// A window closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowEnded {
    /// The window.
    pub window: u32,
    /// TSC ticks.
    pub time: u64,
}

/// A window was not opened: its records would not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowRefused<'a> {
    /// The benchmark.
    pub benchmark: &'a str,
    /// Slots its record bound needs.
    pub needed: u32,
    /// Slots there are.
    pub capacity: u32,
}

/// The verdict of the program's own oracle on a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict<'a> {
    /// The window.
    pub window: u32,
    /// The oracle's word.
    pub outcome: OracleOutcome,
    /// Operations the program submitted.
    pub submitted: u64,
    /// Completions it saw.
    pub completed: u64,
    /// Checks that failed.
    pub failures: u64,
    /// The first failure in words; empty without one.
    pub detail: &'a str,
}

/// An oracle's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum OracleOutcome {
    /// Every check held.
    Passed,
    /// A check failed.
    Failed,
}
