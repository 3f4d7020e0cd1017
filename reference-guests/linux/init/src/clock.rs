//! The clock of all records, the time-stamp counter, and what it is worth.

use crate::sys::clock_ns;
use std::arch::asm;
use std::arch::x86_64::__cpuid;
use std::time::Duration;
use trace_format::control::{ClockCertificate, ClockSource};

/// Reads the counter. Memory accesses are not moved across, so that they are
/// charged to the interval they stand in.
#[inline(always)]
pub fn now() -> u64 {
    let ticks: u64;
    // SAFETY: reading the counter has no precondition and no effect.
    unsafe {
        asm!(
            "rdtsc",
            "shl rdx, 32",
            "or rax, rdx",
            out("rax") ticks,
            out("rdx") _,
            options(nostack),
        );
    }
    ticks
}

/// A stretch of time on the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Ticks at its start.
    pub start: u64,
    /// Ticks from start to end.
    pub ticks: u64,
}

impl Interval {
    /// Times `work`.
    #[inline(always)]
    pub fn of(work: impl FnOnce()) -> Interval {
        let start = now();
        work();
        Interval::between(start, now())
    }

    /// From one reading to a later one.
    pub fn between(start: u64, end: u64) -> Interval {
        Interval {
            start,
            ticks: end.wrapping_sub(start),
        }
    }
}

/// How long the counter is compared with the kernel's clock. A tenth of it
/// already costs 0.04 % of accuracy; asleep, it costs an emulator nothing.
const COMPARISON: Duration = Duration::from_secs(1);

/// The counter, and its rate against the kernel's monotonic clock.
pub struct Clock {
    hz: u64,
    /// One moment on both clocks.
    anchor_ticks: u64,
    anchor_ns: u64,
    invariant: bool,
    hypervisor: String,
    counts_instructions: bool,
}

impl Clock {
    /// Finds out; takes [`COMPARISON`].
    pub fn examine() -> Clock {
        wait_for_final_rate();
        let (first_ticks, first_ns) = both_clocks();
        std::thread::sleep(COMPARISON);
        let (anchor_ticks, anchor_ns) = both_clocks();
        let ticks = u128::from(anchor_ticks - first_ticks);
        Clock {
            hz: (ticks * 1_000_000_000 / u128::from(anchor_ns - first_ns)) as u64,
            anchor_ticks,
            anchor_ns,
            invariant: is_invariant(),
            hypervisor: hypervisor(),
            counts_instructions: counts_instructions(),
        }
    }

    /// The certificate for the stream.
    pub fn certificate(&self) -> ClockCertificate<'_> {
        ClockCertificate {
            cpu: 0,
            tsc_hz: self.hz,
            source: ClockSource::Kernel,
            invariant: self.invariant,
            hypervisor: &self.hypervisor,
            counts_instructions: self.counts_instructions,
            offset_ticks: 0,
            offset_bound_ticks: 0,
        }
    }

    /// Nanoseconds that so many ticks take.
    pub fn ticks_to_ns(&self, ticks: u64) -> u64 {
        (u128::from(ticks) * 1_000_000_000 / u128::from(self.hz)) as u64
    }

    /// Ticks that so many nanoseconds take.
    pub fn ns_to_ticks(&self, ns: u64) -> u64 {
        (u128::from(ns) * u128::from(self.hz) / 1_000_000_000) as u64
    }

    /// The counter at a time of the monotonic clock.
    pub fn at_monotonic(&self, ns: u64) -> u64 {
        match ns.checked_sub(self.anchor_ns) {
            Some(later) => self.anchor_ticks + self.ns_to_ticks(later),
            None => self.anchor_ticks - self.ns_to_ticks(self.anchor_ns - ns),
        }
    }
}

