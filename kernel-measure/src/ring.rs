//! Single-writer rings of 16-byte slots.
//!
//! Promise: a record is visible to the reader whole or not at all, and every
//! record that was begun is found again in the accounts: committed, dropped or
//! overwritten.
//!
//! Cost of a commit: a compare, the stores of the record, one release store of
//! the head. No lock, no read-modify-write instruction, no division. Head and
//! tail live on separate cache lines, and the writer looks at the reader's only
//! when its cached copy says the ring is full.
//!
//! Context: one writer per ring, in one execution context of one CPU; one
//! reader, anywhere. A [`Mode::Discard`] ring may be read while it is written.
//! A [`Mode::Overwrite`] ring is [closed](Ring::close) while it is read, since
//! there the writer moves the tail.
//!
//! Loss: a full ring refuses the new record or gives up the oldest ones, as
//! its mode says, and counts either.

use crate::accounts::{Accounts, Mode};
use crate::sync::{AtomicU64, Count, Ordering, Slot, Slots, View, constructor};
use trace_format::span::packed;

/// Parts of a ring given up at once in overwrite mode, so that the walk over
/// old records is rare.
const OVERWRITE_PARTS: u64 = 16;

/// States of a ring.
mod state {
    /// No memory, or being read in overwrite mode: everything is refused.
    pub(super) const CLOSED: u64 = 0;
    pub(super) const DISCARD: u64 = 1;
    pub(super) const OVERWRITE: u64 = 2;
}

/// A ring. Indices count slots since the start and never wrap.
pub(crate) struct Ring {
    writer: Writer,
    reader: Reader,
}

/// Written by the writer alone; the first cache line is all a commit needs.
#[repr(C, align(64))]
struct Writer {
    /// Slots committed.
    head: AtomicU64,
    /// Where the head must not pass: a cached tail plus the capacity.
    limit: AtomicU64,
    slots: Slots,
    begun: Count,
    /// Records of two slots among the committed.
    pairs: Count,
    dropped: Count,
    overwritten: Count,
    capacity: AtomicU64,
    state: AtomicU64,
}

/// Written by the reader alone, except in overwrite mode.
#[repr(C, align(64))]
struct Reader {
    /// Slots read or given up.
    tail: AtomicU64,
}

impl Ring {
    constructor! {
    /// A ring without memory: whatever comes is dropped and counted.
    pub(crate) fn new() -> Self {
        Ring {
            writer: Writer {
                head: AtomicU64::new(0),
                limit: AtomicU64::new(0),
                slots: Slots::none(),
                begun: Count::new(),
                pairs: Count::new(),
                dropped: Count::new(),
                overwritten: Count::new(),
                capacity: AtomicU64::new(0),
                state: AtomicU64::new(state::CLOSED),
            },
            reader: Reader {
                tail: AtomicU64::new(0),
            },
        }
    }
    }

    /// Gives the ring its memory and starts its accounts from zero.
    ///
    /// # Safety
    ///
    /// `length` is a power of two of at least 2; the slots stay valid and
    /// unused by anyone else while the ring is used; nobody uses the ring now.
    pub(crate) unsafe fn attach(&self, base: *mut Slot, length: u64, mode: Mode) {
        debug_assert!(length.is_power_of_two() && length >= 2);
        let writer = &self.writer;
        // SAFETY: as the caller promised.
        unsafe { writer.slots.attach(base, length) };
        for count in [
            &writer.begun,
            &writer.pairs,
            &writer.dropped,
            &writer.overwritten,
        ] {
            count.reset();
        }
        writer.head.store(0, Ordering::Relaxed);
        self.reader.tail.store(0, Ordering::Relaxed);
        writer.capacity.store(length, Ordering::Relaxed);
        self.open(mode);
    }

    /// Counts a record as begun.
    #[inline(always)]
    pub(crate) fn begin(&self) {
        self.writer.begun.add(1);
    }

    /// Records begun so far.
    #[inline(always)]
    pub(crate) fn begun(&self) -> u64 {
        self.writer.begun.get()
    }

