//! Page tables.
//!
//! A program's address space shares the kernel half with all others: its top-level
//! entries are copied from the kernel's table, which therefore must have all of
//! them before the first program starts. Dropping is explicit ([`AddressSpace::free`]):
//! a destructor could not know that the tree is not the active one.
//!
//! Frames of a tree are its own and go back when their entry does, but for those of
//! memory objects, whose entries are marked.

use super::frames::Frames;
use super::{OutOfMemory, PhysAddr, Rights};
use core::ops::Range;
use guest_abi::layout::PAGE_SIZE;
use kernel_core::regions::Pages;
use x86_64::PhysAddr as HardwarePhysAddr;
use x86_64::registers::control::{Cr3, Cr3Flags};
use x86_64::structures::paging::page_table::{PageTableEntry, PageTableFlags as Flags};
use x86_64::structures::paging::{PageTable, PhysFrame};

/// Size of a large page.
pub const LARGE_PAGE: u64 = 2 << 20;
/// Entries of the top-level table that belong to programs.
const USER_ENTRIES: usize = 256;
/// Marks an entry whose frame belongs to an object. The processor ignores the bit.
const BORROWED: Flags = Flags::BIT_9;

/// A page table tree.
#[derive(Debug)]
pub struct AddressSpace {
    root: PhysAddr,
}

impl AddressSpace {
    /// An empty tree, for the kernel.
    pub fn new(frames: &mut Frames) -> Result<Self, OutOfMemory> {
        Ok(Self {
            root: frames.allocate()?,
        })
    }

    /// An empty program half and the kernel's half.
    pub fn for_program(&self, frames: &mut Frames) -> Result<Self, OutOfMemory> {
        let space = Self::new(frames)?;
        // SAFETY: both roots are page tables, and they are different frames.
        let (kernel, program) = unsafe { (&*table(self.root), &mut *table(space.root)) };
        for index in USER_ENTRIES..512 {
            program[index] = kernel[index].clone();
        }
        Ok(space)
    }

    /// Maps a page. It must not be mapped yet.
    pub fn map(
        &mut self,
        address: u64,
        frame: PhysAddr,
        rights: Rights,
        frames: &mut Frames,
    ) -> Result<(), OutOfMemory> {
        debug_assert!(!(rights.write && rights.execute), "a page is W or X");
        let entry = self.entry(address, 1, frames)?;
        debug_assert!(entry.is_unused(), "mapped once");
        entry.set_addr(HardwarePhysAddr::new(frame.0), flags(rights));
        Ok(())
    }

    /// Maps new frames, zeroed. After an error some of the pages are mapped.
    pub fn map_new(
        &mut self,
        pages: Pages,
        rights: Rights,
        frames: &mut Frames,
    ) -> Result<(), OutOfMemory> {
        self.fill(pages, flags(rights), frames, |_, frames| frames.allocate())
    }

    /// Maps an object's frames, which follow each other. After an error some of the
    /// pages are mapped.
    pub fn map_borrowed(
        &mut self,
        pages: Pages,
        first: PhysAddr,
        rights: Rights,
        frames: &mut Frames,
    ) -> Result<(), OutOfMemory> {
        let frame = |at| Ok(PhysAddr(first.0 + (at - pages.start())));
        self.fill(pages, flags(rights) | BORROWED, frames, |at, _| frame(at))
    }

    fn fill(
        &mut self,
        pages: Pages,
        flags: Flags,
        frames: &mut Frames,
        mut frame: impl FnMut(u64, &mut Frames) -> Result<PhysAddr, OutOfMemory>,
    ) -> Result<(), OutOfMemory> {
        for part in by_table(pages) {
            let table = self.table(part.start, 1, frames)?;
            for at in part.step_by(PAGE_SIZE as usize) {
                let entry = &mut table[index(at, 1)];
                debug_assert!(entry.is_unused(), "mapped once");
                entry.set_addr(HardwarePhysAddr::new(frame(at, frames)?.0), flags);
            }
        }
        Ok(())
    }

