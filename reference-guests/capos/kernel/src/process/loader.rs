//! From a file in the boot image to a process that can run.
//!
//! All pages are filled before the process starts: a program's `.bss` is zeroed
//! here, at spawn, and not when it is touched.

use super::{Parts, Pid, Process};
use crate::arch::syscall::UserContext;
use crate::capability::Object;
use crate::memory::address_space::AddressSpace;
use crate::memory::frames::Frames;
use crate::memory::program_memory::ProgramMemory;
use crate::memory::{OutOfMemory, PhysAddr, Rights};
use alloc::boxed::Box;
use guest_abi::capset;
use guest_abi::layout::{CAPSET_VADDR, PAGE_SIZE, RING_VADDR, STACK_BOTTOM, STACK_TOP, TLS_BASE};
use kernel_core::capability_table::{CapabilityTable, Hold};
use kernel_core::elf::{ElfError, Executable, Segment, Tls};

/// Why a program cannot be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The file is no program the kernel runs.
    Elf(ElfError),
    /// A capability's name is empty, too long or used twice.
    BadName,
    /// More capabilities than a CapSet or a table holds.
    TooManyCapabilities,
    /// Not enough memory.
    OutOfMemory,
}

impl From<OutOfMemory> for LoadError {
    fn from(_: OutOfMemory) -> Self {
        Self::OutOfMemory
    }
}

impl From<ElfError> for LoadError {
    fn from(error: ElfError) -> Self {
        Self::Elf(error)
    }
}

const USER_DATA: Rights = Rights {
    user: true,
    write: true,
    execute: false,
};
const USER_READ: Rights = Rights {
    user: true,
    write: false,
    execute: false,
};

/// Makes a process from an executable and its named capabilities, whose first thread
/// begins with this stack pointer.
pub fn load<'n>(
    kernel_space: &AddressSpace,
    frames: &mut Frames,
    pid: Pid,
    name: &str,
    file: &[u8],
    stack_pointer: u64,
    grants: impl Iterator<Item = (&'n str, Hold<Object>)>,
) -> Result<Box<Process>, LoadError> {
    let executable = Executable::parse(file)?;
    let mut space = kernel_space.for_program(frames)?;
    let loaded = fill(&mut space, frames, &executable).and_then(|pages| {
        let capabilities = grant(pages.capset, grants)?;
        Ok((pages, capabilities))
    });
    let (pages, capabilities) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            // SAFETY: the tree was never loaded.
            unsafe { space.free(frames) };
            return Err(error);
        }
    };
    let arguments = [RING_VADDR, u64::from(pid.0), CAPSET_VADDR];
    Ok(Box::new(Process::new(Parts {
        pid,
        name,
        context: UserContext::new(executable.entry, stack_pointer, arguments),
        fs_base: pages.thread_pointer,
        capabilities,
        memory: ProgramMemory::new(space),
        ring: pages.ring,
        capset: pages.capset,
    })))
}

struct Pages {
    ring: PhysAddr,
    capset: PhysAddr,
    /// Where the first thread's own storage is; 0 if it has none.
    thread_pointer: u64,
}

fn fill(
    space: &mut AddressSpace,
    frames: &mut Frames,
    executable: &Executable<'_>,
) -> Result<Pages, LoadError> {
    for segment in executable.segments() {
        load_segment(space, frames, &segment)?;
    }
    for page in (STACK_BOTTOM..STACK_TOP).step_by(PAGE_SIZE as usize) {
        map_new(space, frames, page, USER_DATA)?;
    }
    let thread_pointer = match &executable.tls {
        Some(tls) => load_tls(space, frames, tls)?,
        None => 0,
    };
    Ok(Pages {
        thread_pointer,
        ring: map_new(space, frames, RING_VADDR, USER_DATA)?,
        capset: map_new(space, frames, CAPSET_VADDR, USER_READ)?,
    })
}

fn map_new(
    space: &mut AddressSpace,
    frames: &mut Frames,
    page: u64,
    rights: Rights,
) -> Result<PhysAddr, OutOfMemory> {
    let frame = frames.allocate()?;
    match space.map(page, frame, rights, frames) {
        Ok(()) => Ok(frame),
        Err(error) => {
            frames.release(frame);
            Err(error)
        }
    }
}

fn load_segment(
    space: &mut AddressSpace,
    frames: &mut Frames,
    segment: &Segment<'_>,
) -> Result<(), LoadError> {
    let rights = Rights {
        user: true,
        write: segment.writable,
        execute: segment.executable,
    };
    for page in (segment.first_page()..segment.page_end()).step_by(PAGE_SIZE as usize) {
        let frame = map_new(space, frames, page, rights)?;
        fill_page(frame, page, segment.address, segment.bytes);
    }
    Ok(())
}

/// Copies the part of some bytes, which are to start at an address, that lies in a
/// page.
fn fill_page(frame: PhysAddr, page: u64, address: u64, bytes: &[u8]) {
    let start = page.max(address);
    let end = (page + PAGE_SIZE).min(address + bytes.len() as u64);
    if start < end {
        let bytes = &bytes[(start - address) as usize..(end - address) as usize];
        let target = PhysAddr(frame.0 + (start - page)).pointer::<u8>();
        // SAFETY: the range lies inside the frame, which is ours alone.
        unsafe { target.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    }
}

/// Sets up the first thread's own storage: the template right below the thread
/// pointer, which points to itself, as programs for this processor expect. The thread
/// pointer.
fn load_tls(
    space: &mut AddressSpace,
    frames: &mut Frames,
    tls: &Tls<'_>,
) -> Result<u64, LoadError> {
    // At a page, so that it has whatever alignment the template wants.
    let pointer = TLS_BASE + tls.distance.next_multiple_of(PAGE_SIZE);
    let start = pointer - tls.distance;
    for page in (TLS_BASE..=pointer).step_by(PAGE_SIZE as usize) {
        let frame = map_new(space, frames, page, USER_DATA)?;
        fill_page(frame, page, start, tls.bytes);
        fill_page(frame, page, pointer, &pointer.to_le_bytes());
    }
    Ok(pointer)
}

/// Fills the capability table and the CapSet page, in grant order.
fn grant<'n>(
    page: PhysAddr,
    grants: impl Iterator<Item = (&'n str, Hold<Object>)>,
) -> Result<CapabilityTable<Object>, LoadError> {
    let mut table = CapabilityTable::default();
    let header = page.pointer::<capset::Header>();
    // SAFETY: entries start behind the header, inside the page.
    let entries = unsafe { header.add(1).cast::<capset::Entry>() };
    let mut count = 0;
    for (name, hold) in grants {
        if count == capset::MAX_ENTRIES {
            return Err(LoadError::TooManyCapabilities);
        }
        let interface_id = hold.interface_id;
        let id = table
            .insert(hold)
            .map_err(|_| LoadError::TooManyCapabilities)?;
        let entry = capset::Entry::new(name.as_bytes(), id, interface_id);
        let entry = entry.ok_or(LoadError::BadName)?;
        // SAFETY: `count` entries were written, and all lie inside the page.
        let named = unsafe { core::slice::from_raw_parts(entries, count) };
        if named.iter().any(|other| other.name() == entry.name()) {
            return Err(LoadError::BadName);
        }
        // SAFETY: the page has room for this many entries.
        unsafe { entries.add(count).write(entry) };
        count += 1;
    }
    let value = capset::Header {
        magic: capset::MAGIC,
        version: capset::VERSION,
        count: count as u32,
    };
    // SAFETY: the page starts with a header.
    unsafe { header.write(value) };
    Ok(table)
}
