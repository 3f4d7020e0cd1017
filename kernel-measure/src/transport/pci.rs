//! As much PCI as it takes to find one device and reach its registers.

use super::VirtioError;
use core::ops::Range;
use x86_64::instructions::port::Port;

/// A function on the bus: bus, device and function number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Function {
    bus: u8,
    device: u8,
    function: u8,
}

/// The configuration space of all functions, in aligned 32-bit words.
pub(super) trait ConfigSpace {
    fn read(&mut self, function: Function, offset: u8) -> u32;
    fn write(&mut self, function: Function, offset: u8, value: u32);
}

/// Configuration mechanism 1: an address and a data port.
pub(super) struct Ports {
    address: Port<u32>,
    data: Port<u32>,
}

impl Ports {
    /// # Safety
    ///
    /// Nobody else uses the configuration ports meanwhile.
    pub(super) unsafe fn new() -> Self {
        Ports {
            address: Port::new(0xCF8),
            data: Port::new(0xCFC),
        }
    }

    fn select(&mut self, function: Function, offset: u8) {
        let address = 1 << 31
            | u32::from(function.bus) << 16
            | u32::from(function.device) << 11
            | u32::from(function.function) << 8
            | u32::from(offset & !3);
        // SAFETY: selects a word; the ports are ours.
        unsafe { self.address.write(address) };
    }
}

impl ConfigSpace for Ports {
    fn read(&mut self, function: Function, offset: u8) -> u32 {
        self.select(function, offset);
        // SAFETY: reading configuration space has no side effect.
        unsafe { self.data.read() }
    }

    fn write(&mut self, function: Function, offset: u8, value: u32) {
        self.select(function, offset);
        // SAFETY: only this driver's device is written to.
        unsafe { self.data.write(value) };
    }
}

/// Offsets in configuration space.
mod offset {
    pub(super) const ID: u8 = 0x00;
    pub(super) const COMMAND: u8 = 0x04;
    pub(super) const HEADER_TYPE: u8 = 0x0C;
    pub(super) const BARS: u8 = 0x10;
    pub(super) const CAPABILITIES: u8 = 0x34;
}

const HEADER_MULTIFUNCTION: u32 = 1 << 23;
const COMMAND_MEMORY: u32 = 1 << 1;
const COMMAND_BUS_MASTER: u32 = 1 << 2;
const STATUS_CAPABILITIES: u32 = 1 << 20;
const BAR_IO: u32 = 1 << 0;
const BAR_64_BIT: u32 = 1 << 2;
const BAR_FLAGS: u32 = 0xF;
const BARS: u8 = 6;

/// Capabilities a device can have in its 192 bytes, so that a circular list
/// ends.
const CAPABILITIES_MAX: usize = 48;

/// The first function with this vendor and one of these device ids.
pub(super) fn find(space: &mut impl ConfigSpace, vendor: u16, devices: &[u16]) -> Option<Function> {
    for bus in 0..=u8::MAX {
        for device in 0..32 {
            let first = Function {
                bus,
                device,
                function: 0,
            };
            if space.read(first, offset::ID) == u32::MAX {
                continue;
            }
            let several = space.read(first, offset::HEADER_TYPE) & HEADER_MULTIFUNCTION != 0;
            for function in 0..if several { 8 } else { 1 } {
                let candidate = Function { function, ..first };
                let id = space.read(candidate, offset::ID);
                if id as u16 == vendor && devices.contains(&((id >> 16) as u16)) {
                    return Some(candidate);
                }
            }
        }
    }
    None
}

/// Offsets of the capabilities with this id, in the device's order.
pub(super) fn capabilities<S: ConfigSpace>(
    space: &mut S,
    function: Function,
    id: u8,
) -> heapless::Vec<u8, CAPABILITIES_MAX> {
    let mut found = heapless::Vec::new();
    let has_list = space.read(function, offset::COMMAND) & STATUS_CAPABILITIES != 0;
    let mut next = match has_list {
        true => space.read(function, offset::CAPABILITIES) as u8 & !3,
        false => 0,
    };
    for _ in 0..CAPABILITIES_MAX {
        if next == 0 {
            break;
        }
        let head = space.read(function, next);
        if head as u8 == id {
            // As many places as turns of this loop.
            let _ = found.push(next);
        }
        next = (head >> 8) as u8 & !3;
    }
    found
}

