//! A process is started, does its work and ends.

use crate::memory::{PAGE, word};
use crate::smoke::{Found, Smoke, ensure};
use alloc::boxed::Box;
use guest_benchmark::Refusal;
use guest_benchmark::runtime::abi::interface::PROCESS_SPAWNER;
use guest_benchmark::runtime::capset;
use guest_benchmark::runtime::memory::{ANYWHERE, FrameAllocator, MemoryObject, READ, WRITE};
use guest_benchmark::runtime::process::{Child, Grant};
use guest_benchmark::runtime::ring::Ring;

/// What a leaf exits with when it has left its output.
const DONE: i64 = 42;
/// Bytes of that output, which stand before it.
pub const OUTPUT_LENGTH: u64 = 15;

/// Submissions of starting a leaf, waiting for it and releasing it.
pub const ENTRIES_OF_LEAF: u32 = 4;
/// The leaf's own: it maps the object.
pub const ENTRIES_IN_LEAF: u32 = 1;

/// Starts a leaf that writes to an object, and sees it end.
pub fn run_leaf(ring: &mut Ring, spawner: u32, object: MemoryObject, code: i64) -> Found {
    let grants = [Grant::held("output", object.id())];
    let child = Child::spawn(ring, spawner, "leaf", "leaf", &grants);
    let child = child.map_err(|_| "no process was started")?;
    let ended = child.wait(ring);
    let released = child.release(ring);
    ensure(ended == Ok(code), "another exit code")?;
    released.map_err(|_| "a process was not released")
}

/// A leaf ends with the code it must, and leaves what it must.
pub struct Spawn {
    spawner: u32,
    object: MemoryObject,
    page: u64,
}

impl Spawn {
    /// With an object for the leaf's output.
    pub fn prepare(ring: &mut Ring) -> Result<Self, Refusal> {
        const NO_MEMORY: Refusal = Refusal::SetUp("no memory");
        let spawner = capset::find("spawner", PROCESS_SPAWNER).ok_or(Refusal::NotGranted)?;
        let frames = FrameAllocator::find().ok_or(Refusal::NotGranted)?;
        let object = frames.allocate(ring).map_err(|_| NO_MEMORY)?;
        let page = object.map(ring, ANYWHERE, 0, PAGE, READ | WRITE);
        Ok(Self {
            spawner,
            object,
            page: page.map_err(|_| NO_MEMORY)?,
        })
    }
}

impl Smoke for Spawn {
    fn own(&self) -> u32 {
        ENTRIES_OF_LEAF
    }

    fn peers(&self) -> u32 {
        ENTRIES_IN_LEAF
    }

    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found {
        let code = if wrong { !DONE } else { DONE };
        run_leaf(ring, self.spawner, self.object, code)?;
        ensure(word(self.page) == OUTPUT_LENGTH, "no output")
    }

    fn finish(self: Box<Self>, ring: &mut Ring) -> Found {
        let unmapped = self.object.unmap(ring, self.page, PAGE);
        unmapped.map_err(|_| "the page is gone")?;
        let released = self.object.release(ring);
        released.map_err(|_| "the object is gone")
    }
}

/// What a leaf must end with.
pub const LEAF_DONE: i64 = DONE;
