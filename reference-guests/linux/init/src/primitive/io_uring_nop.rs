//! `IORING_OP_NOP`: a batch of entries is submitted and completed by one
//! `io_uring_enter`, which alone is timed.

use super::{Event, Failure, Primitive, expect};
use crate::sys::check;
use crate::watch::Watch;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

/// Entries the kernel grants an ordinary ring.
const ENTRIES_MAX: u32 = 1 << 12;

/// `IORING_ENTER_GETEVENTS`, `IORING_FEAT_SINGLE_MMAP`: of linux/io_uring.h,
/// like all that follows.
const ENTER_GETEVENTS: u32 = 1;
const FEATURE_SINGLE_MMAP: u32 = 1;
const OFFSET_RINGS: i64 = 0;
const OFFSET_ENTRIES: i64 = 0x1000_0000;

/// `struct io_uring_params`.
#[repr(C)]
#[derive(Default)]
struct Parameters {
    sq_entries: u32,
    cq_entries: u32,
    flags: u32,
    sq_thread_cpu: u32,
    sq_thread_idle: u32,
    features: u32,
    wq_fd: u32,
    reserved: [u32; 3],
    sq: SubmissionOffsets,
    cq: CompletionOffsets,
}

/// `struct io_sqring_offsets`.
#[repr(C)]
#[derive(Default)]
struct SubmissionOffsets {
    head: u32,
    tail: u32,
    ring_mask: u32,
    ring_entries: u32,
    flags: u32,
    dropped: u32,
    array: u32,
    reserved: u32,
    user_address: u64,
}

/// `struct io_cqring_offsets`.
#[repr(C)]
#[derive(Default)]
struct CompletionOffsets {
    head: u32,
    tail: u32,
    ring_mask: u32,
    ring_entries: u32,
    overflow: u32,
    cqes: u32,
    flags: u32,
    reserved: u32,
    user_address: u64,
}

/// `struct io_uring_sqe`; opcode 0 is the NOP.
#[repr(C)]
#[derive(Clone, Copy)]
struct Submission {
    words: [u64; 8],
}

/// Index of `user_data` in [`Submission::words`].
const USER_DATA: usize = 4;

/// `struct io_uring_cqe`.
#[repr(C)]
#[derive(Clone, Copy)]
struct Completion {
    user_data: u64,
    result: i32,
    flags: u32,
}

/// Memory shared with the kernel.
struct Shared {
    base: *mut u8,
    length: usize,
}

impl Shared {
    fn map(ring: &OwnedFd, offset: i64, length: usize) -> Result<Shared, Failure> {
        let rights = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_SHARED | libc::MAP_POPULATE;
        // SAFETY: a new mapping disturbs none that exists.
        let base = unsafe {
            libc::mmap(std::ptr::null_mut(), length, rights, kind, ring.as_raw_fd(), offset)
        };
        if base == libc::MAP_FAILED {
            return Err(Failure::of("mmap of io_uring")(io::Error::last_os_error()));
        }
        Ok(Shared {
            base: base.cast(),
            length,
        })
    }

    /// A word at an offset that the kernel gave.
    fn word(&self, offset: u32) -> &AtomicU32 {
        assert!(offset as usize + size_of::<u32>() <= self.length);
        // SAFETY: inside the mapping, aligned as the kernel aligns its words,
        // and shared with the kernel, which an atomic allows for.
        unsafe { &*self.base.add(offset as usize).cast::<AtomicU32>() }
    }

    /// Place of an element of an array at an offset that the kernel gave.
    fn element<T>(&self, offset: u32, index: u32) -> *mut T {
        let place = offset as usize + index as usize * size_of::<T>();
        assert!(place + size_of::<T>() <= self.length);
        // SAFETY: inside the mapping.
        unsafe { self.base.add(place).cast() }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and references into it are borrowed
        // from us.
        unsafe { libc::munmap(self.base.cast(), self.length) };
    }
}

/// A ring.
pub struct IoUringNop {
    rings: Shared,
    entries: Shared,
    ring: OwnedFd,
    parameters: Parameters,
    submitted: u64,
}

