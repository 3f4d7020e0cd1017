//! The registers of a virtio console on the PCI bus: found, mapped, accessed.

use super::pci::{self, ConfigSpace};
use super::{Machine, VirtioError};
use core::ptr;

/// Parts of the device's register space.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Region {
    /// Features, status and queues.
    Common,
    /// Doorbells.
    Notify,
    /// The console's own fields.
    Console,
}

/// Register access, so that tests can put a model in the device's place.
pub(super) trait Device {
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
pub(super) struct Registers {
    common: *mut u8,
    notify: *mut u8,
    console: *mut u8,
    notify_stride: usize,
}

impl Registers {
    /// Those of no device.
    pub(super) const NONE: Registers = Registers {
        common: ptr::null_mut(),
        notify: ptr::null_mut(),
        console: ptr::null_mut(),
        notify_stride: 0,
    };

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
pub(super) fn locate<P, M>(
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
pub(super) mod common {
    pub(in super::super) const DEVICE_FEATURE_SELECT: usize = 0x00;
    pub(in super::super) const DEVICE_FEATURE: usize = 0x04;
    pub(in super::super) const DRIVER_FEATURE_SELECT: usize = 0x08;
    pub(in super::super) const DRIVER_FEATURE: usize = 0x0C;
    pub(in super::super) const STATUS: usize = 0x14;
    pub(in super::super) const QUEUE_SELECT: usize = 0x16;
    pub(in super::super) const QUEUE_SIZE: usize = 0x18;
    pub(in super::super) const QUEUE_ENABLE: usize = 0x1C;
    pub(in super::super) const QUEUE_NOTIFY_OFFSET: usize = 0x1E;
    /// Descriptors, available and used ring, 8 bytes each.
    pub(in super::super) const QUEUE_PARTS: usize = 0x20;
}

/// Registers of [`Region::Console`].
pub(super) mod console {
    pub(in super::super) const PORTS: usize = 4;
}
