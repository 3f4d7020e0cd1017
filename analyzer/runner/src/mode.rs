//! The three clock modes and what each allows to be said.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How guest time comes about. A mode is part of every result and of the
/// envelope hash, so numbers of two modes never meet in one ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The emulator's clock advances one tick per executed instruction.
    /// Repeatable to the byte; counts instructions, never time.
    Exact,
    /// The processor's own clock through KVM, which a probe boot proved.
    Hardware,
    /// The emulator without an instruction clock: a smoke run, nothing published.
    Emulated,
}

impl Mode {
    /// Every mode, in the order help texts list them.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Hardware, Self::Emulated];

    /// The spelling used on the command line and in artifacts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Hardware => "hardware",
            Self::Emulated => "emulated",
        }
    }

    /// Whether every boot of one image must stream the very same bytes.
    pub fn repeats_exactly(self) -> bool {
        self == Self::Exact
    }

    /// Whether the host's processor and kernel can change a number, and so
    /// belong into the envelope hash.
    pub fn depends_on_host(self) -> bool {
        self == Self::Hardware
    }

    /// The unit of a published per-operation value, or none if this mode
    /// publishes nothing. An idle processor or a second one advances the exact
    /// clock without executing, so such windows count virtual nanoseconds.
    pub fn unit(self, window_idles: bool, processors: u32) -> Option<&'static str> {
        match self {
            Self::Exact if window_idles || processors > 1 => Some("virtual_ns"),
            Self::Exact => Some("instructions"),
            Self::Hardware => Some("tsc_ticks"),
            Self::Emulated => None,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_busy_single_processor_counts_instructions() {
        assert_eq!(Mode::Exact.unit(false, 1), Some("instructions"));
        assert_eq!(Mode::Exact.unit(true, 1), Some("virtual_ns"));
        assert_eq!(Mode::Exact.unit(false, 2), Some("virtual_ns"));
        assert_eq!(Mode::Emulated.unit(false, 1), None);
    }

    #[test]
    fn a_mode_is_spelled_alike_everywhere() {
        for mode in Mode::ALL {
            assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{mode}\""));
        }
    }
}
