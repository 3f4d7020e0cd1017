//! What the time stamps of a stream are worth, and what taking them costs.

use serde::{Deserialize, Serialize};

/// Evidence about one CPU's time-stamp counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockCertificate<'a> {
    /// The CPU.
    pub cpu: u16,
    /// Ticks per second as far as known; 0 is unknown.
    pub tsc_hz: u64,
    /// Where that figure comes from.
    pub source: ClockSource,
    /// CPUID states that the counter runs at one rate in all power states.
    pub invariant: bool,
    /// Hypervisor signature of CPUID leaf 0x4000_0000; empty without one.
    pub hypervisor: &'a str,
    /// Ticks were seen to count instructions exactly.
    pub counts_instructions: bool,
    /// Offset against CPU 0: add it to this CPU's stamps.
    pub offset_ticks: i64,
    /// The true offset lies within this distance.
    pub offset_bound_ticks: u64,
}

/// Where a frequency comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ClockSource {
    /// Not known.
    Unknown,
    /// CPUID leaf 0x15.
    CpuidCrystal,
    /// CPUID leaf 0x16.
    CpuidBaseFrequency,
    /// Hypervisor leaf 0x4000_0010.
    CpuidHypervisor,
    /// Measured against the programmable interval timer.
    IntervalTimer,
    /// Measured against the ACPI power-management timer.
    PowerManagementTimer,
    /// Stated by the kernel that integrates the recorder.
    Kernel,
}

/// Cost of a probe, measured on one CPU before recording began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    /// The CPU.
    pub cpu: u16,
    /// The probe.
    pub probe: ProbeKind,
    /// Ticks of the probe that land inside the interval it measures.
    pub inner_ticks: u32,
    /// Ticks that land around it: in its parent or, for a lap, in the next
    /// segment.
    pub outer_ticks: u32,
    /// Either figure may be off by this much at a given site.
    pub bound_ticks: u32,
    /// Repetitions behind the figures.
    pub iterations: u32,
}

/// A kind of probe with a cost of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ProbeKind {
    /// A span with two time stamps.
    Span,
    /// One boundary of a lap sequence.
    Lap,
    /// A dispatch root without the laps in it.
    Dispatch,
    /// An instant.
    Instant,
    /// A counter increment.
    Count,
}
