//! The three clock modes and what each allows to be said.
//!
//! *exact*: the emulator's clock advances one tick per executed instruction;
//! repeatable to the byte, counts instructions and never time. *hardware*: the
//! processor's own clock through KVM, which a probe boot proved. *emulated*: no
//! instruction clock; a smoke run, nothing published.

pub use capbench_results::{Mode, Unit};

/// What a mode means for a run. The words themselves are the results'.
pub trait Clock {
    /// Whether every boot of one image must stream the very same bytes.
    fn repeats_exactly(self) -> bool;

    /// Whether a tick of the guest's clock is an executed instruction, so that the
    /// emulator's log of instructions can be held against durations.
    fn counts_instructions(self) -> bool;

    /// Whether the host's processor and kernel can change a number, and so
    /// belong into the envelope hash.
    fn depends_on_host(self) -> bool;

    /// The unit of a per-operation value. An idle processor or a second one
    /// advances the exact clock without executing, so such windows count virtual
    /// nanoseconds.
    fn unit(self, window_idles: bool, processors: u32) -> Unit;
}

impl Clock for Mode {
    fn repeats_exactly(self) -> bool {
        self == Self::Exact
    }

    fn counts_instructions(self) -> bool {
        self == Self::Exact
    }

    fn depends_on_host(self) -> bool {
        self == Self::Hardware
    }

    fn unit(self, window_idles: bool, processors: u32) -> Unit {
        match self {
            Self::Exact if window_idles || processors > 1 => Unit::VirtualNs,
            Self::Exact => Unit::Instructions,
            Self::Hardware | Self::Emulated => Unit::TscTicks,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_busy_single_processor_counts_instructions() {
        assert_eq!(Mode::Exact.unit(false, 1), Unit::Instructions);
        assert_eq!(Mode::Exact.unit(true, 1), Unit::VirtualNs);
        assert_eq!(Mode::Exact.unit(false, 2), Unit::VirtualNs);
    }

    #[test]
    fn every_unit_belongs_to_its_mode() {
        for &mode in Mode::ALL {
            assert!(mode.unit(false, 1).belongs_to(mode));
        }
    }
}
