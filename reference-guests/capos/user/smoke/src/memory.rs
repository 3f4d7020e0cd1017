//! Memory is shared where it should be, and all of it comes back.

use crate::process::{ENTRIES_IN_LEAF, ENTRIES_OF_LEAF, LEAF_DONE, OUTPUT_LENGTH, run_leaf};
use crate::smoke::{Found, Smoke, ensure};
use alloc::boxed::Box;
use guest_benchmark::Refusal;
use guest_benchmark::runtime::abi::capos_capnp::ExceptionType;
use guest_benchmark::runtime::abi::interface::PROCESS_SPAWNER;
use guest_benchmark::runtime::call::CallError;
use guest_benchmark::runtime::capset;
use guest_benchmark::runtime::memory::{ANYWHERE, FrameAllocator, READ, VirtualMemory, WRITE};
use guest_benchmark::runtime::ring::Ring;

/// Bytes of a page.
pub const PAGE: u64 = 4096;
/// Pages that are mapped and unmapped.
const PAGES: u64 = 16;
/// Pages a process may reserve.
const RESERVATIONS: u64 = 262_144;
/// Frames that what a process holds may have.
const FRAMES: u32 = 4096;

/// A word of memory that the kernel says is mapped.
pub fn word(address: u64) -> u64 {
    // SAFETY: no memory of Rust's. If it is not there, the program faults, and the row
    // has no result.
    unsafe { (address as *const u64).read_volatile() }
}

fn set_word(address: u64, word: u64) {
    // SAFETY: as above.
    unsafe { (address as *mut u64).write_volatile(word) };
}

/// An object is the same memory in two places of one process, and in another.
pub struct Shared {
    spawner: u32,
    frames: FrameAllocator,
}

impl Shared {
    /// With what was granted.
    pub fn find() -> Result<Self, Refusal> {
        Ok(Self {
            spawner: capset::find("spawner", PROCESS_SPAWNER).ok_or(Refusal::NotGranted)?,
            frames: FrameAllocator::find().ok_or(Refusal::NotGranted)?,
        })
    }
}

impl Smoke for Shared {
    /// Allocated, mapped and unmapped twice, given to a leaf, released.
    fn own(&self) -> u32 {
        1 + 2 * 2 + ENTRIES_OF_LEAF + 1
    }

    fn peers(&self) -> u32 {
        ENTRIES_IN_LEAF
    }

    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found {
        const MARK: u64 = 0x6d61_726b;
        let object = self.frames.allocate(ring).map_err(|_| "no object")?;
        let mut map = || object.map(ring, ANYWHERE, 0, PAGE, READ | WRITE);
        let first = map().map_err(|_| "not mapped")?;
        let second = map().map_err(|_| "not mapped again")?;
        let was_new = word(first) == 0;
        set_word(first, MARK);
        let here = word(second) == MARK;
        run_leaf(ring, self.spawner, object, LEAF_DONE)?;
        let elsewhere = word(second) == OUTPUT_LENGTH + u64::from(wrong);
        for page in [first, second] {
            let unmapped = object.unmap(ring, page, PAGE);
            unmapped.map_err(|_| "not unmapped")?;
        }
        object.release(ring).map_err(|_| "not released")?;
        ensure(first != second, "twice in one place")?;
        ensure(was_new, "a new object is not zero")?;
        ensure(here, "two mappings of an object differ")?;
        ensure(elsewhere, "what another process wrote is not there")
    }
}

/// What was mapped is unmapped, and nothing of it is kept.
pub struct Cleanup {
    memory: VirtualMemory,
    frames: FrameAllocator,
}

impl Cleanup {
    /// With what was granted, and nothing kept so far.
    pub fn prepare(ring: &mut Ring) -> Result<Self, Refusal> {
        let cleanup = Self {
            memory: VirtualMemory::find().ok_or(Refusal::NotGranted)?,
            frames: FrameAllocator::find().ok_or(Refusal::NotGranted)?,
        };
        cleanup.is_at_baseline(ring).map_err(Refusal::SetUp)?;
        Ok(cleanup)
    }

    /// Takes all that the quotas give and no more; what was kept would be missing.
    fn is_at_baseline(&self, ring: &mut Ring) -> Found {
        let all = self.memory.reserve(ring, ANYWHERE, RESERVATIONS * PAGE);
        let all = all.map_err(|_| "not all reservations came back")?;
        let more = self.memory.reserve(ring, ANYWHERE, PAGE);
        let ended = self.memory.unmap(ring, all, RESERVATIONS * PAGE);
        ended.map_err(|_| "a reservation does not end")?;
        let overloaded = CallError::Exception(ExceptionType::Overloaded);
        ensure(
            more.err() == Some(overloaded),
            "more than the quota was reserved",
        )?;

        let all = self.frames.allocate_contiguous(ring, FRAMES);
        let all = all.map_err(|_| "not all frames came back")?;
        let more = self.frames.allocate(ring);
        all.release(ring)
            .map_err(|_| "an object cannot be given up")?;
        let is_refused = more.map(|_| ()).err() == Some(overloaded);
        ensure(is_refused, "more than the quota was allocated")
    }
}

impl Smoke for Cleanup {
    /// Pages mapped, asked for again and unmapped; an object made, mapped, unmapped,
    /// released.
    fn own(&self) -> u32 {
        3 + 4
    }

    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found {
        let size = PAGES * PAGE;
        let pages = self.memory.map(ring, ANYWHERE, size, READ | WRITE);
        let pages = pages.map_err(|_| "not mapped")?;
        let places = || (0..PAGES).map(|page| pages + page * PAGE);
        let were_new = places().all(|place| word(place) == 0);
        places().for_each(|place| set_word(place, place));
        let over = self.memory.map(ring, pages, size, READ);
        let kept = places().all(|place| word(place) == place + u64::from(wrong));
        let unmapped = self.memory.unmap(ring, pages, size);
        unmapped.map_err(|_| "not unmapped")?;

        let object = self.frames.allocate(ring).map_err(|_| "no object")?;
        let page = object.map(ring, ANYWHERE, 0, PAGE, READ | WRITE);
        let page = page.map_err(|_| "an object was not mapped")?;
        set_word(page, page);
        let unmapped = object.unmap(ring, page, PAGE);
        unmapped.map_err(|_| "an object was not unmapped")?;
        object.release(ring).map_err(|_| "not released")?;

        ensure(were_new, "new pages are not zero")?;
        ensure(over.is_err(), "pages were mapped over others")?;
        ensure(kept, "a page lost what it held")
    }

    fn finish(self: Box<Self>, ring: &mut Ring) -> Found {
        self.is_at_baseline(ring)
    }
}
