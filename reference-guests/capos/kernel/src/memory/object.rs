//! Memory that several processes may map.

use super::frames::Frames;
use super::{OutOfMemory, PhysAddr};
use guest_abi::layout::PAGE_SIZE;

/// Frames that follow each other. They go back when the last hold and the last mapping
/// are gone, wherever that happens.
#[derive(Debug)]
pub struct MemoryObject {
    first: PhysAddr,
    pages: u32,
    frames: Frames,
}

impl MemoryObject {
    /// New memory, zeroed.
    pub fn new(frames: &mut Frames, pages: u32) -> Result<Self, OutOfMemory> {
        Ok(Self {
            first: frames.allocate_contiguous_zeroed(pages as usize)?,
            pages,
            frames: *frames,
        })
    }

    /// How large it is.
    pub fn pages(&self) -> u32 {
        self.pages
    }

    /// How large it is in bytes.
    pub fn bytes(&self) -> u64 {
        u64::from(self.pages) * PAGE_SIZE
    }

    /// The frame of a byte.
    pub fn frame(&self, offset: u64) -> PhysAddr {
        debug_assert!(offset < self.bytes(), "inside of the object");
        PhysAddr(self.first.0 + offset)
    }
}

/// The same object, and not just memory of the same content.
impl PartialEq for MemoryObject {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self, other)
    }
}

impl Drop for MemoryObject {
    fn drop(&mut self) {
        for page in 0..u64::from(self.pages) {
            self.frames
                .release(PhysAddr(self.first.0 + page * PAGE_SIZE));
        }
    }
}
