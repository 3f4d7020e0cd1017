//! The ring page, raw.
//!
//! One owner, no pending table, no allocation: a program that measures must know
//! every instruction around `cap_enter`. The caller keeps count of what is queued.

use core::mem::offset_of;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering, fence};
use guest_abi::layout::RING_VADDR;
use guest_abi::ring::{CQ_ENTRIES, CQE_OFFSET, Cqe, Header, SQ_ENTRIES, SQE_OFFSET, Sqe};

/// The program's ring.
#[derive(Debug)]
pub struct Ring {
    sq_tail: u32,
    cq_head: u32,
}

static TAKEN: AtomicBool = AtomicBool::new(false);

impl Ring {
    /// The ring, for the first who asks.
    pub fn take() -> Option<Self> {
        if TAKEN.swap(true, Ordering::Relaxed) {
            return None;
        }
        Some(Self {
            sq_tail: read(offset_of!(Header, sq_tail)),
            cq_head: read(offset_of!(Header, cq_head)),
        })
    }

    /// The ring as its page says it is, for threads that share it. The page holds all
    /// there is to know between two operations.
    ///
    /// # Safety
    ///
    /// Only while the caller keeps every other thread of the process off the ring.
    pub unsafe fn shared() -> Self {
        Self {
            sq_tail: read(offset_of!(Header, sq_tail)),
            cq_head: read(offset_of!(Header, cq_head)),
        }
    }

    /// Catches up with what threads did through [`shared`](Self::shared).
    pub fn catch_up(&mut self) {
        self.sq_tail = read(offset_of!(Header, sq_tail));
        self.cq_head = read(offset_of!(Header, cq_head));
    }

    /// Queues a submission. At most 16 may be queued at a time.
    #[inline]
    pub fn push(&mut self, sqe: &Sqe) {
        let slot = (self.sq_tail % SQ_ENTRIES) as usize * size_of::<Sqe>();
        // SAFETY: the slot lies inside the ring page.
        unsafe { ptr::write_volatile(at(SQE_OFFSET + slot).cast(), *sqe) };
        self.sq_tail = self.sq_tail.wrapping_add(1);
        fence(Ordering::Release);
        write(offset_of!(Header, sq_tail), self.sq_tail);
    }

    /// Where the next submission goes. For programs that change what they queued.
    pub fn next_slot(&self) -> *mut Sqe {
        let slot = (self.sq_tail % SQ_ENTRIES) as usize * size_of::<Sqe>();
        at(SQE_OFFSET + slot).cast()
    }

    /// Takes the next completion.
    #[inline]
    pub fn pop(&mut self) -> Option<Cqe> {
        let tail = read(offset_of!(Header, cq_tail));
        fence(Ordering::Acquire);
        if tail == self.cq_head {
            return None;
        }
        let slot = (self.cq_head % CQ_ENTRIES) as usize * size_of::<Cqe>();
        // SAFETY: the slot lies inside the ring page.
        let cqe = unsafe { ptr::read_volatile(at(CQE_OFFSET + slot).cast()) };
        self.cq_head = self.cq_head.wrapping_add(1);
        write(offset_of!(Header, cq_head), self.cq_head);
        Some(cqe)
    }

    /// Takes the kernel's word for both queues: nothing queued, nothing to take. For
    /// programs that scribbled over the page.
    pub fn resynchronise(&mut self) {
        self.sq_tail = read(offset_of!(Header, sq_head));
        self.cq_head = read(offset_of!(Header, cq_tail));
        write(offset_of!(Header, sq_tail), self.sq_tail);
        write(offset_of!(Header, cq_head), self.cq_head);
    }

    /// Submissions queued since the start, by all threads, modulo 2³².
    pub fn queued(&self) -> u32 {
        read(offset_of!(Header, sq_tail))
    }

    /// Completions taken since the start, by all threads, modulo 2³².
    pub fn taken(&self) -> u32 {
        read(offset_of!(Header, cq_head))
    }

    /// Completions the kernel had to drop since the start.
    pub fn overflow(&self) -> u32 {
        read(offset_of!(Header, cq_overflow))
    }
}

#[inline(always)]
fn at(offset: usize) -> *mut u8 {
    (RING_VADDR as usize + offset) as *mut u8
}

#[inline(always)]
fn read(offset: usize) -> u32 {
    // SAFETY: the page is mapped as long as the process lives.
    unsafe { ptr::read_volatile(at(offset).cast()) }
}

#[inline(always)]
fn write(offset: usize, value: u32) {
    // SAFETY: as for `read`.
    unsafe { ptr::write_volatile(at(offset).cast(), value) }
}
