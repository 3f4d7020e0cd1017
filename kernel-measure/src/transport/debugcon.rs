//! QEMU's debug console port: one byte per `out`.
//!
//! Cost: a port write per byte, hundreds of nanoseconds natively under a
//! hypervisor. For bring-up, before the virtio port works; the stream shares
//! nothing with it.
//! Loss: none that could be seen. The port takes everything at once.

use super::{Transport, TransportError};
use x86_64::instructions::port::{PortReadOnly, PortWriteOnly};

/// A debug console port as a transport.
pub struct Debugcon {
    port: u16,
}

/// What reading the port of QEMU's `isa-debugcon` returns.
const READBACK: u8 = 0xE9;

impl Debugcon {
    /// The device at this I/O port, usually 0xE9.
    pub const fn new(port: u16) -> Self {
        Debugcon { port }
    }
}

impl Transport for Debugcon {
    fn send(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        // SAFETY: reading the debug console has no side effect; a port that
        // nobody decodes reads as all ones.
        if unsafe { PortReadOnly::<u8>::new(self.port).read() } != READBACK {
            return Err(TransportError::NotConnected);
        }
        let mut port = PortWriteOnly::new(self.port);
        for &byte in bytes {
            // SAFETY: the read above has shown the debug console there.
            unsafe { port.write(byte) };
        }
        Ok(())
    }
}