    /// Commits a record of one slot.
    #[inline(always)]
    pub(crate) fn commit(&self, slot: Slot) {
        let head = self.writer.head.load(Ordering::Relaxed);
        if head == self.writer.limit.load(Ordering::Relaxed) {
            return self.commit_at_limit(slot.0[0], slot.0[1]);
        }
        self.publish(head, slot);
    }

    /// Commits a record of two slots, the first of which says so
    /// ([`packed::is_root`]) where the ring may overwrite.
    #[inline(always)]
    pub(crate) fn commit_pair(&self, first: Slot, second: Slot) {
        let head = self.writer.head.load(Ordering::Relaxed);
        if self.writer.limit.load(Ordering::Relaxed) - head < 2 {
            let ([a, b], [c, d]) = (first.0, second.0);
            return self.commit_pair_at_limit(a, b, c, d);
        }
        self.publish_pair(head, first, second);
    }

    #[inline(always)]
    fn publish(&self, head: u64, slot: Slot) {
        // SAFETY: below the limit, so the reader is done with this slot and
        // does not look at it before the head passes it.
        unsafe { self.writer.slots.write(head, slot) };
        self.writer.head.store(head + 1, Ordering::Release);
    }

    #[inline(always)]
    fn publish_pair(&self, head: u64, first: Slot, second: Slot) {
        // SAFETY: as in `publish`, for two slots.
        unsafe {
            self.writer.slots.write(head, first);
            self.writer.slots.write(head + 1, second);
        }
        self.writer.pairs.add(1);
        self.writer.head.store(head + 2, Ordering::Release);
    }

    // The words of a slot come one by one: a slot would come by reference, and
    // so would have to be in memory, on the fast path too.
    #[cold]
    #[inline(never)]
    fn commit_at_limit(&self, first: u64, second: u64) {
        match self.make_room(1) {
            Some(head) => self.publish(head, Slot([first, second])),
            None => self.writer.dropped.add(1),
        }
    }

    #[cold]
    #[inline(never)]
    fn commit_pair_at_limit(&self, a: u64, b: u64, c: u64, d: u64) {
        match self.make_room(2) {
            Some(head) => self.publish_pair(head, Slot([a, b]), Slot([c, d])),
            None => self.writer.dropped.add(1),
        }
    }

    /// Finds room for `needed` slots: what the reader has freed since the
    /// writer last looked, or what overwrite mode gives up. Returns the head.
    fn make_room(&self, needed: u64) -> Option<u64> {
        let writer = &self.writer;
        let head = writer.head.load(Ordering::Relaxed);
        let capacity = writer.capacity.load(Ordering::Relaxed);
        let tail = match writer.state.load(Ordering::Relaxed) {
            // Acquire: the reader's last look at a slot comes before our
            // writing it again.
            state::DISCARD => self.reader.tail.load(Ordering::Acquire),
            state::OVERWRITE => self.give_up(head, capacity, needed),
            _ => return None,
        };
        writer.limit.store(tail + capacity, Ordering::Relaxed);
        (tail + capacity - head >= needed).then_some(head)
    }

    /// Gives up whole records from the tail until `needed` slots and a part of
    /// the ring are free. Returns the new tail.
    fn give_up(&self, head: u64, capacity: u64, needed: u64) -> u64 {
        let mut tail = self.reader.tail.load(Ordering::Relaxed);
        let wanted = needed.max(capacity / OVERWRITE_PARTS);
        let mut records = 0;
        while tail + capacity - head < wanted && tail < head {
            tail += self.record_length(tail);
            records += 1;
        }
        self.writer.overwritten.add(records);
        self.reader.tail.store(tail, Ordering::Relaxed);
        tail
    }

    /// Slots of the committed record at `index`.
    fn record_length(&self, index: u64) -> u64 {
        // SAFETY: between tail and head, where nobody writes.
        let first = unsafe { self.writer.slots.view().read(index) };
        1 + u64::from(packed::is_root(first.0))
    }

