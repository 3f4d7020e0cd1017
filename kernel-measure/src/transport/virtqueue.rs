//! A split virtqueue, polled, one buffer per request.
//!
//! The device reads and writes it behind the compiler's back, so every field
//! is atomic; the release and acquire of the two indices order the rest.

use core::sync::atomic::{AtomicU16, AtomicU32, AtomicU64, Ordering};

/// The device may write the buffer.
const DESCRIPTOR_WRITE: u16 = 2;

/// The driver polls and wants no interrupt.
const AVAILABLE_NO_INTERRUPT: u16 = 1;

#[repr(C, align(16))]
struct Descriptor {
    address: AtomicU64,
    length: AtomicU32,
    flags: AtomicU16,
    next: AtomicU16,
}

#[repr(C)]
struct UsedElement {
    descriptor: AtomicU32,
    length: AtomicU32,
}

/// A queue of `N` descriptors, `N` a power of two.
#[repr(C, align(16))]
pub(super) struct Queue<const N: usize> {
    descriptors: [Descriptor; N],
    available: Available<N>,
    used: Used<N>,
    /// Used elements the driver has seen; the device does not look here.
    seen: AtomicU16,
}

#[repr(C)]
struct Available<const N: usize> {
    flags: AtomicU16,
    index: AtomicU16,
    ring: [AtomicU16; N],
    used_event: AtomicU16,
}

#[repr(C, align(4))]
struct Used<const N: usize> {
    flags: AtomicU16,
    index: AtomicU16,
    ring: [UsedElement; N],
    available_event: AtomicU16,
}

/// A buffer the device is done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Returned {
    /// Which descriptor it had.
    pub(super) descriptor: u16,
    /// Bytes the device wrote to it.
    pub(super) length: u32,
}

impl<const N: usize> Queue<N> {
    pub(super) const fn new() -> Self {
        Queue {
            descriptors: [const {
                Descriptor {
                    address: AtomicU64::new(0),
                    length: AtomicU32::new(0),
                    flags: AtomicU16::new(0),
                    next: AtomicU16::new(0),
                }
            }; N],
            available: Available {
                flags: AtomicU16::new(0),
                index: AtomicU16::new(0),
                ring: [const { AtomicU16::new(0) }; N],
                used_event: AtomicU16::new(0),
            },
            used: Used {
                flags: AtomicU16::new(0),
                index: AtomicU16::new(0),
                ring: [const {
                    UsedElement {
                        descriptor: AtomicU32::new(0),
                        length: AtomicU32::new(0),
                    }
                }; N],
                available_event: AtomicU16::new(0),
            },
            seen: AtomicU16::new(0),
        }
    }

    /// Addresses of the descriptors, the available and the used ring, as the
    /// device is told them.
    pub(super) fn parts(&self) -> [*const u8; 3] {
        [
            (&raw const self.descriptors).cast(),
            (&raw const self.available).cast(),
            (&raw const self.used).cast(),
        ]
    }

    /// Tells the device not to interrupt; before the queue is enabled.
    pub(super) fn poll_only(&self) {
        self.available
            .flags
            .store(AVAILABLE_NO_INTERRUPT, Ordering::Relaxed);
    }

    /// Offers a buffer under a descriptor that the device does not hold.
    pub(super) fn offer(&self, descriptor: u16, address: u64, length: u32, for_device: bool) {
        let entry = &self.descriptors[usize::from(descriptor)];
        let flags = if for_device { 0 } else { DESCRIPTOR_WRITE };
        entry.address.store(address, Ordering::Relaxed);
        entry.length.store(length, Ordering::Relaxed);
        entry.flags.store(flags, Ordering::Relaxed);
        let index = self.available.index.load(Ordering::Relaxed);
        self.available.ring[usize::from(index) % N].store(descriptor, Ordering::Relaxed);
        // Release: the buffer and its descriptor are there before the index
        // says so.
        self.available
            .index
            .store(index.wrapping_add(1), Ordering::Release);
    }

    /// Takes a buffer the device is done with, if there is one.
    pub(super) fn take(&self) -> Option<Returned> {
        let seen = self.seen.load(Ordering::Relaxed);
        // Acquire: what the device wrote before the index is there.
        if self.used.index.load(Ordering::Acquire) == seen {
            return None;
        }
        let element = &self.used.ring[usize::from(seen) % N];
        self.seen.store(seen.wrapping_add(1), Ordering::Relaxed);
        Some(Returned {
            descriptor: element.descriptor.load(Ordering::Relaxed) as u16,
            length: element.length.load(Ordering::Relaxed),
        })
    }
}

/// The device's half, for its model in tests.
#[cfg(test)]
pub(super) mod device {
    /// One queue as its device sees it: three addresses.
    #[derive(Clone, Copy, Default)]
    pub(in super::super) struct DeviceQueue {
        pub(in super::super) size: u16,
        pub(in super::super) parts: [u64; 3],
        pub(in super::super) enabled: bool,
        next: u16,
    }

    impl DeviceQueue {
        /// The next buffer on offer: its descriptor, address, length, and
        /// whether it may be written.
        pub(in super::super) fn pop(&mut self) -> Option<(u16, *mut u8, u32, bool)> {
            assert!(self.enabled, "the driver used a queue it did not enable");
            let [descriptors, available, _] = self.parts;
            // SAFETY: the driver's memory, which outlives the model; the
            // driver does not run meanwhile.
            unsafe {
                let available = available as *const u16;
                if available.add(1).read_volatile() == self.next {
                    return None;
                }
                let place = usize::from(self.next % self.size);
                let descriptor = available.add(2 + place).read_volatile();
                self.next = self.next.wrapping_add(1);
                let entry = (descriptors as *const u8).add(16 * usize::from(descriptor));
                let address = entry.cast::<u64>().read_volatile();
                let length = entry.add(8).cast::<u32>().read_volatile();
                let flags = entry.add(12).cast::<u16>().read_volatile();
                Some((descriptor, address as *mut u8, length, flags & 2 != 0))
            }
        }

        /// Gives a buffer back with `length` bytes written.
        pub(in super::super) fn push(&mut self, descriptor: u16, length: u32) {
            let [_, _, used] = self.parts;
            // SAFETY: as in `pop`.
            unsafe {
                let index = (used as *mut u16).add(1);
                let place = usize::from(index.read_volatile() % self.size);
                let element = (used as *mut u32).add(1 + 2 * place);
                element.write_volatile(u32::from(descriptor));
                element.add(1).write_volatile(length);
                index.write_volatile(index.read_volatile().wrapping_add(1));
            }
        }
    }
}
