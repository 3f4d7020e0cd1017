//! The atomics and the slot storage that the ring is built from.
//!
//! `tests/ring_model.rs` has an edition of this module made of loom's types,
//! and checks the ring on top of it; hence `constructor`, since loom's types
//! cannot be made in constants.

use core::marker::PhantomData;
use core::sync::atomic::AtomicPtr;
pub(crate) use core::sync::atomic::{AtomicU64, Ordering};
use core::{ptr, slice};

/// A function that is `const` here and an ordinary one in the model.
macro_rules! constructor {
    ($(#[$attribute:meta])* $visibility:vis fn $($function:tt)*) => {
        $(#[$attribute])* $visibility const fn $($function)*
    };
}
pub(crate) use constructor;

/// 16 bytes of ring memory: a span, or half of a longer record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C, align(16))]
pub struct Slot(pub(crate) [u64; 2]);

impl Slot {
    /// A slot that holds nothing.
    pub const EMPTY: Slot = Slot([0; 2]);
}

/// A count with one writer: a plain load, add and store, which a reader on
/// another CPU may see late but never torn.
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) const fn new() -> Self {
        Count(AtomicU64::new(0))
    }

    #[inline(always)]
    pub(crate) fn add(&self, amount: u64) {
        let value = self.0.load(Ordering::Relaxed);
        self.0.store(value.wrapping_add(amount), Ordering::Relaxed);
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

/// A power of two of slots that somebody else owns.
pub(crate) struct Slots {
    base: AtomicPtr<Slot>,
    mask: AtomicU64,
}

impl Slots {
    /// No slots at all. The ring above never touches them: a ring without
    /// memory is full.
    pub(crate) const fn none() -> Self {
        Slots {
            base: AtomicPtr::new(ptr::null_mut()),
            mask: AtomicU64::new(0),
        }
    }

    /// Takes `length` slots at `base`.
    ///
    /// # Safety
    ///
    /// `length` is a power of two, and the slots stay valid and unused by
    /// anyone else for as long as `self` is written or read.
    pub(crate) unsafe fn attach(&self, base: *mut Slot, length: u64) {
        self.base.store(base, Ordering::Relaxed);
        self.mask.store(length - 1, Ordering::Relaxed);
    }

    /// # Safety
    ///
    /// Slots are attached, and nobody reads or writes this one now.
    #[inline(always)]
    pub(crate) unsafe fn write(&self, index: u64, slot: Slot) {
        let place = self.place(index).cast::<u64>();
        // Word by word, so that they go from general registers to the ring: a
        // kernel's SSE registers may still be its user's.
        // SAFETY: masked into the attached slots; exclusive by contract.
        unsafe {
            place.write(slot.0[0]);
            place.add(1).write(slot.0[1]);
        }
    }

    /// The slots for a reader, which so looks up their place once.
    #[inline]
    pub(crate) fn view(&self) -> View<'_> {
        View {
            base: self.base.load(Ordering::Relaxed),
            mask: self.mask.load(Ordering::Relaxed),
            slots: PhantomData,
        }
    }

    #[inline(always)]
    fn place(&self, index: u64) -> *mut Slot {
        let mask = self.mask.load(Ordering::Relaxed);
        self.base
            .load(Ordering::Relaxed)
            .wrapping_add((index & mask) as usize)
    }
}

/// Slots to be read.
#[derive(Clone, Copy)]
pub(crate) struct View<'s> {
    base: *const Slot,
    mask: u64,
    slots: PhantomData<&'s Slots>,
}

impl View<'_> {
    /// # Safety
    ///
    /// Slots are attached, and nobody writes this one now.
    #[inline(always)]
    pub(crate) unsafe fn read(self, index: u64) -> Slot {
        let place = self.base.wrapping_add((index & self.mask) as usize);
        // SAFETY: masked into the attached slots; not written by contract.
        unsafe { place.read() }
    }

    /// The slots from `next` to `end`, or to the end of their memory if that
    /// comes first.
    ///
    /// # Safety
    ///
    /// Slots are attached, `end` is no more than all of them further, and
    /// nobody writes these while the result is used.
    #[inline]
    pub(crate) unsafe fn run(&self, next: u64, end: u64) -> &[[u64; 2]] {
        let start = next & self.mask;
        let length = (end - next).min(self.mask + 1 - start);
        let start = self.base.wrapping_add(start as usize).cast();
        // SAFETY: within the attached slots; not written by contract.
        unsafe { slice::from_raw_parts(start, length as usize) }
    }
}
