//! Records spans, samples and counters in a kernel and streams them to a host.
//!
//! The recorder needs no heap, file system, threads or interrupts. A kernel
//! gives it memory and a way out, puts probes into its paths, and calls it at
//! quiescent points; everything else is done here.
//!
//! ```text
//! probe ──► ring, one per CPU and context ──► drain ──► frames ──► transport
//! ```
//!
//! | call | where | cost |
//! |---|---|---|
//! | `thread.span(…)`, `span.end()` | any context | two counter reads, one slot |
//! | `thread.lap()`, `lap.mark(…)` | any context | one counter read and one slot a boundary |
//! | `thread.dispatch(…)`, `.lap(…)`, `.end(…)` | any context | as a lap, and two slots for the root |
//! | `thread.interval(…)` | any context | one slot, for boundaries read elsewhere |
//! | `thread.instant(…)` | any context | one counter read, two slots |
//! | `thread.count(…)` | any context | an addition in memory |
//! | `thread.sample(…)` | outside of timed code | two slots |
//! | `begin_window`, `end_window`, `drain`, `finish`, `control` | quiescent points | microseconds to milliseconds |
//! | `panic_flush` | a kernel going down | the same, by polling |
//!
//! Feature `measure` compiles the recorder in, feature `segments` the span,
//! lap and dispatch probes too. Without them the same names and arguments
//! type-check and compile to nothing: no code, no memory. Three variants of a
//! kernel come of it: `plain`, `samples` and `segments`.
//!
//! `examples/integration.rs` is all a kernel has to write to stream through a
//! virtio port. The clock is the time-stamp counter of x86-64.

#![no_std]

#[cfg(test)]
extern crate std;

mod accounts;
mod config;
mod ids;
mod transport;

#[cfg(feature = "measure")]
mod calibrate;
#[cfg(feature = "measure")]
mod clock;
#[cfg(feature = "measure")]
mod context;
#[cfg(feature = "measure")]
mod counters;
#[cfg(feature = "measure")]
mod drain;
#[cfg(feature = "measure")]
mod link;
#[cfg(feature = "measure")]
mod measure;
#[cfg(feature = "measure")]
mod once;
#[cfg(feature = "measure")]
mod panic_flush;
// Without segment probes nobody writes one-slot records.
#[cfg(feature = "measure")]
#[cfg_attr(not(feature = "segments"), allow(dead_code))]
mod ring;
#[cfg(feature = "measure")]
#[cfg_attr(not(feature = "segments"), allow(dead_code))]
mod slot;
#[cfg(feature = "measure")]
mod sync;
#[cfg(feature = "measure")]
mod window;

#[cfg(not(feature = "measure"))]
mod disabled;

#[cfg(not(feature = "segments"))]
#[path = "empty_probe.rs"]
mod probe;
#[cfg(feature = "segments")]
mod probe;

pub use accounts::{Accounts, Mode};
pub use config::{
    Config, Declarations, Layout, LinkError, StartError, TscFrequency, Window, WindowError,
};
#[cfg(feature = "measure")]
pub use context::{Handle, InIrq, InNmi, InThread, Irq, Nmi, Thread};
#[cfg(not(feature = "measure"))]
pub use disabled::{
    Debugcon, Handle, InIrq, InNmi, InThread, Irq, Measure, Nmi, Slot, TakeOnce, Thread,
    VirtioConsole,
};
pub use ids::{COUNTER_LIMIT, CounterId, InstantId, SegmentId, WindowId};
#[cfg(feature = "measure")]
pub use measure::Measure;
#[cfg(feature = "measure")]
pub use once::TakeOnce;
pub use probe::{Dispatch, Lap, Span};
#[cfg(feature = "measure")]
pub use sync::Slot;
#[cfg(feature = "measure")]
pub use transport::{Debugcon, VirtioConsole};
pub use transport::{Machine, Transport, TransportError, VirtioError};

/// What a dispatch root says of its dispatch.
pub use trace_format::Dispatch as DispatchInfo;
pub use trace_format::control;
pub use trace_format::{Context, Outcome, Sample, SampleFlags};

/// The variant of the kernel this build makes.
pub const VARIANT: &str = if cfg!(feature = "segments") {
    "segments"
} else if cfg!(feature = "measure") {
    "samples"
} else {
    "plain"
};
