//! What a kernel states to the recorder before the first record, and what the
//! recorder may answer.

use crate::{Mode, Slot, Transport, TransportError};
use trace_format::control::{
    ClockSource, CounterDeclared, InstantDeclared, InterfaceDeclared, SegmentDeclared,
};

/// Everything [`Measure::start`](crate::Measure::start) needs.
pub struct Config<'a> {
    /// Memory for all rings: at least [`Layout::slots`] of it.
    pub memory: &'static mut [Slot],
    /// How that memory is divided.
    pub layout: Layout,
    /// What a full span or instant ring gives up.
    pub mode: Mode,
    /// Where frames go.
    pub transport: &'static mut (dyn Transport + Send),
    /// Name of the kernel.
    pub kernel: &'a str,
    /// Identifies the build: a commit or a content hash.
    pub build_id: &'a str,
    /// Build features that change what is measured, separated by commas.
    pub features: &'a str,
    /// What the numbers mean.
    pub declarations: Declarations<'a>,
    /// The frequency of the time-stamp counter, if the kernel knows it better
    /// than CPUID does.
    pub tsc: Option<TscFrequency>,
}

impl<'a> Config<'a> {
    /// What cannot be left out; the rest is plain: nothing declared, a full
    /// ring drops, the clock as CPUID reports it. Change the fields to taste.
    pub fn new(
        kernel: &'a str,
        build_id: &'a str,
        layout: Layout,
        memory: &'static mut [Slot],
        transport: &'static mut (dyn Transport + Send),
    ) -> Self {
        Config {
            memory,
            layout,
            mode: Mode::Discard,
            transport,
            kernel,
            build_id,
            features: "",
            declarations: Declarations::default(),
            tsc: None,
        }
    }
}

/// What the numbers in records mean.
#[derive(Clone, Copy, Debug, Default)]
pub struct Declarations<'a> {
    /// Segments of spans, laps and dispatches.
    pub segments: &'a [SegmentDeclared<'a>],
    /// Interface indices of dispatch roots.
    pub interfaces: &'a [InterfaceDeclared<'a>],
    /// Counters. Undeclared ones are counted and never sent.
    pub counters: &'a [CounterDeclared<'a>],
    /// Instants.
    pub instants: &'a [InstantDeclared<'a>],
}

/// A frequency and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TscFrequency {
    /// Ticks per second.
    pub hz: u64,
    /// Where the figure comes from.
    pub source: ClockSource,
}

/// Slots of each ring of a CPU: zero, or a power of two of at least 2. A span
/// takes one slot; a dispatch root, an instant and a sample take two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Spans and roots, by context: thread, IRQ, NMI.
    pub spans: [u32; 3],
    /// Instants, by context.
    pub instants: [u32; 3],
    /// Samples.
    pub samples: u32,
}

impl Layout {
    /// For a kernel that is mostly measured in its thread context: the span
    /// ring of that context as asked, 200 KiB per CPU for the others.
    pub const fn with_thread_slots(slots: u32) -> Self {
        Layout {
            spans: [slots, 1024, 256],
            instants: [2048, 1024, 256],
            samples: 8192,
        }
    }

    /// Slots of memory that `cpus` CPUs need.
    pub const fn slots(&self, cpus: usize) -> usize {
        let [thread, irq, nmi] = self.spans;
        let [thread_instants, irq_instants, nmi_instants] = self.instants;
        let spans = thread as usize + irq as usize + nmi as usize;
        let instants = thread_instants as usize + irq_instants as usize + nmi_instants as usize;
        cpus * (spans + instants + self.samples as usize)
    }

    #[cfg(feature = "measure")]
    pub(crate) fn is_valid(&self) -> bool {
        let rings = self.spans.iter().chain(&self.instants);
        rings
            .chain([&self.samples])
            .all(|&slots| slots == 0 || (slots.is_power_of_two() && slots >= 2))
    }
}

/// A benchmark window to be opened.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Result name of the benchmark.
    pub benchmark: &'a str,
    /// Thread that opens it.
    pub tid: u32,
    /// Spans and roots it will record at most, on any one CPU.
    pub record_bound: u32,
    /// Operations the program intends.
    pub expected_operations: u64,
}

/// Why recording did not start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// A ring size is neither zero nor a power of two of at least 2.
    #[error("ring sizes are powers of two, at least 2, or 0 for no ring")]
    Layout,
    /// The memory does not hold the rings.
    #[error("the rings need {needed} slots of memory and got {given}")]
    Memory {
        /// Slots the layout needs.
        needed: usize,
        /// Slots there are.
        given: usize,
    },
    /// Recording was started before.
    #[error("recording was started before")]
    Twice,
    /// The first frames could not be sent.
    #[error(transparent)]
    Link(#[from] LinkError),
}

/// Why frames could not be sent. Records stay in their rings, and the next
/// drain tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Recording was not started, or is finished.
    #[error("the trace stream is not open")]
    NotOpen,
    /// Another drain is at work.
    #[error("the trace stream is in use")]
    Busy,
    /// A control message is longer than a frame.
    #[error("a control message does not fit in a frame")]
    MessageTooLong,
    /// Records lay in their ring for longer than its times can express, 26 hours at 3 GHz.
    /// They stay there, unsent: which age they are of, nobody knows any more.
    #[error("records are too old to be sent: drain the rings more often than every 2^48 ticks")]
    TooOld,
    /// The transport refused.
    #[error(transparent)]
    Transport(#[from] TransportError),
}

/// Why a window was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// The thread ring cannot hold the window's records.
    #[error("the window may need {needed} ring slots, there are {capacity}: raise the ring size")]
    RingTooSmall {
        /// Slots the record bound may need.
        needed: u32,
        /// Slots of the thread ring.
        capacity: u32,
    },
    /// The messages that open it could not be sent.
    #[error(transparent)]
    Link(#[from] LinkError),
}
