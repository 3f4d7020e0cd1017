//! A port of a virtio console device (`virtserialport`), found by its name.
//!
//! Promise: bytes handed to [`VirtioConsole::send`](Transport::send) are with
//! the host when it returns. Every wait is bounded and ends in an error.
//!
//! Cost: one copy into the transmit buffer, one register write and one polled
//! completion for up to 64 KiB. The driver brings its own memory, 72 KiB, and
//! takes no interrupt.
//!
//! Context: any that may take some microseconds, a panic included. The modern
//! (1.0) PCI interface with the multiport feature; QEMU has both in
//! `-device virtio-serial-pci,disable-legacy=on`.

use super::pci;
use super::virtio_registers::{Device, Region, Registers, common, console, locate};
use super::virtqueue::Queue;
use super::{Machine, Transport, TransportError, VirtioError};
use crate::clock;
use core::cell::UnsafeCell;
use trace_format::frame::FRAME_LENGTH_MAX;

/// Control messages the device can have under way at once: it drops what finds
/// no buffer, and greets with one for each of its ports, 31 at most.
const CONTROL_BUFFERS: usize = 32;

/// Length of each, for a message of 8 bytes and a port's name.
const CONTROL_BUFFER_LENGTH: usize = 96;

/// Ports a device can have.
const PORTS_MAX: usize = 32;

/// Ticks of silence until the device counts as dead: a quarter of a second or
/// more of a real counter, some seconds of emulated instructions.
const PATIENCE_TICKS: u64 = if cfg!(test) { 1 << 16 } else { 1 << 30 };

/// Polls between two looks at the clock, which is slow under emulation.
const POLLS_AT_ONCE: u32 = 1024;

/// A virtio console port as a transport: the driver and the memory it shares
/// with the device. Put it in a static (see [`TakeOnce`](crate::TakeOnce)).
pub struct VirtioConsole {
    memory: Memory,
    port: Port<Registers>,
    connected: bool,
}

// SAFETY: the pointers inside lead to the device's registers, which are the
// driver's alone wherever it runs.
unsafe impl Send for VirtioConsole {}

impl Default for VirtioConsole {
    fn default() -> Self {
        Self::new()
    }
}

impl VirtioConsole {
    /// A driver that is not connected. It is all zeros, so that a static of it
    /// takes no space in the kernel's file.
    pub const fn new() -> Self {
        VirtioConsole {
            memory: Memory::new(),
            port: Port::new(Registers::NONE, 0),
            connected: false,
        }
    }

    /// Finds the console on the PCI bus and connects to its port `name`.
    ///
    /// # Safety
    ///
    /// Nobody else uses the PCI configuration ports meanwhile, or the device
    /// from now on. `machine` tells the truth.
    pub unsafe fn connect<P, M>(
        &'static mut self,
        name: &str,
        machine: Machine<P, M>,
    ) -> Result<&'static mut Self, VirtioError>
    where
        P: Fn(*const u8) -> u64,
        M: FnMut(u64, usize) -> *mut u8,
    {
        if self.connected {
            return Err(VirtioError::Connected);
        }
        // SAFETY: as the caller promised.
        let mut space = unsafe { pci::Ports::new() };
        let here = (&raw const self.memory).cast();
        let physical = (machine.physical)(here);
        let registers = locate(&mut space, machine)?;
        self.port = Port::new(registers, physical.wrapping_sub(here as u64));
        // From here on the device knows the queues: another attempt would have
        // to begin with new ones.
        self.connected = true;
        self.port.connect(&self.memory, name)?;
        Ok(self)
    }
}

impl Transport for VirtioConsole {
    fn send(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        self.port.send(&self.memory, bytes)
    }
}

/// What driver and device share.
#[repr(C, align(4096))]
struct Memory {
    transmit_buffer: UnsafeCell<[u8; FRAME_LENGTH_MAX]>,
    control_buffers: [UnsafeCell<[u8; CONTROL_BUFFER_LENGTH]>; CONTROL_BUFFERS],
    control_out: UnsafeCell<[u8; ControlMessage::LENGTH]>,
    control_receive: Queue<CONTROL_BUFFERS>,
    control_transmit: Queue<2>,
    /// One for each port, since queues are set up before the device names its
    /// ports.
    transmit: [Queue<2>; PORTS_MAX],
}

