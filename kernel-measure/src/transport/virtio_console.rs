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

use super::pci::{self, ConfigSpace};
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
    port: Option<Port<Registers>>,
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
    /// A driver that is not connected.
    pub const fn new() -> Self {
        VirtioConsole {
            memory: Memory::new(),
            port: None,
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
        if self.port.is_some() {
            return Err(VirtioError::Connected);
        }
        // SAFETY: as the caller promised.
        let mut space = unsafe { pci::Ports::new() };
        let here = (&raw const self.memory).cast();
        let physical = (machine.physical)(here);
        let registers = locate(&mut space, machine)?;
        let mut port = Port {
            device: registers,
            id: 0,
            doorbell: 0,
            shift: physical.wrapping_sub(here as u64),
            open: false,
            in_flight: false,
        };
        port.connect(&self.memory, name)?;
        self.port = Some(port);
        Ok(self)
    }
}

impl Transport for VirtioConsole {
    fn send(&mut self, bytes: &[u8]) -> Result<(), TransportError> {
        let port = self.port.as_mut().ok_or(TransportError::NotConnected)?;
        port.send(&self.memory, bytes)
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

/// Parts of the device's register space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Region {
    /// Features, status and queues.
    Common,
    /// Doorbells.
    Notify,
    /// The console's own fields.
    Console,
}

/// Register access, so that tests can put a model in the device's place.
trait Device {
    fn read8(&mut self, region: Region, offset: usize) -> u8;
    fn read16(&mut self, region: Region, offset: usize) -> u16;
    fn read32(&mut self, region: Region, offset: usize) -> u32;
    fn write8(&mut self, region: Region, offset: usize, value: u8);
    fn write16(&mut self, region: Region, offset: usize, value: u16);
    fn write32(&mut self, region: Region, offset: usize, value: u32);
    /// Bytes between the doorbells of two queues.
    fn notify_stride(&self) -> usize;
}

/// The registers of a real device.
struct Registers {
    common: *mut u8,
    notify: *mut u8,
    console: *mut u8,
    notify_stride: usize,
}

impl Registers {
    fn at<T>(&self, region: Region, offset: usize) -> *mut T {
        let base = match region {
            Region::Common => self.common,
            Region::Notify => self.notify,
            Region::Console => self.console,
        };
        base.wrapping_add(offset).cast()
    }
}

macro_rules! register_access {
    ($($read:ident $write:ident $type:ty),*) => {$(
        fn $read(&mut self, region: Region, offset: usize) -> $type {
            // SAFETY: a register of the region, mapped by the kernel.
            unsafe { self.at::<$type>(region, offset).read_volatile() }
        }
        fn $write(&mut self, region: Region, offset: usize, value: $type) {
            // SAFETY: a register of the region, mapped by the kernel.
            unsafe { self.at::<$type>(region, offset).write_volatile(value) }
        }
    )*};
}

impl Device for Registers {
    register_access!(read8 write8 u8, read16 write16 u16, read32 write32 u32);

    fn notify_stride(&self) -> usize {
        self.notify_stride
    }
}

const VENDOR: u16 = 0x1AF4;
/// Modern console; and the transitional one, which has the modern interface
/// too.
const DEVICES: [u16; 2] = [0x1043, 0x1003];
const CAPABILITY_VENDOR: u8 = 0x09;
const PAGE: u64 = 4096;

/// Finds the device and maps the three register regions.
fn locate<P, M>(
    space: &mut impl ConfigSpace,
    mut machine: Machine<P, M>,
) -> Result<Registers, VirtioError>
where
    M: FnMut(u64, usize) -> *mut u8,
{
    let function = pci::find(space, VENDOR, &DEVICES).ok_or(VirtioError::NoDevice)?;
    let mut regions = [None; 3];
    let mut notify_stride = 0;
    for at in pci::capabilities(space, function, CAPABILITY_VENDOR) {
        let head = space.read(function, at);
        let bar = space.read(function, at + 4) as u8;
        let region = match head >> 24 {
            1 => Region::Common,
            2 => Region::Notify,
            4 => Region::Console,
            _ => continue,
        };
        // The device lists the region it prefers first.
        if regions[region as usize].is_some() {
            continue;
        }
        if region == Region::Notify {
            notify_stride = space.read(function, at + 16) as usize;
        }
        let offset = u64::from(space.read(function, at + 8));
        let length = u64::from(space.read(function, at + 12));
        let bar = pci::memory_bar(space, function, bar, &mut machine.register_window)?;
        regions[region as usize] = Some((bar + offset, length));
    }
    pci::enable(space, function);
    let [Some(common), Some(notify), Some(console)] = regions else {
        return Err(VirtioError::NotModern);
    };
    let mut map = |(physical, length): (u64, u64)| {
        let inside = physical % PAGE;
        let pages = (inside + length).next_multiple_of(PAGE);
        (machine.map)(physical - inside, pages as usize).wrapping_add(inside as usize)
    };
    Ok(Registers {
        common: map(common),
        notify: map(notify),
        console: map(console),
        notify_stride,
    })
}

/// Registers of [`Region::Common`].
mod common {
    pub(super) const DEVICE_FEATURE_SELECT: usize = 0x00;
    pub(super) const DEVICE_FEATURE: usize = 0x04;
    pub(super) const DRIVER_FEATURE_SELECT: usize = 0x08;
    pub(super) const DRIVER_FEATURE: usize = 0x0C;
    pub(super) const STATUS: usize = 0x14;
    pub(super) const QUEUE_SELECT: usize = 0x16;
    pub(super) const QUEUE_SIZE: usize = 0x18;
    pub(super) const QUEUE_ENABLE: usize = 0x1C;
    pub(super) const QUEUE_NOTIFY_OFFSET: usize = 0x1E;
    /// Descriptors, available and used ring, 8 bytes each.
    pub(super) const QUEUE_PARTS: usize = 0x20;
}

/// Registers of [`Region::Console`].
mod console {
    pub(super) const PORTS: usize = 4;
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
