//! Time: the time-stamp counter and how fast it runs.
//!
//! The frequency is taken from the processor where it states one (leaf 0x15, or
//! the hypervisor's timing leaf), else measured against the interval timer. A
//! measured frequency is off by up to a ten thousandth, and is known by its source.

use core::arch::x86_64::{__cpuid, _rdtsc};
use x86_64::instructions::port::Port;

/// How the frequency is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// CPUID leaf 0x15: crystal and ratio.
    CpuidCrystal,
    /// CPUID leaf 0x4000_0010 of the hypervisor.
    CpuidHypervisor,
    /// Measured against the interval timer.
    IntervalTimer,
}

/// The counter's rate, and what to multiply by to get nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Ticks a second.
    pub frequency: u64,
    /// How that is known.
    pub source: Source,
    /// Nanoseconds a tick, as a 32.32 fixed-point number.
    nanoseconds_per_tick: u64,
    origin: u64,
}

/// The counter now.
#[inline(always)]
pub fn ticks() -> u64 {
    // SAFETY: every x86-64 processor has it, and the kernel may use it.
    unsafe { _rdtsc() }
}

impl Clock {
    /// Finds the frequency. Takes a few milliseconds when it must measure.
    pub fn start() -> Self {
        let (frequency, source) = crystal_frequency()
            .map(|hz| (hz, Source::CpuidCrystal))
            .or_else(|| hypervisor_frequency().map(|hz| (hz, Source::CpuidHypervisor)))
            .unwrap_or_else(|| (measured_frequency(), Source::IntervalTimer));
        Self {
            frequency,
            source,
            nanoseconds_per_tick: ((1_000_000_000u128 << 32) / u128::from(frequency)) as u64,
            origin: ticks(),
        }
    }

    /// Nanoseconds since the clock was started.
    pub fn now(&self) -> u64 {
        let elapsed = u128::from(ticks() - self.origin);
        ((elapsed * u128::from(self.nanoseconds_per_tick)) >> 32) as u64
    }
}

fn crystal_frequency() -> Option<u64> {
    if __cpuid(0).eax < 0x15 {
        return None;
    }
    let leaf = __cpuid(0x15);
    let known = leaf.eax != 0 && leaf.ebx != 0 && leaf.ecx != 0;
    known.then(|| u64::from(leaf.ecx) * u64::from(leaf.ebx) / u64::from(leaf.eax))
}

fn hypervisor_frequency() -> Option<u64> {
    if !is_under_hypervisor() || __cpuid(0x4000_0000).eax < 0x4000_0010 {
        return None;
    }
    let kilohertz = __cpuid(0x4000_0010).eax;
    (kilohertz != 0).then(|| u64::from(kilohertz) * 1000)
}

fn is_under_hypervisor() -> bool {
    __cpuid(1).ecx & (1 << 31) != 0
}

fn is_emulated() -> bool {
    let leaf = __cpuid(0x4000_0000);
    let name = [leaf.ebx, leaf.ecx, leaf.edx].map(u32::to_le_bytes);
    is_under_hypervisor() && name.as_flattened() == EMULATOR
}

/// Rate of the interval timer, in Hz.
const TIMER_FREQUENCY: u64 = 1_193_182;
/// Timer ticks between the two readings, 10 ms: long enough that the edges weigh
/// little. The 16-bit timer wraps after 55 ms.
const MEASURED_TICKS: u16 = 12_000;
/// The same under an emulator, 250 µs: there an edge is as sharp as its few
/// instructions, and an audit boot writes each instruction of the wait to a log.
const EMULATED_TICKS: u16 = 300;
/// Turns of the wait between two looks at the timer, which are slow.
const TURNS_PER_LOOK: u32 = 1000;
/// How QEMU's emulator names itself.
const EMULATOR: &[u8; 12] = b"TCGTCGTCGTCG";

/// Two readings of (timer, counter), each taken right at an edge of the timer.
fn measured_frequency() -> u64 {
    // SAFETY: nothing else uses the interval timer; channel 0, both bytes, rate
    // generator, full range.
    unsafe {
        Port::<u8>::new(0x43).write(0x34);
        Port::<u8>::new(0x40).write(0);
        Port::<u8>::new(0x40).write(0);
    }
    let wait = if is_emulated() {
        EMULATED_TICKS
    } else {
        MEASURED_TICKS
    };
    let (first, start) = timer_edge();
    while first.wrapping_sub(read_timer()) < wait {
        for turn in 0..TURNS_PER_LOOK {
            // A pause would make the emulator leave the guest.
            core::hint::black_box(turn);
        }
    }
    let (last, end) = timer_edge();
    let timer_ticks = u64::from(first.wrapping_sub(last)).max(1);
    (end - start) * TIMER_FREQUENCY / timer_ticks
}

fn timer_edge() -> (u16, u64) {
    let before = read_timer();
    loop {
        let now = read_timer();
        if now != before {
            return (now, ticks());
        }
    }
}

/// The interval timer, which counts down.
fn read_timer() -> u16 {
    let mut channel = Port::<u8>::new(0x40);
    // SAFETY: nothing else uses the interval timer.
    unsafe {
        Port::<u8>::new(0x43).write(0x00); // latch channel 0
        u16::from_le_bytes([channel.read(), channel.read()])
    }
}