    /// Unmaps whatever is mapped there; frames that are not borrowed go back. The
    /// caller flushes before any program runs.
    pub fn unmap(&mut self, pages: Pages, frames: &mut Frames) {
        for part in by_table(pages) {
            let Some(table) = self.existing_table(part.start, 1) else {
                continue;
            };
            for at in part.step_by(PAGE_SIZE as usize) {
                let entry = &mut table[index(at, 1)];
                if !entry.is_unused() {
                    free_table(entry, 0, frames);
                    entry.set_unused();
                }
            }
        }
    }

    /// Gives other rights to whatever is mapped there. The caller flushes before any
    /// program runs.
    pub fn protect(&mut self, pages: Pages, rights: Rights) {
        for part in by_table(pages) {
            let Some(table) = self.existing_table(part.start, 1) else {
                continue;
            };
            for at in part.step_by(PAGE_SIZE as usize) {
                let entry = &mut table[index(at, 1)];
                if !entry.is_unused() {
                    let borrowed = entry.flags() & BORROWED;
                    entry.set_flags(flags(rights) | borrowed);
                }
            }
        }
    }

    /// Gives back the tables that pages were mapped through and that serve nothing
    /// but the hole around them. The caller flushes before any program runs.
    pub fn free_tables(&mut self, pages: Pages, hole: &Range<u64>, frames: &mut Frames) {
        // A table of level 1 serves 2 MiB, and each level above 512 times that.
        for level in 1..4 {
            let size = PAGE_SIZE << (9 * level);
            let mut start = pages.start() / size * size;
            while start < pages.end() {
                if start >= hole.start
                    && start + size <= hole.end
                    && let Some(table) = self.existing_table(start, level + 1)
                {
                    let entry = &mut table[index(start, level + 1)];
                    if !entry.is_unused() {
                        frames.release(PhysAddr(entry.addr().as_u64()));
                        entry.set_unused();
                    }
                }
                start += size;
            }
        }
    }

    /// Maps a range of physical memory, with large pages where it can.
    pub fn map_range(
        &mut self,
        address: u64,
        start: PhysAddr,
        length: u64,
        rights: Rights,
        frames: &mut Frames,
    ) -> Result<(), OutOfMemory> {
        let mut offset = 0;
        while offset < length {
            let (at, from) = (address + offset, start.0 + offset);
            let aligned = at % LARGE_PAGE == 0 && from % LARGE_PAGE == 0;
            if aligned && length - offset >= LARGE_PAGE {
                let entry = self.entry(at, 2, frames)?;
                entry.set_addr(
                    HardwarePhysAddr::new(from),
                    flags(rights) | Flags::HUGE_PAGE,
                );
                offset += LARGE_PAGE;
            } else {
                self.map(at, PhysAddr(from), rights, frames)?;
                offset += PAGE_SIZE;
            }
        }
        Ok(())
    }

    /// Maps device registers, uncached.
    pub fn map_device(
        &mut self,
        address: u64,
        start: PhysAddr,
        length: u64,
        frames: &mut Frames,
    ) -> Result<(), OutOfMemory> {
        for offset in (0..length).step_by(LARGE_PAGE as usize) {
            let entry = self.entry(address + offset, 2, frames)?;
            let uncached = Flags::NO_CACHE | Flags::WRITE_THROUGH | Flags::HUGE_PAGE;
            entry.set_addr(
                HardwarePhysAddr::new(start.0 + offset),
                flags(Rights::KERNEL_DATA) | uncached,
            );
        }
        Ok(())
    }

    /// Uses this tree from now on.
    ///
    /// # Safety
    ///
    /// It must map the kernel as it is mapped now.
    pub unsafe fn activate(&self) {
        let frame = PhysFrame::containing_address(HardwarePhysAddr::new(self.root.0));
        // SAFETY: the caller promises that the kernel stays mapped.
        unsafe { Cr3::write(frame, Cr3Flags::empty()) };
    }

