//! The atomics and the slot storage that the ring is built from.
//!
//! `tests/ring_model.rs` has an edition of this module made of loom's types,
//! and checks the ring on top of it; hence `constructor`, since loom's types
//! cannot be made in constants.

use core::ptr;
use core::sync::atomic::AtomicPtr;
pub(crate) use core::sync::atomic::{AtomicU64, Ordering};

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
        // SAFETY: masked into the attached slots; exclusive by contract.
        unsafe { self.place(index).write(slot) }
    }

    /// # Safety
    ///
    /// Slots are attached, and nobody writes this one now.
    #[inline(always)]
    pub(crate) unsafe fn read(&self, index: u64) -> Slot {
        // SAFETY: masked into the attached slots; not written by contract.
        unsafe { self.place(index).read() }
    }

    #[inline(always)]
    fn place(&self, index: u64) -> *mut Slot {
        let mask = self.mask.load(Ordering::Relaxed);
        self.base
            .load(Ordering::Relaxed)
            .wrapping_add((index & mask) as usize)
    }
}
