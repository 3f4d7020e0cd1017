//! A program's memory: what is mapped where, and for whom.
//!
//! Every change has three steps in this order: it is checked, the page tables are
//! changed, the regions are. Whatever is refused has changed nothing, and what cannot
//! be finished for want of memory is undone.
//!
//! Translations are flushed after the tables changed, and frames are given back
//! before that: on one processor, with nothing of the program's memory touched in
//! between, nobody can use a stale one. A page that was not there leaves none, so
//! mapping flushes nothing.

use super::address_space::AddressSpace;
use super::frames::Frames;
use super::object::MemoryObject;
use super::{OutOfMemory, PhysAddr, Rights};
use crate::arch::tlb;
use crate::{segments, step};
use alloc::rc::Rc;
use guest_abi::layout::PAGE_SIZE;
use kernel_core::protection::Protection;
use kernel_core::regions::{Pages, Refusal, Regions, Use};

/// Why memory is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryError {
    /// The request is not one to be granted.
    Refused(Refusal),
    /// There are no frames left.
    OutOfMemory,
}

impl From<Refusal> for MemoryError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<OutOfMemory> for MemoryError {
    fn from(_: OutOfMemory) -> Self {
        Self::OutOfMemory
    }
}

/// A program's memory. What changes it is for the program whose memory is loaded.
#[derive(Debug)]
pub struct ProgramMemory {
    space: AddressSpace,
    regions: Regions<Rc<MemoryObject>>,
}

/// Whether a region is the process's own, with or without memory.
fn is_own(usage: &Use<Rc<MemoryObject>>) -> bool {
    matches!(usage, Use::Reserved | Use::Committed)
}

fn is_committed(usage: &Use<Rc<MemoryObject>>) -> bool {
    matches!(usage, Use::Committed)
}

fn is_reserved(usage: &Use<Rc<MemoryObject>>) -> bool {
    matches!(usage, Use::Reserved)
}

fn is_of(usage: &Use<Rc<MemoryObject>>, wanted: &Rc<MemoryObject>) -> bool {
    matches!(usage, Use::Object { object, .. } if Rc::ptr_eq(object, wanted))
}

fn rights(protection: Protection) -> Rights {
    Rights {
        user: true,
        write: protection.write,
        execute: protection.execute,
    }
}

impl ProgramMemory {
    /// What the loader set up, and nothing else.
    pub fn new(space: AddressSpace) -> Self {
        Self {
            space,
            regions: Regions::default(),
        }
    }

    /// Uses this memory from now on.
    #[inline(always)]
    pub fn activate(&self) {
        // SAFETY: every program's tree has the kernel's half.
        unsafe { self.space.activate() };
    }

    /// Gives back all of it.
    ///
    /// # Safety
    ///
    /// It must not be active, and nothing in it may be in use.
    pub unsafe fn free(self, frames: &mut Frames) {
        // SAFETY: the caller promises it.
        unsafe { self.space.free(frames) };
    }

    /// Maps new memory. Where.
    pub fn map(
        &mut self,
        hint: u64,
        size: u64,
        protection: Protection,
        frames: &mut Frames,
    ) -> Result<u64, MemoryError> {
        let pages = self.regions.place(hint, size)?;
        self.regions.check_commit(pages)?;
        let mapped = self.change(|space| space.map_new(pages, rights(protection), frames));
        if let Err(error) = mapped {
            self.empty(pages, frames);
            return Err(error.into());
        }
        self.regions.set(pages, Use::Committed);
        Ok(pages.start())
    }

    /// Unmaps memory of the process's own, and ends reservations.
    pub fn unmap(
        &mut self,
        address: u64,
        size: u64,
        frames: &mut Frames,
    ) -> Result<(), MemoryError> {
        let pages = Pages::new(address, size)?;
        self.regions.check(pages, is_own)?;
        self.remove(pages, frames)
    }

    /// Gives other rights to memory of the process's own.
    pub fn protect(
        &mut self,
        address: u64,
        size: u64,
        protection: Protection,
    ) -> Result<(), MemoryError> {
        let pages = Pages::new(address, size)?;
        self.regions.check(pages, is_committed)?;
        self.set_rights(pages, protection);
        Ok(())
    }

    /// Keeps addresses free. Which.
    pub fn reserve(&mut self, hint: u64, size: u64) -> Result<u64, MemoryError> {
        let pages = self.regions.place(hint, size)?;
        self.regions.set(pages, Use::Reserved);
        Ok(pages.start())
    }