/// Physical address of a memory BAR. Where firmware left it unassigned, it is
/// given a place at the start of `window`, which shrinks.
pub(super) fn memory_bar(
    space: &mut impl ConfigSpace,
    function: Function,
    bar: u8,
    window: &mut Range<u32>,
) -> Result<u64, VirtioError> {
    if bar >= BARS {
        return Err(VirtioError::NotModern);
    }
    let at = offset::BARS + 4 * bar;
    let low = space.read(function, at);
    if low & BAR_IO != 0 {
        return Err(VirtioError::NotModern);
    }
    let wide = low & BAR_64_BIT != 0 && bar + 1 < BARS;
    let high = if wide {
        space.read(function, at + 4)
    } else {
        0
    };
    let address = u64::from(high) << 32 | u64::from(low & !BAR_FLAGS);
    if address != 0 {
        return Ok(address);
    }
    // Its size shows in the bits that cannot be set.
    space.write(function, at, u32::MAX);
    let size = (!(space.read(function, at) & !BAR_FLAGS)).wrapping_add(1);
    let place = place(window, size).ok_or(VirtioError::NoRegisterSpace)?;
    space.write(function, at, place);
    if wide {
        space.write(function, at + 4, 0);
    }
    Ok(u64::from(place))
}

/// Takes `size` bytes, aligned to their size, from the start of `window`.
fn place(window: &mut Range<u32>, size: u32) -> Option<u32> {
    if !size.is_power_of_two() {
        return None;
    }
    let start = window.start.checked_next_multiple_of(size)?;
    let end = start.checked_add(size)?;
    (end <= window.end).then(|| {
        window.start = end;
        start
    })
}

/// Lets the device answer memory accesses and make its own.
pub(super) fn enable(space: &mut impl ConfigSpace, function: Function) {
    let command = space.read(function, offset::COMMAND) & 0xFFFF;
    let command = command | COMMAND_MEMORY | COMMAND_BUS_MASTER;
    space.write(function, offset::COMMAND, command);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// One device behind a few empty slots, with two BARs of 64 bits.
    struct Space {
        words: [u32; 64],
    }

    const HERE: Function = Function {
        bus: 0,
        device: 3,
        function: 0,
    };
    const BAR_SIZE: u32 = 0x4000;

    impl Space {
        fn new() -> Self {
            let mut words = [0; 64];
            words[0] = 0x1043_1AF4;
            words[1] = STATUS_CAPABILITIES;
            words[4] = BAR_64_BIT;
            words[0x34 / 4] = 0x40;
            // Vendor, another kind, vendor, end.
            words[0x40 / 4] = 0x5009;
            words[0x50 / 4] = 0x6011;
            words[0x60 / 4] = 0x0009;
            Space { words }
        }
    }

    impl ConfigSpace for Space {
        fn read(&mut self, function: Function, offset: u8) -> u32 {
            match function == HERE {
                true => self.words[usize::from(offset) / 4],
                false => u32::MAX,
            }
        }

        fn write(&mut self, _: Function, offset: u8, value: u32) {
            let word = &mut self.words[usize::from(offset) / 4];
            *word = match offset {
                0x10 => value & !(BAR_SIZE - 1) | BAR_64_BIT,
                _ => value,
            };
        }
    }

    #[test]
    fn the_device_and_its_capabilities_are_found() {
        let mut space = Space::new();
        assert_eq!(find(&mut space, 0x1AF4, &[0x1003, 0x1043]), Some(HERE));
        assert_eq!(find(&mut space, 0x1AF4, &[0x1000]), None);
        let found: Vec<u8> = capabilities(&mut space, HERE, 9).into_iter().collect();
        assert_eq!(found, [0x40, 0x60]);
    }

    #[test]
    fn a_circular_capability_list_ends() {
        let mut space = Space::new();
        space.words[0x60 / 4] = 0x4009;
        assert_eq!(capabilities(&mut space, HERE, 9).len(), 32);
    }

    #[test]
    fn an_unassigned_bar_gets_an_aligned_place_once() {
        let mut space = Space::new();
        let mut window = 0xFE00_1000..0xFE40_0000;
        let bar = memory_bar(&mut space, HERE, 0, &mut window);
        assert_eq!(bar, Ok(0xFE00_4000));
        assert_eq!(memory_bar(&mut space, HERE, 0, &mut window), bar);
        assert_eq!(window.start, 0xFE00_8000);
    }

    #[test]
    fn a_full_window_is_an_error() {
        let mut space = Space::new();
        let mut window = 0xFE00_1000..0xFE00_4000;
        let bar = memory_bar(&mut space, HERE, 0, &mut window);
        assert_eq!(bar, Err(VirtioError::NoRegisterSpace));
    }
}
