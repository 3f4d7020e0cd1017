//! What comes with messages between processes: the header of a received call, the
//! descriptors of capabilities that are sent, the records of those that arrive.

/// Bytes before the parameters of a received call.
pub const RECV_HEADER_LENGTH: usize = 56;

/// The header of a received call. The caller's session, of which this kernel tells
/// nothing, is all zero.
///
/// ```text
/// 0   8  interface id of the caller's hold
/// 8   2  method
/// 10  2  flags: none
/// 12  4  bytes of parameters behind the header
/// 16 40  the caller's session
/// ```
pub const fn recv_header(interface_id: u64, method: u16, length: u32) -> [u8; RECV_HEADER_LENGTH] {
    let mut header = [0; RECV_HEADER_LENGTH];
    let (interface_id, method) = (interface_id.to_le_bytes(), method.to_le_bytes());
    let length = length.to_le_bytes();
    let mut at = 0;
    while at < 8 {
        header[at] = interface_id[at];
        at += 1;
    }
    (header[8], header[9]) = (method[0], method[1]);
    at = 0;
    while at < 4 {
        header[12 + at] = length[at];
        at += 1;
    }
    header
}

/// What a sender does with a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum TransferMode {
    /// It keeps it.
    Copy = 1,
    /// It gives it up.
    Move = 2,
}

/// A capability that goes with a message; descriptors follow the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferDescriptor {
    /// Its id in the sender's table.
    pub cap_id: u32,
    /// Copied or moved.
    pub mode: TransferMode,
}

impl TransferDescriptor {
    /// Bytes of a descriptor.
    pub const LENGTH: usize = 8;

    /// Reads a descriptor; `None` if it breaks a rule.
    pub fn parse(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let [a, b, c, d, mode_low, mode_high, 0, 0] = *bytes else {
            return None;
        };
        let mode = match u16::from_le_bytes([mode_low, mode_high]) {
            1 => TransferMode::Copy,
            2 => TransferMode::Move,
            _ => return None,
        };
        Some(Self {
            cap_id: u32::from_le_bytes([a, b, c, d]),
            mode,
        })
    }

    /// The descriptor as one word.
    pub const fn to_word(self) -> u64 {
        (self.mode as u64) << 32 | self.cap_id as u64
    }
}

/// A capability that came with a message, after the payload in a result buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct ResultCap {
    /// The new capability's id in the caller's table.
    pub cap_id: u32,
    /// Zero.
    pub reserved: u32,
    /// Its interface.
    pub interface_id: u64,
}

impl ResultCap {
    /// Its bytes.
    pub fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&self.cap_id.to_le_bytes());
        bytes[8..].copy_from_slice(&self.interface_id.to_le_bytes());
        bytes
    }
}

const _: () = assert!(size_of::<ResultCap>() == 16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_received_calls_header_is_where_clients_look_for_it() {
        let header = recv_header(0x0807_0605_0403_0201, 0x0a09, 0x0e0d_0c0b);
        let known = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0, 11, 12, 13, 14];
        assert_eq!(header[..16], known);
        assert_eq!(header[16..], [0; 40]);
    }

    #[test]
    fn descriptors_are_read_back_and_broken_ones_refused() {
        let descriptor = TransferDescriptor {
            cap_id: 0x0100_0002,
            mode: TransferMode::Move,
        };
        let bytes = descriptor.to_word().to_le_bytes();
        assert_eq!(TransferDescriptor::parse(&bytes), Some(descriptor));
        for mode in [0, 3, 256] {
            let mut bytes = bytes;
            bytes[4..6].copy_from_slice(&u16::to_le_bytes(mode));
            assert_eq!(TransferDescriptor::parse(&bytes), None);
        }
        for reserved in 6..8 {
            let mut bytes = bytes;
            bytes[reserved] = 1;
            assert_eq!(TransferDescriptor::parse(&bytes), None);
        }
    }
}
