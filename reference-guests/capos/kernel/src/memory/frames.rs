//! The machine's frames.
//!
//! Covers the first 4 GiB; memory beyond that stays unused.

use super::{OutOfMemory, PhysAddr};
use crate::boot::start_info::StartInfo;
use core::cell::UnsafeCell;
use guest_abi::layout::PAGE_SIZE;
use kernel_core::frame_bitmap::FrameBitmap;

/// Frames below 4 GiB.
const FRAMES: u64 = (4 << 30) / PAGE_SIZE;
/// Frames below 1 MiB stay out of use: firmware tables live there.
const LOW_MEMORY: u64 = 1 << 20;

struct Words(UnsafeCell<[u64; (FRAMES / 64) as usize]>);

// SAFETY: borrowed once, by `Frames::new`.
unsafe impl Sync for Words {}

static WORDS: Words = Words(UnsafeCell::new([0; (FRAMES / 64) as usize]));

/// Which frames are free.
pub struct Frames {
    bitmap: FrameBitmap<'static>,
    memory_end: u64,
}

impl Frames {
    /// Frees every whole frame the firmware reports as memory, except what the
    /// kernel and the boot image occupy.
    ///
    /// # Safety
    ///
    /// Once, at boot.
    pub unsafe fn new(info: &StartInfo, kernel_end: PhysAddr) -> Self {
        // SAFETY: once, so nobody else has a reference.
        let mut bitmap = FrameBitmap::new(unsafe { &mut *WORDS.0.get() });
        let mut memory_end = 0;
        for range in info.memory() {
            let first = range.start.max(LOW_MEMORY).div_ceil(PAGE_SIZE);
            let end = (range.end / PAGE_SIZE).min(FRAMES);
            for frame in first..end {
                // Overlapping entries of a firmware's map free a frame once.
                let _ = bitmap.release(frame as usize);
            }
            memory_end = memory_end.max(end * PAGE_SIZE);
        }
        let mut reserve = |start: u64, end: u64| {
            for frame in start / PAGE_SIZE..end.div_ceil(PAGE_SIZE) {
                bitmap.reserve(frame as usize);
            }
        };
        reserve(LOW_MEMORY, kernel_end.0);
        if let Some(image) = info.image_range() {
            reserve(image.start, image.end);
        }
        for range in info.own_ranges() {
            reserve(range.start, range.end);
        }
        Self { bitmap, memory_end }
    }

    /// End of the highest memory.
    pub fn memory_end(&self) -> u64 {
        self.memory_end
    }

    /// Frames that can be allocated.
    pub fn free_frames(&self) -> usize {
        self.bitmap.free_frames()
    }

    /// Takes a frame, zeroed.
    pub fn allocate(&mut self) -> Result<PhysAddr, OutOfMemory> {
        let frame = self.bitmap.allocate().ok_or(OutOfMemory)?;
        let address = PhysAddr(frame as u64 * PAGE_SIZE);
        // SAFETY: the frame is memory, it was free, and the direct map covers it.
        unsafe {
            address
                .pointer::<[u8; PAGE_SIZE as usize]>()
                .write_bytes(0, 1)
        };
        Ok(address)
    }

    /// Takes neighbouring frames, not zeroed.
    #[cfg(feature = "measure")]
    pub fn allocate_contiguous(&mut self, count: usize) -> Result<PhysAddr, OutOfMemory> {
        let first = self.bitmap.allocate_contiguous(count).ok_or(OutOfMemory)?;
        Ok(PhysAddr(first as u64 * PAGE_SIZE))
    }

    /// Gives a frame back.
    pub fn release(&mut self, address: PhysAddr) {
        self.bitmap
            .release((address.0 / PAGE_SIZE) as usize)
            .expect("a released frame was allocated");
    }
}
