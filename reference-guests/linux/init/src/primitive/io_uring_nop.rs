//! `IORING_OP_NOP`: a batch of entries is submitted and completed by one
//! `io_uring_enter`, which alone is timed.

use super::{Event, Failure, Primitive, expect};
use crate::shared_memory::SharedMemory;
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

/// A ring.
pub struct IoUringNop {
    rings: SharedMemory,
    entries: SharedMemory,
    ring: OwnedFd,
    parameters: Parameters,
    submitted: u64,
}

impl IoUringNop {
    /// Sets a ring up that holds a batch.
    pub fn new(batch: u32) -> Result<IoUringNop, Failure> {
        if batch > ENTRIES_MAX {
            return Err(Failure::Row(format!(
                "a batch of {batch} is more than {ENTRIES_MAX}"
            )));
        }
        let mut parameters = Parameters::default();
        // SAFETY: the parameters are written to; a descriptor is made.
        let fd =
            check(unsafe { libc::syscall(libc::SYS_io_uring_setup, batch, &raw mut parameters) })
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
        let map = |offset, length| {
            SharedMemory::map(&ring, offset, length).map_err(Failure::of("mmap of io_uring"))
        };
        Ok(IoUringNop {
            rings: map(OFFSET_RINGS, rings_length)?,
            entries: map(OFFSET_ENTRIES, entries_length)?,
            ring,
            parameters,
            submitted: 0,
        })
    }

    /// A word of the rings, at an offset that the kernel gave.
    fn word(&self, offset: u32) -> &AtomicU32 {
        // SAFETY: whoever writes to the kernel's words does so atomically.
        unsafe { &*self.rings.at::<AtomicU32>(offset as usize) }
    }

    /// Place of a completion.
    fn completion(&self, index: u32) -> *mut Completion {
        let offset = index as usize * size_of::<Completion>();
        self.rings.at(self.parameters.cq.cqes as usize + offset)
    }

    /// Fills a batch of entries in; the kernel does not know of them yet.
    /// Returns the tail that tells it.
    fn fill(&self, operations: u32) -> u32 {
        let sq = &self.parameters.sq;
        let tail = self.word(sq.tail).load(Ordering::Relaxed);
        let mask = self.parameters.sq_entries - 1;
        for operation in 0..operations {
            let index = tail.wrapping_add(operation) & mask;
            let mut submission = Submission { words: [0; 8] };
            submission.words[USER_DATA] = self.submitted + u64::from(operation);
            let place = index as usize;
            let entry = self
                .entries
                .at::<Submission>(place * size_of::<Submission>());
            let order = self
                .rings
                .at::<u32>(sq.array as usize + place * size_of::<u32>());
            // SAFETY: both are free places that the kernel does not read yet.
            unsafe {
                entry.write(submission);
                order.write(index);
            }
        }
        tail.wrapping_add(operations)
    }

    /// Takes all completions and counts those in order and without error.
    fn reap(&self) -> u32 {
        let cq = &self.parameters.cq;
        let head = self.word(cq.head);
        let tail = self.word(cq.tail).load(Ordering::Acquire);
        let mask = self.parameters.cq_entries - 1;
        let first = head.load(Ordering::Relaxed);
        let count = tail.wrapping_sub(first);
        let right = (0..count).filter(|&operation| {
            let index = first.wrapping_add(operation) & mask;
            // SAFETY: the kernel has filled the places before the tail.
            let completion = unsafe { self.completion(index).read() };
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
        let tail_word = self.word(self.parameters.sq.tail);
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
        let overflow = self
            .word(self.parameters.cq.overflow)
            .load(Ordering::Relaxed);
        expect(right == operations && overflow == 0, || {
            format!("of {operations} entries {right} completed in order, {overflow} overflowed")
        })
    }

    fn events(&self, _operations: u64, batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::Syscall(libc::SYS_io_uring_enter), batches)]
    }
}
