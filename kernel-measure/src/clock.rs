//! The clock of all records, the time-stamp counter, and what it is worth.
//!
//! Promise: the certificate states what was found out about the counter on the
//! CPU that made it, and claims nothing else: an unknown frequency is 0, and
//! ticks are never called cycles.
//!
//! Cost: a read is one `rdtsc` and two register instructions, unserialised, as
//! in every fast tracer. A certificate takes a few CPUID instructions and some
//! ten thousand loop iterations, once.

use crate::config::TscFrequency;
use core::arch::asm;
use core::arch::x86_64::{__cpuid, _rdtsc};
use heapless::String;
use trace_format::control::{ClockCertificate, ClockSource};

/// Reads the counter for a probe.
///
/// The address of the instruction is noted in section `.capbench.sites`, which
/// takes no memory at run time: an emulator that logs executed instructions
/// finds the boundaries of every segment there, and the count between two of
/// them is a second opinion on its duration. Memory accesses are not moved
/// across, so that they are charged to the segment they stand in.
#[inline(always)]
pub(crate) fn read() -> u64 {
    let ticks: u64;
    // SAFETY: reading the counter has no precondition and no effect.
    unsafe {
        asm!(
            "2: rdtsc",
            "shl rdx, 32",
            "or rax, rdx",
            ".pushsection .capbench.sites, \"\", @progbits",
            ".quad 2b",
            ".popsection",
            out("rax") ticks,
            out("rdx") _,
            options(nostack),
        );
    }
    ticks
}

/// Reads the counter outside of probes.
#[inline]
pub(crate) fn now() -> u64 {
    // SAFETY: reading the counter has no precondition and no effect.
    unsafe { _rdtsc() }
}

/// What is known of this CPU's counter.
pub(crate) struct Clock {
    frequency: TscFrequency,
    invariant: bool,
    hypervisor: String<12>,
    counts_instructions: bool,
}

impl Clock {
    /// Examines the clock. `stated`: the frequency as the kernel states it.
    pub(crate) fn examine(stated: Option<TscFrequency>) -> Clock {
        Clock {
            frequency: stated.or_else(frequency).unwrap_or(TscFrequency {
                hz: 0,
                source: ClockSource::Unknown,
            }),
            invariant: is_invariant(),
            hypervisor: hypervisor(),
            counts_instructions: counts_instructions(),
        }
    }

    /// The certificate. CPU 0 is the reference all offsets are against, so its
    /// own is exactly zero.
    pub(crate) fn certificate(&self, cpu: u16) -> ClockCertificate<'_> {
        ClockCertificate {
            cpu,
            tsc_hz: self.frequency.hz,
            source: self.frequency.source,
            invariant: self.invariant,
            hypervisor: &self.hypervisor,
            counts_instructions: self.counts_instructions,
            offset_ticks: 0,
            offset_bound_ticks: 0,
        }
    }
}

/// CPUID leaves and bits, as Intel's and AMD's manuals number them.
mod leaf {
    pub(super) const FEATURES: u32 = 1;
    pub(super) const FEATURES_ECX_HYPERVISOR: u32 = 1 << 31;
    pub(super) const TSC_CRYSTAL: u32 = 0x15;
    pub(super) const BASE_FREQUENCY: u32 = 0x16;
    pub(super) const HYPERVISOR: u32 = 0x4000_0000;
    pub(super) const HYPERVISOR_FREQUENCY: u32 = 0x4000_0010;
    pub(super) const EXTENDED: u32 = 0x8000_0000;
    pub(super) const POWER: u32 = 0x8000_0007;
    pub(super) const POWER_EDX_INVARIANT_TSC: u32 = 1 << 8;
}

fn is_invariant() -> bool {
    __cpuid(leaf::EXTENDED).eax >= leaf::POWER
        && __cpuid(leaf::POWER).edx & leaf::POWER_EDX_INVARIANT_TSC != 0
}

fn has_hypervisor() -> bool {
    __cpuid(leaf::FEATURES).ecx & leaf::FEATURES_ECX_HYPERVISOR != 0
}

