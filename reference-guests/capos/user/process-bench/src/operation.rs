//! What is measured, and what it needs.

use guest_benchmark::runtime::abi::interface::PROCESS_SPAWNER;
use guest_benchmark::runtime::capset;
use guest_benchmark::runtime::memory::FrameAllocator;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Starting a leaf.
    Spawn,
    /// Starting a leaf and waiting for its end.
    SpawnWait,
    /// Starting a leaf with a megabyte more.
    ElfLoad,
    /// Waiting for a leaf that did not run yet.
    WaitRunning,
    /// Waiting for a leaf that has ended.
    WaitEnded,
    /// Starting what is not there.
    SpawnFailed,
}

impl Operation {
    /// The operation with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "spawn" => Self::Spawn,
            "spawn-wait" => Self::SpawnWait,
            "elf-load" => Self::ElfLoad,
            "wait-running" => Self::WaitRunning,
            "wait-ended" => Self::WaitEnded,
            "spawn-failed" => Self::SpawnFailed,
            _ => return None,
        })
    }

    /// The binary that is started.
    pub fn binary(self) -> &'static str {
        match self {
            Self::ElfLoad => "large-leaf",
            Self::SpawnFailed => "no-such-leaf",
            _ => "leaf",
        }
    }

    /// Submissions of one operation, setting up, checking and cleaning up included.
    pub fn submissions(self) -> u32 {
        match self {
            // Spawn, wait, two releases; and the leaf's mapping.
            Self::Spawn | Self::SpawnWait | Self::ElfLoad | Self::WaitRunning => 5,
            // It is waited for once before.
            Self::WaitEnded => 6,
            Self::SpawnFailed => 1,
        }
    }
}

/// The capabilities of the program.
#[derive(Clone, Copy, Debug)]
pub struct Grants {
    /// Starts processes.
    pub spawner: u32,
    /// Makes the object that leaves write to.
    pub frames: FrameAllocator,
}

impl Grants {
    /// What was granted, if all of it was.
    pub fn find() -> Option<Self> {
        Some(Self {
            spawner: capset::find("spawner", PROCESS_SPAWNER)?,
            frames: FrameAllocator::find()?,
        })
    }
}