    /// Refuses records from now on if the writer would move the tail, so that
    /// the ring can be read. To be called where its writer is not inside a
    /// commit.
    pub(crate) fn close(&self) {
        let writer = &self.writer;
        if writer.state.load(Ordering::Relaxed) == state::OVERWRITE {
            writer.state.store(state::CLOSED, Ordering::Relaxed);
            let head = writer.head.load(Ordering::Relaxed);
            writer.limit.store(head, Ordering::Relaxed);
        }
    }

    /// Accepts records again after [`Ring::close`].
    pub(crate) fn open(&self, mode: Mode) {
        let writer = &self.writer;
        let capacity = writer.capacity.load(Ordering::Relaxed);
        if capacity == 0 || writer.state.load(Ordering::Relaxed) != state::CLOSED {
            return;
        }
        let tail = self.reader.tail.load(Ordering::Relaxed);
        writer.limit.store(tail + capacity, Ordering::Relaxed);
        let state = match mode {
            Mode::Discard => state::DISCARD,
            Mode::Overwrite => state::OVERWRITE,
        };
        writer.state.store(state, Ordering::Relaxed);
    }

    /// Slots the ring can hold.
    pub(crate) fn capacity(&self) -> u64 {
        self.writer.capacity.load(Ordering::Relaxed)
    }

    /// Slots that can be committed before the next read.
    pub(crate) fn room(&self) -> u64 {
        let head = self.writer.head.load(Ordering::Relaxed);
        self.reader.tail.load(Ordering::Relaxed) + self.capacity() - head
    }

    /// The accounts. Exact where the writer is at rest.
    pub(crate) fn accounts(&self) -> Accounts {
        let writer = &self.writer;
        let slots = writer.head.load(Ordering::Acquire);
        Accounts {
            begun: writer.begun.get(),
            committed: slots - writer.pairs.get(),
            dropped: writer.dropped.get(),
            overwritten: writer.overwritten.get(),
        }
    }

    /// The committed records that were not read yet.
    pub(crate) fn unread(&self) -> Unread<'_> {
        Unread {
            ring: self,
            slots: self.writer.slots.view(),
            next: self.reader.tail.load(Ordering::Relaxed),
            // Acquire: the records before the head are seen whole.
            end: self.writer.head.load(Ordering::Acquire),
        }
    }
}

/// A walk over unread records. Nothing is taken out of the ring until
/// [`Unread::release`], so a reader that fails halfway starts again.
pub(crate) struct Unread<'r> {
    ring: &'r Ring,
    slots: View<'r>,
    next: u64,
    end: u64,
}

impl Unread<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.next == self.end
    }

    /// The first slot of the next record, without stepping over it.
    #[inline]
    pub(crate) fn first(&self) -> Option<Slot> {
        (self.next < self.end).then(|| self.slot(0))
    }

    /// The second slot of the next record, which has one.
    #[inline]
    pub(crate) fn second(&self) -> Slot {
        debug_assert!(self.end - self.next >= 2);
        self.slot(1)
    }

    #[inline]
    fn slot(&self, offset: u64) -> Slot {
        // SAFETY: between tail and head: committed, and not written again
        // before `release`; an overwriting ring is closed while it is read.
        unsafe { self.slots.read(self.next + offset) }
    }

    /// The slots of the next records as far as they lie in a row. Empty only
    /// at the end.
    #[inline]
    pub(crate) fn run(&self) -> &[[u64; 2]] {
        if self.is_empty() {
            return &[];
        }
        // SAFETY: as in `slot`.
        unsafe { self.slots.run(self.next, self.end) }
    }

    /// Steps over `slots` slots of whole records.
    #[inline]
    pub(crate) fn step(&mut self, slots: u64) {
        self.next += slots;
    }

    /// Gives the slots stepped over back to the writer.
    pub(crate) fn release(&self) {
        // Release: our reads of the slots come before the writer's reuse.
        self.ring.reader.tail.store(self.next, Ordering::Release);
    }
}