impl Memory {
    const fn new() -> Self {
        Memory {
            transmit_buffer: UnsafeCell::new([0; FRAME_LENGTH_MAX]),
            control_buffers: [const { UnsafeCell::new([0; CONTROL_BUFFER_LENGTH]) };
                CONTROL_BUFFERS],
            control_out: UnsafeCell::new([0; ControlMessage::LENGTH]),
            control_receive: Queue::new(),
            control_transmit: Queue::new(),
            transmit: [const { Queue::new() }; PORTS_MAX],
        }
    }
}

bitflags::bitflags! {
    /// How far driver and device have come.
    #[derive(Clone, Copy)]
    struct Status: u8 {
        const ACKNOWLEDGE = 1;
        const DRIVER = 2;
        const DRIVER_OK = 4;
        const FEATURES_OK = 8;
    }
}

/// Low word of the feature bits: the device has several ports.
const FEATURE_MULTIPORT: u32 = 1 << 1;
/// High word: the modern interface.
const FEATURE_VERSION_1: u32 = 1 << 0;

const CONTROL_RECEIVE: u16 = 2;
const CONTROL_TRANSMIT: u16 = 3;

/// The queue that carries a port's bytes to the host.
fn transmit_queue(port: u32) -> u16 {
    match port {
        0 => 1,
        port => 2 * (port as u16 + 1) + 1,
    }
}

/// A message of the control queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ControlMessage {
    port: u32,
    event: u16,
    value: u16,
}

impl ControlMessage {
    const LENGTH: usize = 8;

    const DEVICE_READY: u16 = 0;
    const PORT_ADD: u16 = 1;
    const PORT_REMOVE: u16 = 2;
    const PORT_READY: u16 = 3;
    const PORT_OPEN: u16 = 6;
    const PORT_NAME: u16 = 7;

    fn to_bytes(self) -> [u8; Self::LENGTH] {
        let word = u64::from(self.port) | u64::from(self.event) << 32 | u64::from(self.value) << 48;
        word.to_le_bytes()
    }

    fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        let word = u64::from_le_bytes(bytes);
        ControlMessage {
            port: word as u32,
            event: (word >> 32) as u16,
            value: (word >> 48) as u16,
        }
    }
}

/// A port and the device it belongs to.
struct Port<D> {
    device: D,
    id: u32,
    /// Where its transmit queue is announced: looking it up takes two more
    /// register accesses, each an exit under a hypervisor.
    doorbell: usize,
    /// What to add to an address of the driver's memory to make it physical.
    shift: u64,
    /// The host listens.
    open: bool,
    /// The device holds the transmit buffer.
    in_flight: bool,
}

impl<D> Port<D> {
    /// A port of nobody yet, closed.
    const fn new(device: D, shift: u64) -> Self {
        Port {
            device,
            id: 0,
            doorbell: 0,
            shift,
            open: false,
            in_flight: false,
        }
    }
}

impl<D: Device> Port<D> {
    /// Brings the device up and finds the port.
    fn connect(&mut self, memory: &Memory, name: &str) -> Result<(), VirtioError> {
        self.agree()?;
        self.set_up_queue(CONTROL_RECEIVE, &memory.control_receive)?;
        self.set_up_queue(CONTROL_TRANSMIT, &memory.control_transmit)?;
        let ports = self.device.read32(Region::Console, console::PORTS);
        for (port, queue) in (0..ports).zip(&memory.transmit) {
            self.set_up_queue(transmit_queue(port), queue)?;
        }
        for descriptor in 0..CONTROL_BUFFERS as u16 {
            self.offer_control_buffer(memory, descriptor);
        }
        self.add_status(Status::DRIVER_OK);
        self.notify(CONTROL_RECEIVE);
        self.tell(memory, 0, ControlMessage::DEVICE_READY)?;
        self.find_port(memory, name)
    }

