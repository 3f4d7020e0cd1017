//! Statics that are handed out once, for kernels without an allocator.

use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};

/// A value in a static whose exclusive reference is taken by the first who
/// asks.
pub struct TakeOnce<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: only one exclusive reference is ever handed out; sending it to the
// thread that asks is what `T: Send` allows.
unsafe impl<T: Send> Sync for TakeOnce<T> {}

impl<T> TakeOnce<T> {
    /// Holds `value` until somebody takes it.
    pub const fn new(value: T) -> Self {
        TakeOnce {
            taken: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// The value, the first time; `None` from then on.
    #[allow(clippy::mut_from_ref)] // `taken` makes it the only one
    pub fn take(&self) -> Option<&mut T> {
        if self.taken.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: `taken` was false and never becomes so again.
        Some(unsafe { &mut *self.value.get() })
    }
}

#[cfg(test)]
mod tests {
    use super::TakeOnce;

    #[test]
    fn a_value_is_handed_out_once() {
        static VALUE: TakeOnce<u32> = TakeOnce::new(7);
        assert_eq!(VALUE.take(), Some(&mut 7));
        assert_eq!(VALUE.take(), None);
    }
}
