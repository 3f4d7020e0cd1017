//! The machine's frames.
//!
//! Covers the first 4 GiB; memory beyond that stays unused. [`Frames`] is a handle: an
//! object that owns frames keeps one, so that it can give them back wherever its last
//! owner lets go of it.

use super::{OutOfMemory, PhysAddr};
use crate::boot::start_info::StartInfo;
use core::cell::{OnceCell, RefCell, UnsafeCell};
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

struct Bitmap(OnceCell<RefCell<FrameBitmap<'static>>>);

// SAFETY: one processor, interrupts off, and no borrow outlives a call here.
unsafe impl Sync for Bitmap {}

static BITMAP: Bitmap = Bitmap(OnceCell::new());

/// Which frames are free.
#[derive(Clone, Copy, Debug)]
pub struct Frames {
    bitmap: &'static RefCell<FrameBitmap<'static>>,
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
            // Overlapping entries of a firmware's map free a frame once.
            bitmap.release_range(first as usize..end as usize);
            memory_end = memory_end.max(end * PAGE_SIZE);
        }
        let mut reserve = |start: u64, end: u64| {
            let frames = start / PAGE_SIZE..end.div_ceil(PAGE_SIZE);
            bitmap.reserve_range(frames.start as usize..frames.end as usize);
        };
        reserve(LOW_MEMORY, kernel_end.0);
        if let Some(image) = info.image_range() {
            reserve(image.start, image.end);
        }
        for range in info.own_ranges() {
            reserve(range.start, range.end);
        }
        Self {
            bitmap: BITMAP.0.get_or_init(|| RefCell::new(bitmap)),
            memory_end,
        }
    }

    /// End of the highest memory.
    pub fn memory_end(&self) -> u64 {
        self.memory_end
    }

    /// Frames that can be allocated.
    pub fn free_frames(&self) -> usize {
        self.bitmap.borrow().free_frames()
    }

    /// Takes a frame, zeroed.
    pub fn allocate(&mut self) -> Result<PhysAddr, OutOfMemory> {
        let frame = self.bitmap.borrow_mut().allocate().ok_or(OutOfMemory)?;
        let address = PhysAddr(frame as u64 * PAGE_SIZE);
        // SAFETY: the frame was free.
        unsafe { clear(address, 1) };
        Ok(address)
    }

    /// Takes neighbouring frames, zeroed.
    pub fn allocate_contiguous_zeroed(&mut self, count: usize) -> Result<PhysAddr, OutOfMemory> {
        let first = self.allocate_contiguous(count)?;
        // SAFETY: the frames were free.
        unsafe { clear(first, count) };
        Ok(first)
    }

    /// Takes neighbouring frames, not zeroed.
    pub fn allocate_contiguous(&mut self, count: usize) -> Result<PhysAddr, OutOfMemory> {
        let first = self.bitmap.borrow_mut().allocate_contiguous(count);
        let first = first.ok_or(OutOfMemory)?;
        Ok(PhysAddr(first as u64 * PAGE_SIZE))
    }

    /// Gives a frame back.
    pub fn release(&mut self, address: PhysAddr) {
        self.bitmap
            .borrow_mut()
            .release((address.0 / PAGE_SIZE) as usize)
            .expect("a released frame was allocated");
    }
}

/// # Safety
///
/// The frames must be memory that nobody uses.
unsafe fn clear(first: PhysAddr, count: usize) {
    // SAFETY: the direct map covers all memory, and nobody uses these frames.
    unsafe {
        first
            .pointer::<[u8; PAGE_SIZE as usize]>()
            .write_bytes(0, count);
    }
}
