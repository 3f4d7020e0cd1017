//! Model checking of the ring's publish and release: loom runs writer and
//! reader in every order the memory model allows and reports each access to a
//! slot that the other side may be touching.
//!
//! The ring's own source is compiled here on top of loom's types.

#[allow(dead_code)] // overwriting rings are not read while written
#[path = "../src/accounts.rs"]
mod accounts;
#[allow(dead_code)] // the model uses part of it
#[path = "../src/ring.rs"]
mod ring;

/// The ring's atomics and slots, made of loom's.
mod sync {
    use loom::cell::UnsafeCell;
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};

    macro_rules! constructor {
        ($($function:tt)*) => { $($function)* };
    }
    pub(crate) use constructor;

    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub(crate) struct Slot(pub(crate) [u64; 2]);

    pub(crate) struct Count(AtomicU64);

    impl Count {
        pub(crate) fn new() -> Self {
            Count(AtomicU64::new(0))
        }

        pub(crate) fn add(&self, amount: u64) {
            let value = self.0.load(Ordering::Relaxed);
            self.0.store(value + amount, Ordering::Relaxed);
        }

        pub(crate) fn get(&self) -> u64 {
            self.0.load(Ordering::Relaxed)
        }

        pub(crate) fn reset(&self) {
            self.0.store(0, Ordering::Relaxed);
        }
    }

    /// Slots the model rings have.
    pub(crate) const SLOTS: u64 = 4;

    pub(crate) struct Slots([UnsafeCell<Slot>; SLOTS as usize]);

    impl Slots {
        pub(crate) fn none() -> Self {
            Slots(std::array::from_fn(|_| UnsafeCell::new(Slot::default())))
        }

        pub(crate) unsafe fn attach(&self, _base: *mut Slot, length: u64) {
            assert_eq!(length, SLOTS);
        }

        pub(crate) unsafe fn write(&self, index: u64, slot: Slot) {
            // SAFETY: loom reports the access if it is not exclusive.
            self.0[(index % SLOTS) as usize].with_mut(|place| unsafe { *place = slot });
        }

        pub(crate) fn view(&self) -> View<'_> {
            View(self)
        }
    }

    #[derive(Clone, Copy)]
    pub(crate) struct View<'s>(&'s Slots);

    impl View<'_> {
        pub(crate) unsafe fn read(self, index: u64) -> Slot {
            // SAFETY: loom reports the access if the slot is being written.
            self.0.0[(index % SLOTS) as usize].with(|place| unsafe { *place })
        }

        pub(crate) unsafe fn run(&self, _next: u64, _end: u64) -> &[[u64; 2]] {
            unimplemented!("the model reads slot by slot")
        }
    }
}

use accounts::Mode;
use loom::sync::Arc;
use loom::thread;
use ring::Ring;
use sync::{SLOTS, Slot};
use trace_format::span::packed;

fn ring() -> Ring {
    let ring = Ring::new();
    // SAFETY: the model's slots are its own; nobody uses the ring yet.
    unsafe { ring.attach(std::ptr::null_mut(), SLOTS, Mode::Discard) };
    ring
}

fn commit(ring: &Ring, number: u64) {
    ring.begin();
    ring.commit(Slot([0, number]));
}

fn commit_pair(ring: &Ring, number: u64) {
    ring.begin();
    ring.commit_pair(Slot([packed::KIND_ROOT, number]), Slot([0, number]));
}

/// Reads what is there and appends the numbers of the records.
fn read(ring: &Ring, numbers: &mut Vec<u64>) {
    let mut unread = ring.unread();
    while let Some(first) = unread.first() {
        numbers.push(first.0[1]);
        if packed::is_root(first.0) {
            assert_eq!(unread.second().0[1], first.0[1], "a torn record");
            unread.step(2);
        } else {
            unread.step(1);
        }
    }
    unread.release();
}

/// Runs `write` against a reader that reads twice, then reads the rest.
fn against_a_reader(write: impl Fn(&Ring) + Clone + Send + Sync + 'static) {
    loom::model(move || {
        let ring = Arc::new(ring());
        let writer = {
            let (ring, write) = (ring.clone(), write.clone());
            thread::spawn(move || write(&ring))
        };
        let mut numbers = Vec::new();
        read(&ring, &mut numbers);
        read(&ring, &mut numbers);
        writer.join().unwrap();
        read(&ring, &mut numbers);

        let accounts = ring.accounts();
        assert_eq!(accounts.open(), 0);
        assert_eq!(accounts.committed, numbers.len() as u64);
        assert!(numbers.is_sorted(), "records out of order: {numbers:?}");
    });
}

#[test]
fn spans_come_out_whole_and_in_order_or_are_counted() {
    against_a_reader(|ring| (0..SLOTS + 2).for_each(|number| commit(ring, number)));
}

#[test]
fn two_slot_records_are_never_torn() {
    against_a_reader(|ring| {
        commit_pair(ring, 1);
        commit(ring, 2);
        commit_pair(ring, 3);
        commit_pair(ring, 4);
    });
}