    /// Resets the device and negotiates features.
    fn agree(&mut self) -> Result<(), VirtioError> {
        self.device.write8(Region::Common, common::STATUS, 0);
        self.poll(|port| (port.status() == 0).then_some(()))
            .ok_or(VirtioError::NoAnswer)?;
        self.add_status(Status::ACKNOWLEDGE);
        self.add_status(Status::DRIVER);
        if self.device_features(0) & FEATURE_MULTIPORT == 0 {
            return Err(VirtioError::NoPorts);
        }
        if self.device_features(1) & FEATURE_VERSION_1 == 0 {
            return Err(VirtioError::NotModern);
        }
        for (select, features) in [(0, FEATURE_MULTIPORT), (1, FEATURE_VERSION_1)] {
            let device = &mut self.device;
            device.write32(Region::Common, common::DRIVER_FEATURE_SELECT, select);
            device.write32(Region::Common, common::DRIVER_FEATURE, features);
        }
        self.add_status(Status::FEATURES_OK);
        if self.status() & Status::FEATURES_OK.bits() == 0 {
            return Err(VirtioError::Refused);
        }
        Ok(())
    }

    fn device_features(&mut self, select: u32) -> u32 {
        let device = &mut self.device;
        device.write32(Region::Common, common::DEVICE_FEATURE_SELECT, select);
        device.read32(Region::Common, common::DEVICE_FEATURE)
    }

    fn status(&mut self) -> u8 {
        self.device.read8(Region::Common, common::STATUS)
    }

    fn add_status(&mut self, status: Status) {
        let status = self.status() | status.bits();
        self.device.write8(Region::Common, common::STATUS, status);
    }

    fn set_up_queue<const N: usize>(
        &mut self,
        number: u16,
        queue: &Queue<N>,
    ) -> Result<(), VirtioError> {
        queue.poll_only();
        let parts = queue.parts().map(|part| self.physical(part));
        let device = &mut self.device;
        device.write16(Region::Common, common::QUEUE_SELECT, number);
        let largest = device.read16(Region::Common, common::QUEUE_SIZE);
        if usize::from(largest) < N {
            return Err(VirtioError::Refused);
        }
        device.write16(Region::Common, common::QUEUE_SIZE, N as u16);
        for (index, part) in parts.into_iter().enumerate() {
            let at = common::QUEUE_PARTS + 8 * index;
            device.write32(Region::Common, at, part as u32);
            device.write32(Region::Common, at + 4, (part >> 32) as u32);
        }
        device.write16(Region::Common, common::QUEUE_ENABLE, 1);
        Ok(())
    }

    /// Answers the device's greetings until the named port is there and open.
    fn find_port(&mut self, memory: &Memory, name: &str) -> Result<(), VirtioError> {
        let mut named = None;
        let mut open = [false; PORTS_MAX];
        let mut ports = 0;
        while named.is_none_or(|port: u32| !open[port as usize]) {
            let heard = self.poll(|port| port.hear(memory));
            let Some((message, text)) = heard else {
                return Err(match (named, ports) {
                    (Some(_), _) => VirtioError::PortClosed,
                    (None, 0) => VirtioError::NoAnswer,
                    (None, _) => VirtioError::NoSuchPort,
                });
            };
            if message.port as usize >= PORTS_MAX {
                continue;
            }
            match message.event {
                ControlMessage::PORT_ADD => {
                    ports += 1;
                    self.tell(memory, message.port, ControlMessage::PORT_READY)?;
                }
                ControlMessage::PORT_NAME if text.as_slice() == name.as_bytes() => {
                    named = Some(message.port);
                    self.tell(memory, message.port, ControlMessage::PORT_OPEN)?;
                }
                ControlMessage::PORT_OPEN => open[message.port as usize] = message.value != 0,
                _ => {}
            }
        }
        (self.id, self.open) = (named.unwrap_or_default(), true);
        self.doorbell = self.find_doorbell(transmit_queue(self.id));
        Ok(())
    }

    /// Takes a control message, with the text after it, if one came.
    fn hear(&mut self, memory: &Memory) -> Option<(ControlMessage, Text)> {
        let returned = memory.control_receive.take()?;
        let descriptor = returned.descriptor % CONTROL_BUFFERS as u16;
        let buffer = memory.control_buffers[usize::from(descriptor)].get();
        // SAFETY: the device gave the buffer back; nobody writes it now.
        let bytes = unsafe { buffer.read_volatile() };
        self.offer_control_buffer(memory, descriptor);
        let length = (returned.length as usize).min(CONTROL_BUFFER_LENGTH);
        let (head, text) = bytes[..length].split_first_chunk()?;
        let end = text.iter().position(|&byte| byte == 0);
        // A buffer's worth fits.
        let text = Text::from_slice(&text[..end.unwrap_or(text.len())]).unwrap_or_default();
        Some((ControlMessage::from_bytes(*head), text))
    }

