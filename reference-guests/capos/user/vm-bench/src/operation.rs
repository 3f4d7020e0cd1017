//! What is measured, and what it needs.

use guest_benchmark::runtime::abi::interface::BOOT_PACKAGE;
use guest_benchmark::runtime::capset;
use guest_benchmark::runtime::memory::{FrameAllocator, VirtualMemory};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `VirtualMemory.map` of a page, wherever there is room.
    Map,
    /// `VirtualMemory.protect` of a page: the right to write is taken, or given.
    Protect,
    /// `VirtualMemory.unmap` of a page that was written.
    Unmap,
    /// A page mapped, written and unmapped.
    MapTouchUnmap,
    /// `MemoryObject.map` of a page, wherever there is room.
    ObjectMap,
    /// A page of an object mapped, written and unmapped.
    ObjectMapTouchUnmap,
    /// `FrameAllocator.allocFrame`.
    FrameAlloc,
    /// The release of a frame's only capability.
    FrameFree,
}

impl Operation {
    /// The operation with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "map" => Self::Map,
            "protect" => Self::Protect,
            "unmap" => Self::Unmap,
            "map-touch-unmap" => Self::MapTouchUnmap,
            "object-map" => Self::ObjectMap,
            "object-map-touch-unmap" => Self::ObjectMapTouchUnmap,
            "frame-alloc" => Self::FrameAlloc,
            "frame-free" => Self::FrameFree,
            _ => return None,
        })
    }

    /// Whether it is about frames of objects.
    pub fn takes_frames(self) -> bool {
        matches!(self, Self::FrameAlloc | Self::FrameFree)
    }

    /// Submissions of one operation, setting up, checking and cleaning up included.
    pub fn submissions(self) -> u32 {
        match self {
            // Undone, or checked by a call.
            Self::Map | Self::Protect | Self::ObjectMap => 2,
            Self::MapTouchUnmap | Self::ObjectMapTouchUnmap => 2,
            // Mapped or allocated before, checked by a call after.
            Self::Unmap | Self::FrameFree => 3,
            // Mapped, unmapped, released.
            Self::FrameAlloc => 4,
        }
    }
}

/// The capabilities of the program.
#[derive(Clone, Copy, Debug)]
pub struct Grants {
    /// Its own memory.
    pub memory: VirtualMemory,
    /// Where objects come from.
    pub frames: FrameAllocator,
    /// Something the kernel answers.
    pub boot: u32,
}

impl Grants {
    /// What was granted, if all of it was.
    pub fn find() -> Option<Self> {
        Some(Self {
            memory: VirtualMemory::find()?,
            frames: FrameAllocator::find()?,
            boot: capset::find("boot", BOOT_PACKAGE)?,
        })
    }
}
