//! Program counters, sampled by CPU time into a ring that the kernel fills.
//!
//! Loss: a full ring loses samples, and the kernel says how many.

use super::abi::{Attributes, flag, page, record, request, sample, software};
use crate::clock::Clock;
use crate::shared_memory::SharedMemory;
use crate::sys::check;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use trace_format::PcSample;

/// CPU time between two samples.
const PERIOD_NS: u64 = 100_000;

const PAGE: usize = 4096;
/// The kernel takes a power of two of pages, besides the one that describes
/// the ring: about eight thousand samples.
const RING_PAGES: usize = 64;
const RING_LENGTH: u64 = (RING_PAGES * PAGE) as u64;

/// A record's length is in the upper quarter of its first eight bytes, its kind
/// in the lower half.
const LENGTH_SHIFT: u32 = 48;

/// The sampling event, disabled outside of loops.
pub struct Samples {
    event: OwnedFd,
    ring: SharedMemory,
    taken: Vec<Raw>,
}

/// A sample as the kernel writes it, by the sample type asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Raw {
    address: u64,
    tid: u32,
    monotonic_ns: u64,
}

impl Samples {
    /// Opens the event on this CPU, which the program does not leave.
    pub fn open() -> io::Result<Samples> {
        let attributes = Attributes {
            config: software::CPU_CLOCK,
            sample_period: PERIOD_NS,
            sample_type: sample::IP | sample::TID | sample::TIME,
            flags: flag::DISABLED | flag::INHERIT | flag::USE_CLOCK_ID,
            clock_id: libc::CLOCK_MONOTONIC,
            ..Attributes::software()
        };
        // SAFETY: reads a number.
        let cpu = unsafe { libc::sched_getcpu() };
        let event = super::open(&attributes, cpu)?;
        let ring = SharedMemory::map(&event, 0, PAGE + RING_LENGTH as usize)?;
        Ok(Samples {
            event,
            ring,
            taken: Vec::new(),
        })
    }

    /// Samples from now on.
    pub fn resume(&self) -> io::Result<()> {
        self.request(request::ENABLE)
    }

    /// Samples no more.
    pub fn pause(&self) -> io::Result<()> {
        self.request(request::DISABLE)
    }

    fn request(&self, request: libc::c_ulong) -> io::Result<()> {
        // SAFETY: the requests take a number.
        check(unsafe { libc::ioctl(self.event.as_raw_fd(), request, 0) })?;
        Ok(())
    }

    /// Drops what was sampled so far.
    pub fn forget(&mut self) {
        self.drain();
        self.taken.clear();
    }

    /// Takes samples out of the ring. Returns how many were lost.
    pub fn drain(&mut self) -> u64 {
        let end = self.word(page::DATA_HEAD).load(Ordering::Acquire);
        let mut at = self.word(page::DATA_TAIL).load(Ordering::Relaxed);
        let mut lost = 0;
        while at < end {
            let header = self.read(at);
            match header as u32 {
                record::SAMPLE => self.taken.push(Raw {
                    address: self.read(at + 8),
                    tid: (self.read(at + 16) >> 32) as u32,
                    monotonic_ns: self.read(at + 24),
                }),
                record::LOST => lost += self.read(at + 16),
                _ => {}
            }
            at += header >> LENGTH_SHIFT;
        }
        self.word(page::DATA_TAIL).store(end, Ordering::Release);
        lost
    }

    /// What was drained since this was asked last.
    pub fn take(&mut self, clock: &Clock) -> Vec<PcSample> {
        let sample = |raw: Raw| PcSample {
            time: clock.at_monotonic(raw.monotonic_ns),
            address: raw.address,
            tid: raw.tid,
        };
        self.taken.drain(..).map(sample).collect()
    }

    fn word(&self, offset: usize) -> &AtomicU64 {
        // SAFETY: the kernel writes the word atomically.
        unsafe { &*self.ring.at::<AtomicU64>(offset) }
    }

    /// Eight bytes of the ring; records consist of such.
    fn read(&self, position: u64) -> u64 {
        let offset = (position % RING_LENGTH) as usize;
        // SAFETY: the kernel does not write before the head again until the
        // tail has passed.
        unsafe { self.ring.at::<u64>(PAGE + offset).read() }
    }
}