/// The kernel begins with an estimate of the counter's rate and replaces it
/// within seconds; its clock must not change pace under a comparison.
fn wait_for_final_rate() {
    const CURRENT: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    const ESTIMATED: &str = "tsc-early";
    const POLL_INTERVAL: Duration = Duration::from_millis(10);
    const POLLS: u32 = 500;
    for _ in 0..POLLS {
        match std::fs::read_to_string(CURRENT) {
            Ok(name) if name.trim_end() == ESTIMATED => std::thread::sleep(POLL_INTERVAL),
            _ => return,
        }
    }
}

/// Both clocks at one moment: of several readings the one with the least
/// distance between the ticks around it.
pub fn both_clocks() -> (u64, u64) {
    const READINGS: u32 = 16;
    let readings = (0..READINGS).map(|_| {
        let before = now();
        let ns = clock_ns(libc::CLOCK_MONOTONIC);
        let width = now() - before;
        (width, before + width / 2, ns)
    });
    let (_, ticks, ns) = readings.min().expect("there are readings");
    (ticks, ns)
}

/// CPUID leaves and bits, as Intel's and AMD's manuals number them.
mod leaf {
    pub(super) const FEATURES: u32 = 1;
    pub(super) const FEATURES_ECX_HYPERVISOR: u32 = 1 << 31;
    pub(super) const HYPERVISOR: u32 = 0x4000_0000;
    pub(super) const EXTENDED: u32 = 0x8000_0000;
    pub(super) const POWER: u32 = 0x8000_0007;
    pub(super) const POWER_EDX_INVARIANT_TSC: u32 = 1 << 8;
}

fn is_invariant() -> bool {
    __cpuid(leaf::EXTENDED).eax >= leaf::POWER
        && __cpuid(leaf::POWER).edx & leaf::POWER_EDX_INVARIANT_TSC != 0
}

/// The hypervisor's signature, empty without one.
fn hypervisor() -> String {
    if __cpuid(leaf::FEATURES).ecx & leaf::FEATURES_ECX_HYPERVISOR == 0 {
        return String::new();
    }
    let signature = __cpuid(leaf::HYPERVISOR);
    [signature.ebx, signature.ecx, signature.edx]
        .into_iter()
        .flat_map(u32::to_le_bytes)
        .filter(u8::is_ascii_graphic)
        .map(char::from)
        .collect()
}

/// Whether the counter advances by exactly one tick per instruction: loops of
/// two instructions are timed, and each longer one must take exactly the ticks
/// of its further instructions. Real time never does that several times in a
/// row; an interrupt may spoil an attempt, hence more than one.
fn counts_instructions() -> bool {
    const ATTEMPTS: u32 = 3;
    const FIRST_ITERATIONS: u64 = 128;
    const INSTRUCTIONS_PER_ITERATION: u64 = 2;
    (0..ATTEMPTS).any(|_| {
        let shortest = loop_ticks(FIRST_ITERATIONS);
        (1..6).all(|doublings| {
            let iterations = FIRST_ITERATIONS << doublings;
            let further = (iterations - FIRST_ITERATIONS) * INSTRUCTIONS_PER_ITERATION;
            loop_ticks(iterations) == shortest + further
        })
    })
}

/// Ticks of a loop of two instructions.
fn loop_ticks(iterations: u64) -> u64 {
    Interval::of(|| {
        // SAFETY: counts a register down.
        unsafe {
            asm!("2: dec {count}", "jnz 2b", count = inout(reg) iterations => _, options(nostack));
        }
    })
    .ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_monotonic_clock_has_its_place_on_the_counter() {
        let clock = Clock {
            hz: 2_000_000_000,
            anchor_ticks: 1_000,
            anchor_ns: 5_000,
            invariant: true,
            hypervisor: String::new(),
            counts_instructions: false,
        };
        assert_eq!(clock.at_monotonic(5_010), 1_020);
        assert_eq!(clock.at_monotonic(4_990), 980);
        assert_eq!(clock.ticks_to_ns(20), 10);
    }
}