    fn offer_control_buffer(&mut self, memory: &Memory, descriptor: u16) {
        let buffer = memory.control_buffers[usize::from(descriptor)].get();
        let address = self.physical(buffer.cast());
        let length = CONTROL_BUFFER_LENGTH as u32;
        memory
            .control_receive
            .offer(descriptor, address, length, false);
    }

    /// Sends a control message with value 1.
    fn tell(&mut self, memory: &Memory, port: u32, event: u16) -> Result<(), VirtioError> {
        let message = ControlMessage {
            port,
            event,
            value: 1,
        };
        let out = memory.control_out.get();
        // SAFETY: `tell` waits for the device, so the buffer is ours.
        unsafe { out.write_volatile(message.to_bytes()) };
        let address = self.physical(out.cast());
        let queue = &memory.control_transmit;
        queue.offer(0, address, ControlMessage::LENGTH as u32, true);
        self.notify(CONTROL_TRANSMIT);
        let done = self.poll(|_| queue.take());
        done.map(|_| ()).ok_or(VirtioError::NoAnswer)
    }

    fn send(&mut self, memory: &Memory, bytes: &[u8]) -> Result<(), TransportError> {
        self.hear_about_host(memory);
        if !self.open {
            return Err(TransportError::NotConnected);
        }
        let queue = &memory.transmit[self.id as usize];
        for chunk in bytes.chunks(FRAME_LENGTH_MAX) {
            // A send that gave up left the buffer with the device.
            self.finish_flight(queue)?;
            let buffer = memory.transmit_buffer.get().cast::<u8>();
            // SAFETY: the device does not hold the buffer, and the chunk is no
            // longer than it.
            unsafe { buffer.copy_from_nonoverlapping(chunk.as_ptr(), chunk.len()) };
            let address = self.physical(buffer);
            queue.offer(0, address, chunk.len() as u32, true);
            self.in_flight = true;
            let queue_number = transmit_queue(self.id);
            self.device
                .write16(Region::Notify, self.doorbell, queue_number);
            self.finish_flight(queue)?;
        }
        Ok(())
    }

    /// Waits until the device has taken the transmit buffer.
    fn finish_flight(&mut self, queue: &Queue<2>) -> Result<(), TransportError> {
        if self.in_flight {
            let done = self.poll(|_| queue.take()).ok_or(TransportError::Stalled)?;
            if done.descriptor != 0 {
                return Err(TransportError::Device);
            }
            self.in_flight = false;
        }
        Ok(())
    }

    /// Notices whether the host closed or opened its side: it silently throws
    /// away what is sent to a closed port.
    fn hear_about_host(&mut self, memory: &Memory) {
        while let Some((message, _)) = self.hear(memory) {
            if message.port != self.id {
                continue;
            }
            match message.event {
                ControlMessage::PORT_OPEN => self.open = message.value != 0,
                ControlMessage::PORT_REMOVE => self.open = false,
                _ => {}
            }
        }
    }

    fn notify(&mut self, queue: u16) {
        let doorbell = self.find_doorbell(queue);
        self.device.write16(Region::Notify, doorbell, queue);
    }

    fn find_doorbell(&mut self, queue: u16) -> usize {
        let device = &mut self.device;
        device.write16(Region::Common, common::QUEUE_SELECT, queue);
        let place = device.read16(Region::Common, common::QUEUE_NOTIFY_OFFSET);
        usize::from(place) * device.notify_stride()
    }

    fn physical(&self, address: *const u8) -> u64 {
        (address as u64).wrapping_add(self.shift)
    }

    /// Asks until there is an answer, or for too long.
    fn poll<T>(&mut self, mut ask: impl FnMut(&mut Self) -> Option<T>) -> Option<T> {
        let start = clock::now();
        while clock::now().wrapping_sub(start) < PATIENCE_TICKS {
            for _ in 0..POLLS_AT_ONCE {
                if let Some(answer) = ask(self) {
                    return Some(answer);
                }
            }
        }
        None
    }
}

/// Text after a control message.
type Text = heapless::Vec<u8, CONTROL_BUFFER_LENGTH>;

#[cfg(test)]
#[path = "virtio_console_tests.rs"]
mod tests;