    /// Gives back every frame of the program half, tables included, and the root.
    ///
    /// # Safety
    ///
    /// The tree must not be active, and no frame mapped in it may be in use.
    pub unsafe fn free(self, frames: &mut Frames) {
        // SAFETY: the root is a page table that nobody uses any more.
        let root = unsafe { &mut *table(self.root) };
        for entry in root.iter().take(USER_ENTRIES).filter(|e| !e.is_unused()) {
            free_table(entry, 3, frames);
        }
        frames.release(self.root);
    }

    /// The entry for an address at a level (1 = page, 2 = large page).
    fn entry(
        &mut self,
        address: u64,
        level: u32,
        frames: &mut Frames,
    ) -> Result<&mut PageTableEntry, OutOfMemory> {
        Ok(&mut self.table(address, level, frames)?[index(address, level)])
    }

    /// The table of a level that has the entry for an address.
    fn table(
        &mut self,
        address: u64,
        level: u32,
        frames: &mut Frames,
    ) -> Result<&mut PageTable, OutOfMemory> {
        let mut current = self.root;
        for depth in (level..4).rev() {
            // SAFETY: `current` is a page table of this tree, borrowed by `self`.
            let entry = unsafe { &mut (&mut *table(current))[index(address, depth + 1)] };
            if entry.is_unused() {
                let flags = Flags::PRESENT | Flags::WRITABLE | Flags::USER_ACCESSIBLE;
                entry.set_addr(HardwarePhysAddr::new(frames.allocate()?.0), flags);
            }
            debug_assert!(
                !entry.flags().contains(Flags::HUGE_PAGE),
                "no page is split"
            );
            current = PhysAddr(entry.addr().as_u64());
        }
        // SAFETY: as above.
        Ok(unsafe { &mut *table(current) })
    }

    /// The same, if there is one.
    fn existing_table(&mut self, address: u64, level: u32) -> Option<&mut PageTable> {
        let mut current = self.root;
        for depth in (level..4).rev() {
            // SAFETY: `current` is a page table of this tree, borrowed by `self`.
            let entry = unsafe { &(&*table(current))[index(address, depth + 1)] };
            if entry.is_unused() {
                return None;
            }
            current = PhysAddr(entry.addr().as_u64());
        }
        // SAFETY: as above.
        Some(unsafe { &mut *table(current) })
    }
}

/// The parts of a range that one table of the last level has entries for.
fn by_table(pages: Pages) -> impl Iterator<Item = Range<u64>> {
    let mut start = pages.start();
    core::iter::from_fn(move || {
        let part = start..pages.end().min((start / LARGE_PAGE + 1) * LARGE_PAGE);
        start = part.end;
        (!part.is_empty()).then_some(part)
    })
}

/// Gives back what an entry leads to, tables and frames.
fn free_table(entry: &PageTableEntry, level: u32, frames: &mut Frames) {
    let address = PhysAddr(entry.addr().as_u64());
    if level > 0 {
        // SAFETY: an entry above the last level points to a page table; programs
        // have no large pages.
        let children = unsafe { &*table(address) };
        for child in children.iter().filter(|e| !e.is_unused()) {
            free_table(child, level - 1, frames);
        }
    }
    if !entry.flags().contains(BORROWED) {
        frames.release(address);
    }
}

fn table(address: PhysAddr) -> *mut PageTable {
    address.pointer()
}

fn index(address: u64, level: u32) -> usize {
    (address >> (12 + 9 * (level - 1)) & 511) as usize
}

fn flags(rights: Rights) -> Flags {
    let mut flags = Flags::PRESENT;
    flags.set(Flags::USER_ACCESSIBLE, rights.user);
    flags.set(Flags::WRITABLE, rights.write);
    flags.set(Flags::NO_EXECUTE, !rights.execute);
    flags.set(Flags::GLOBAL, !rights.user);
    flags
}