/// The hypervisor's signature, empty without one.
fn hypervisor() -> String<12> {
    let mut name = String::new();
    if has_hypervisor() {
        let signature = __cpuid(leaf::HYPERVISOR);
        let registers = [signature.ebx, signature.ecx, signature.edx];
        for byte in registers.iter().flat_map(|register| register.to_le_bytes()) {
            if byte.is_ascii_graphic() {
                // Twelve characters at most, so they fit.
                let _ = name.push(char::from(byte));
            }
        }
    }
    name
}

/// The frequency as CPUID reports it, best source first.
fn frequency() -> Option<TscFrequency> {
    from_hypervisor().or_else(from_crystal).or_else(from_base)
}

fn from_hypervisor() -> Option<TscFrequency> {
    let leaves = if has_hypervisor() {
        __cpuid(leaf::HYPERVISOR).eax
    } else {
        0
    };
    // A nonsensical maximum is how hypervisors without further leaves answer.
    let answers = (leaf::HYPERVISOR_FREQUENCY..leaf::HYPERVISOR + 0x1_0000).contains(&leaves);
    let khz = if answers {
        __cpuid(leaf::HYPERVISOR_FREQUENCY).eax
    } else {
        0
    };
    (khz != 0).then(|| TscFrequency {
        hz: u64::from(khz) * 1_000,
        source: ClockSource::CpuidHypervisor,
    })
}

fn from_crystal() -> Option<TscFrequency> {
    if __cpuid(0).eax < leaf::TSC_CRYSTAL {
        return None;
    }
    let ratio = __cpuid(leaf::TSC_CRYSTAL);
    let known = ratio.eax != 0 && ratio.ebx != 0 && ratio.ecx != 0;
    known.then(|| TscFrequency {
        hz: u64::from(ratio.ecx) * u64::from(ratio.ebx) / u64::from(ratio.eax),
        source: ClockSource::CpuidCrystal,
    })
}

fn from_base() -> Option<TscFrequency> {
    if __cpuid(0).eax < leaf::BASE_FREQUENCY {
        return None;
    }
    let mhz = __cpuid(leaf::BASE_FREQUENCY).eax & 0xFFFF;
    (mhz != 0).then(|| TscFrequency {
        hz: u64::from(mhz) * 1_000_000,
        source: ClockSource::CpuidBaseFrequency,
    })
}

/// Whether the counter advances by exactly one tick per instruction, as an
/// emulator in instruction-counting mode makes it: loops of two instructions
/// are timed, and each longer one must take exactly the ticks of its further
/// instructions. Real time never does that several times in a row.
fn counts_instructions() -> bool {
    const ROUNDS: u32 = 6;
    const FIRST_ITERATIONS: u32 = 128;
    const INSTRUCTIONS_PER_ITERATION: u32 = 2;
    let shortest = loop_ticks(FIRST_ITERATIONS);
    (0..ROUNDS).all(|round| {
        let iterations = FIRST_ITERATIONS << round;
        let further = (iterations - FIRST_ITERATIONS) * INSTRUCTIONS_PER_ITERATION;
        loop_ticks(iterations) == shortest.wrapping_add(further)
    })
}

/// Ticks of a loop of two instructions.
fn loop_ticks(iterations: u32) -> u32 {
    let ticks: u32;
    // SAFETY: reads the counter and counts a register down.
    unsafe {
        asm!(
            "rdtsc",
            "mov {start:e}, eax",
            "2: dec {count:e}",
            "jnz 2b",
            "rdtsc",
            "sub eax, {start:e}",
            start = out(reg) _,
            count = inout(reg) iterations => _,
            out("eax") ticks,
            out("edx") _,
            options(nostack, nomem),
        );
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_moves_forward() {
        let first = read();
        assert!(read() >= first);
    }

    #[test]
    fn a_real_machine_does_not_count_instructions() {
        assert!(!counts_instructions());
    }

    #[test]
    fn what_the_kernel_tells_goes_before_cpuid() {
        let stated = TscFrequency {
            hz: 1_234,
            source: ClockSource::Kernel,
        };
        let clock = Clock::examine(Some(stated));
        let certificate = clock.certificate(3);
        assert_eq!(
            (certificate.cpu, certificate.tsc_hz, certificate.source),
            (3, 1_234, ClockSource::Kernel)
        );
    }
}
