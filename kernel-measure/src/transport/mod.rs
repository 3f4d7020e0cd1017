//! Ways out of the kernel.

#[cfg(feature = "measure")]
mod debugcon;
#[cfg(feature = "measure")]
mod pci;
#[cfg(feature = "measure")]
mod virtio_console;
#[cfg(feature = "measure")]
mod virtio_registers;
#[cfg(feature = "measure")]
mod virtqueue;

#[cfg(feature = "measure")]
pub use debugcon::Debugcon;
#[cfg(feature = "measure")]
pub use virtio_console::VirtioConsole;

/// Carries finished frames out of the kernel, in order.
///
/// An implementation polls and never waits without bound, since a panic sends
/// through it too.
pub trait Transport {
    /// Sends all of `bytes`, or says why not. After an error part of them may
    /// have gone out; the reader recovers at the next whole frame.
    fn send(&mut self, bytes: &[u8]) -> Result<(), TransportError>;
}

/// Why bytes did not go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// It was never connected.
    #[error("the transport is not connected")]
    NotConnected,
    /// The far side took nothing for as long as the transport is willing to
    /// wait.
    #[error("the far side of the trace transport does not take data")]
    Stalled,
    /// The device broke its own rules.
    #[error("the trace device misbehaved")]
    Device,
}

/// Why a virtio console port could not be connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VirtioError {
    /// No virtio console on the PCI bus.
    #[error("no virtio console found: add `-device virtio-serial-pci,disable-legacy=on`")]
    NoDevice,
    /// The device lacks a capability a modern one has.
    #[error("the virtio console is not a modern device: add `disable-legacy=on`")]
    NotModern,
    /// The device does not offer several ports.
    #[error("the virtio console offers no ports beside its console")]
    NoPorts,
    /// The device did not accept the driver's features or queues.
    #[error("the virtio console refused the driver")]
    Refused,
    /// No port has the name that was asked for.
    #[error("no port of that name: add `-device virtserialport,name=…`")]
    NoSuchPort,
    /// The port is there, and nobody listens at its other end.
    #[error("nobody listens at the host's end of the port: give it a chardev")]
    PortClosed,
    /// The device did not answer in time.
    #[error("the virtio console does not answer")]
    NoAnswer,
    /// The window for device registers is used up.
    #[error("no room left for the registers of the virtio console")]
    NoRegisterSpace,
    /// The driver was connected before, or failed to.
    #[error("a virtio driver connects once")]
    Connected,
}

/// The facts about the kernel's memory that the virtio driver needs.
pub struct Machine<P, M> {
    /// The physical address of a byte of the driver's own memory, which must
    /// be physically contiguous (statics of a kernel image are).
    pub physical: P,
    /// Maps device registers, uncached, and returns where.
    pub map: M,
    /// Physical addresses for device registers that firmware left unassigned;
    /// below 4 GiB and otherwise unused.
    pub register_window: core::ops::Range<u32>,
}

impl<P, M> Machine<P, M>
where
    P: Fn(*const u8) -> u64,
    M: FnMut(u64, usize) -> *mut u8,
{
    /// With the register window of QEMU's PC machines: 4 MiB clear of the
    /// I/O APIC above and of anything firmware assigns from below.
    pub fn pc(physical: P, map: M) -> Self {
        Machine {
            physical,
            map,
            register_window: 0xFE00_0000..0xFE40_0000,
        }
    }
}