impl IoUringNop {
    /// Sets a ring up that holds a batch.
    pub fn new(batch: u32) -> Result<IoUringNop, Failure> {
        if batch > ENTRIES_MAX {
            return Err(Failure::Row(format!("a batch of {batch} is more than {ENTRIES_MAX}")));
        }
        let mut parameters = Parameters::default();
        // SAFETY: the parameters are written to; a descriptor is made.
        let fd = check(unsafe {
            libc::syscall(libc::SYS_io_uring_setup, batch, &raw mut parameters)
        })
        .map_err(Failure::of("io_uring_setup"))?;
        // SAFETY: it is new and nobody else's.
        let ring = unsafe { OwnedFd::from_raw_fd(fd as i32) };
        if parameters.features & FEATURE_SINGLE_MMAP == 0 {
            let error = io::Error::from_raw_os_error(libc::EOPNOTSUPP);
            return Err(Failure::of("io_uring in one mapping")(error));
        }
        let submission_end = parameters.sq.array + parameters.sq_entries * 4;
        let completions = parameters.cq_entries as usize * size_of::<Completion>();
        let completion_end = parameters.cq.cqes as usize + completions;
        let rings_length = completion_end.max(submission_end as usize);
        let entries_length = parameters.sq_entries as usize * size_of::<Submission>();
        Ok(IoUringNop {
            rings: Shared::map(&ring, OFFSET_RINGS, rings_length)?,
            entries: Shared::map(&ring, OFFSET_ENTRIES, entries_length)?,
            ring,
            parameters,
            submitted: 0,
        })
    }

    /// Fills a batch of entries in; the kernel does not know of them yet.
    /// Returns the tail that tells it.
    fn fill(&self, operations: u32) -> u32 {
        let sq = &self.parameters.sq;
        let tail = self.rings.word(sq.tail).load(Ordering::Relaxed);
        let mask = self.parameters.sq_entries - 1;
        for operation in 0..operations {
            let index = tail.wrapping_add(operation) & mask;
            let mut submission = Submission { words: [0; 8] };
            submission.words[USER_DATA] = self.submitted + u64::from(operation);
            // SAFETY: free places of the submission ring; `element` has
            // checked that they lie in it.
            unsafe {
                self.entries.element::<Submission>(0, index).write(submission);
                self.rings.element::<u32>(sq.array, index).write(index);
            }
        }
        tail.wrapping_add(operations)
    }

    /// Takes all completions and counts those in order and without error.
    fn reap(&self) -> u32 {
        let cq = &self.parameters.cq;
        let head = self.rings.word(cq.head);
        let tail = self.rings.word(cq.tail).load(Ordering::Acquire);
        let mask = self.parameters.cq_entries - 1;
        let first = head.load(Ordering::Relaxed);
        let count = tail.wrapping_sub(first);
        let right = (0..count).filter(|&operation| {
            let index = first.wrapping_add(operation) & mask;
            // SAFETY: the kernel has filled the places before the tail.
            let completion = unsafe { self.rings.element::<Completion>(cq.cqes, index).read() };
            completion.user_data == self.submitted + u64::from(operation)
                && completion.result == 0
                && completion.flags == 0
        });
        let right = right.count() as u32;
        head.store(tail, Ordering::Release);
        right
    }
}

impl Primitive for IoUringNop {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let tail = self.fill(operations);
        let tail_word = self.rings.word(self.parameters.sq.tail);
        let mut consumed = 0;
        watch.time(|| {
            tail_word.store(tail, Ordering::Release);
            // SAFETY: the ring is ours; no signal mask is given.
            consumed = unsafe {
                libc::syscall(
                    libc::SYS_io_uring_enter,
                    self.ring.as_raw_fd(),
                    operations,
                    operations,
                    ENTER_GETEVENTS,
                    std::ptr::null::<libc::sigset_t>(),
                    0_usize,
                )
            };
        });
        check(consumed).map_err(Failure::of("io_uring_enter"))?;
        let right = self.reap();
        self.submitted += u64::from(operations);
        let overflow = self.rings.word(self.parameters.cq.overflow).load(Ordering::Relaxed);
        expect(right == operations && overflow == 0, || {
            format!("of {operations} entries {right} completed in order, {overflow} overflowed")
        })
    }

    fn events(&self, _operations: u64, batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::Syscall(libc::SYS_io_uring_enter), batches)]
    }
}
