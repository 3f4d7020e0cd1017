//! Page tables.
//!
//! A program's address space shares the kernel half with all others: its top-level
//! entries are copied from the kernel's table, which therefore must have all of
//! them before the first program starts. Dropping is explicit ([`AddressSpace::free`]),
//! because frames go back to an allocator that a destructor cannot reach.

use super::frames::Frames;
use super::{OutOfMemory, PhysAddr, Rights};
use guest_abi::layout::PAGE_SIZE;
use x86_64::PhysAddr as HardwarePhysAddr;
use x86_64::registers::control::{Cr3, Cr3Flags};
use x86_64::structures::paging::page_table::{PageTableEntry, PageTableFlags as Flags};
use x86_64::structures::paging::{PageTable, PhysFrame};

/// Size of a large page.
pub const LARGE_PAGE: u64 = 2 << 20;
/// Entries of the top-level table that belong to programs.
const USER_ENTRIES: usize = 256;

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
        Ok(unsafe { &mut (&mut *table(current))[index(address, level)] })
    }
}

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
    frames.release(address);
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
