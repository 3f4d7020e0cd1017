//! One process's ring page.
//!
//! The page is the program's to scribble on. So the kernel keeps its own copy of
//! every index it owns and only publishes it, masks with constants, copies an
//! entry out before it looks at it, and never trusts a difference of indices
//! that exceeds the queue.

use crate::memory::PhysAddr;
use core::mem::{self, offset_of};
use core::ptr;
use core::sync::atomic::{Ordering, fence};
use guest_abi::ring::{
    CQ_ENTRIES, CQE_OFFSET, Cqe, Header, SQ_ENTRIES, SQE_OFFSET, Sqe, SqeFlags, opcode,
};

/// The page and the indices the kernel owns.
#[derive(Debug)]
pub struct Ring {
    page: *mut u8,
    sq_head: u32,
    cq_tail: u32,
    cq_overflow: u32,
    /// The only thread that each completion is for, or 0.
    owners: [u32; CQ_ENTRIES as usize],
}

impl Ring {
    /// Starts a ring in a zeroed frame.
    pub fn new(frame: PhysAddr) -> Self {
        let page = frame.pointer::<u8>();
        // SAFETY: the frame is a whole page of the direct map and nobody else's.
        unsafe { page.cast::<Header>().write(Header::new()) };
        Self {
            page,
            sq_head: 0,
            cq_tail: 0,
            cq_overflow: 0,
            owners: [0; CQ_ENTRIES as usize],
        }
    }

    /// Submissions waiting now. If the program's index makes no sense, everything
    /// queued is discarded, as the ABI says.
    #[inline]
    pub fn submitted(&mut self) -> u32 {
        let tail = self.read(offset_of!(Header, sq_tail));
        fence(Ordering::Acquire);
        let count = tail.wrapping_sub(self.sq_head);
        if count > SQ_ENTRIES {
            self.sq_head = tail;
            self.publish_head();
            return 0;
        }
        count
    }

    /// The thread that the submission at the head belongs to, or 0. An owner where
    /// none may be stated is for validation to refuse.
    #[inline]
    pub fn head_owner(&self) -> u32 {
        let slot = (self.sq_head % SQ_ENTRIES) as usize * size_of::<Sqe>();
        // SAFETY: the slot lies inside the page, and every bit pattern is an entry.
        let (flags, opcode, owner) = unsafe {
            let entry = self.page.add(SQE_OFFSET + slot);
            (
                ptr::read_volatile(entry.add(offset_of!(Sqe, flags))),
                ptr::read_volatile(entry.add(offset_of!(Sqe, opcode))),
                ptr::read_volatile(entry.add(offset_of!(Sqe, call_id)).cast::<u32>()),
            )
        };
        let is_owned =
            flags & SqeFlags::THREAD_OWNED != 0 && matches!(opcode, opcode::CALL | opcode::PARK);
        if is_owned { owner } else { 0 }
    }

    /// Takes the submission at the head.
    #[inline(always)]
    pub fn take(&mut self) -> Sqe {
        let slot = (self.sq_head % SQ_ENTRIES) as usize;
        // By words, because field by field is twice the loads.
        // SAFETY: the slot lies inside the page, and every bit pattern is an entry.
        let sqe = unsafe {
            let entry = self.page.add(SQE_OFFSET).cast::<[u64; 8]>().add(slot);
            mem::transmute::<[u64; 8], Sqe>(ptr::read_volatile(entry))
        };
        self.sq_head = self.sq_head.wrapping_add(1);
        self.publish_head();
        sqe
    }

    /// Running number of the last submission taken.
    #[inline]
    pub fn sequence(&self) -> u32 {
        self.sq_head
    }

    /// Posts a completion, or counts it as lost if the queue is full. `owner` is the
    /// only thread it is for, or 0.
    #[inline(always)]
    pub fn post(&mut self, cqe: Cqe, owner: u32) {
        if self.available() >= CQ_ENTRIES {
            self.cq_overflow = self.cq_overflow.wrapping_add(1);
            self.write(offset_of!(Header, cq_overflow), self.cq_overflow);
            return;
        }
        let slot = (self.cq_tail % CQ_ENTRIES) as usize;
        // SAFETY: the slot lies inside the page; an entry has no padding.
        unsafe {
            let entry = self.page.add(CQE_OFFSET).cast::<[u64; 4]>().add(slot);
            ptr::write_volatile(entry, mem::transmute::<Cqe, [u64; 4]>(cqe));
        }
        self.owners[slot] = owner;
        self.cq_tail = self.cq_tail.wrapping_add(1);
        fence(Ordering::Release);
        self.write(offset_of!(Header, cq_tail), self.cq_tail);
    }

    /// Completions the program has not taken yet. If its index makes no sense, the
    /// queue counts as empty.
    #[inline]
    pub fn available(&self) -> u32 {
        let head = self.read(offset_of!(Header, cq_head));
        let count = self.cq_tail.wrapping_sub(head);
        if count > CQ_ENTRIES { 0 } else { count }
    }

    /// Those of them that are for this thread or for nobody in particular.
    pub fn available_to(&self, thread: u32) -> u32 {
        let mine = self.available_owners();
        mine.filter(|owner| *owner == 0 || *owner == thread).count() as u32
    }

    /// Whether one of them is for this thread and no other.
    pub fn has_for(&self, thread: u32) -> bool {
        self.available_owners().any(|owner| owner == thread)
    }

    fn available_owners(&self) -> impl Iterator<Item = u32> {
        let available = self.available();
        let first = self.cq_tail.wrapping_sub(available);
        (0..available)
            .map(move |place| self.owners[(first.wrapping_add(place) % CQ_ENTRIES) as usize])
    }

    #[inline]
    fn publish_head(&self) {
        self.write(offset_of!(Header, sq_head), self.sq_head);
    }

    #[inline]
    fn read(&self, field: usize) -> u32 {
        // SAFETY: the header's fields lie inside the page, mapped as long as the
        // ring lives.
        unsafe { ptr::read_volatile(self.page.add(field).cast()) }
    }

    #[inline]
    fn write(&self, field: usize, value: u32) {
        // SAFETY: as for `read`; the program expects the kernel to write here.
        unsafe { ptr::write_volatile(self.page.add(field).cast(), value) };
    }
}
