//! The kinds of call.

use guest_benchmark::runtime::peer::{ECHO, GIVE_BACK, LARGEST, STAMP};

/// Bytes of a small call: a cache line.
const SMALL: usize = 64;

/// A kind of call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// 64 bytes there and back.
    RoundTrip,
    /// 4096 bytes there and back.
    RoundTripLarge,
    /// 64 bytes there: until the receiver runs with them.
    Handoff,
    /// With a copied capability, and moved back.
    TransferCopy,
    /// With a moved capability, and moved back.
    TransferMove,
}

impl Operation {
    /// The operation with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "round-trip" => Self::RoundTrip,
            "round-trip-4k" => Self::RoundTripLarge,
            "handoff" => Self::Handoff,
            "transfer-copy" => Self::TransferCopy,
            "transfer-move" => Self::TransferMove,
            _ => return None,
        })
    }

    /// Bytes of parameters and of results.
    pub fn length(self) -> usize {
        match self {
            Self::RoundTripLarge => LARGEST,
            _ => SMALL,
        }
    }

    /// The server's method.
    pub fn method(self) -> u16 {
        match self {
            Self::RoundTrip | Self::RoundTripLarge => ECHO,
            Self::Handoff => STAMP,
            Self::TransferCopy | Self::TransferMove => GIVE_BACK,
        }
    }

    /// Whether a capability goes along.
    pub fn moves(self) -> bool {
        matches!(self, Self::TransferCopy | Self::TransferMove)
    }
}