    /// Puts new memory where addresses are reserved.
    pub fn commit(
        &mut self,
        address: u64,
        size: u64,
        protection: Protection,
        frames: &mut Frames,
    ) -> Result<(), MemoryError> {
        let pages = Pages::new(address, size)?;
        self.regions.check(pages, is_reserved)?;
        self.regions.check_split(pages)?;
        self.regions.check_commit(pages)?;
        let mapped = self.change(|space| space.map_new(pages, rights(protection), frames));
        if let Err(error) = mapped {
            // The tables stay for as long as the reservation does.
            self.change(|space| space.unmap(pages, frames));
            return Err(error.into());
        }
        self.regions.set(pages, Use::Committed);
        Ok(())
    }

    /// Takes memory away and keeps the addresses reserved.
    pub fn decommit(
        &mut self,
        address: u64,
        size: u64,
        frames: &mut Frames,
    ) -> Result<(), MemoryError> {
        let pages = Pages::new(address, size)?;
        self.regions.check(pages, is_committed)?;
        self.regions.check_split(pages)?;
        self.change(|space| space.unmap(pages, frames));
        self.regions.set(pages, Use::Reserved);
        flush(pages);
        Ok(())
    }

    /// Maps a part of an object. Where.
    pub fn map_object(
        &mut self,
        object: &Rc<MemoryObject>,
        part: ObjectPart,
        frames: &mut Frames,
    ) -> Result<u64, MemoryError> {
        let pages = self.regions.place(part.hint, part.size)?;
        let end = part.offset.checked_add(part.size);
        if !part.offset.is_multiple_of(PAGE_SIZE) || end.is_none_or(|end| end > object.bytes()) {
            return Err(Refusal::OutsideObject.into());
        }
        let first: PhysAddr = object.frame(part.offset);
        let rights = rights(part.protection);
        let mapped = self.change(|space| space.map_borrowed(pages, first, rights, frames));
        if let Err(error) = mapped {
            self.empty(pages, frames);
            return Err(error.into());
        }
        let usage = Use::Object {
            object: Rc::clone(object),
            offset: part.offset,
        };
        self.regions.set(pages, usage);
        Ok(pages.start())
    }

    /// Unmaps an object.
    pub fn unmap_object(
        &mut self,
        object: &Rc<MemoryObject>,
        address: u64,
        size: u64,
        frames: &mut Frames,
    ) -> Result<(), MemoryError> {
        let pages = Pages::new(address, size)?;
        self.regions.check(pages, |usage| is_of(usage, object))?;
        self.remove(pages, frames)
    }

    /// Gives other rights to where an object is mapped.
    pub fn protect_object(
        &mut self,
        object: &Rc<MemoryObject>,
        address: u64,
        size: u64,
        protection: Protection,
    ) -> Result<(), MemoryError> {
        let pages = Pages::new(address, size)?;
        self.regions.check(pages, |usage| is_of(usage, object))?;
        self.set_rights(pages, protection);
        Ok(())
    }

    /// Unmaps checked pages.
    fn remove(&mut self, pages: Pages, frames: &mut Frames) -> Result<(), MemoryError> {
        self.regions.check_split(pages)?;
        // The tables that served them alone go too, so that no series of mappings
        // leaves more and more of those behind.
        self.regions.clear(pages);
        self.empty(pages, frames);
        Ok(())
    }

    /// Unmaps what is mapped of pages that are in no region.
    fn empty(&mut self, pages: Pages, frames: &mut Frames) {
        let hole = self.regions.hole_around(pages);
        self.change(|space| {
            space.unmap(pages, frames);
            space.free_tables(pages, &hole, frames);
        });
        flush(pages);
    }

    fn set_rights(&mut self, pages: Pages, protection: Protection) {
        self.change(|space| space.protect(pages, rights(protection)));
        flush(pages);
    }

    /// Changes the page tables, as a segment.
    #[inline(always)]
    fn change<R>(&mut self, work: impl FnOnce(&mut AddressSpace) -> R) -> R {
        let probe = step::span::<{ segments::PAGE_TABLE.get() }>();
        let done = work(&mut self.space);
        probe.end();
        done
    }
}

/// Makes the processor forget pages that changed, as a segment.
#[inline(always)]
fn flush(pages: Pages) {
    let probe = step::span::<{ segments::TLB_FLUSH.get() }>();
    tlb::flush(pages);
    probe.end();
}

/// Which part of an object is to be mapped where.
#[derive(Clone, Copy, Debug)]
pub struct ObjectPart {
    /// Where; 0 for wherever there is room.
    pub hint: u64,
    /// First byte of the object.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// With which rights.
    pub protection: Protection,
}
