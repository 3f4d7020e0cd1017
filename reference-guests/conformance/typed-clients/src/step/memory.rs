//! `VirtualMemory`.

use crate::failure::{Failure, must, must_be_refused};
use crate::granted;
use capos::syscall::CAP_ENTER_WAIT_FOREVER;
use capos::{
    CapSet, ExceptionType, RuntimeRingClient, VM_PROT_EXEC, VM_PROT_READ, VM_PROT_WRITE,
    VirtualMemoryClient,
};

const PAGE: u64 = 4096;
const PAGES: u64 = 3;
const SIZE: u64 = PAGES * PAGE;
const READ_WRITE: u32 = VM_PROT_READ | VM_PROT_WRITE;

pub fn map(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let (mut memory, address) = mapped(ring, capset)?;
    for page in 0..PAGES {
        let word = word(address + page * PAGE);
        // SAFETY: mapped just now, for reading and writing, and nobody else knows it.
        let (before, after) = unsafe {
            let before = word.read_volatile();
            word.write_volatile(pattern(page));
            (before, word.read_volatile())
        };
        must!(before == 0, "page {page} began with {before:#x}");
        must!(after == pattern(page), "page {page} held {after:#x}");
    }
    memory.unmap_wait(ring, address, SIZE, CAP_ENTER_WAIT_FOREVER)?;
    Ok(())
}

pub fn protect(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let (mut memory, address) = mapped(ring, capset)?;
    for page in 0..PAGES {
        // SAFETY: mapped for writing.
        unsafe { word(address + page * PAGE).write_volatile(pattern(page)) };
    }
    memory.protect_wait(ring, address, PAGE, VM_PROT_READ, CAP_ENTER_WAIT_FOREVER)?;
    for page in 0..PAGES {
        // SAFETY: still mapped for reading.
        let held = unsafe { word(address + page * PAGE).read_volatile() };
        must!(held == pattern(page), "page {page} held {held:#x}");
    }
    memory.protect_wait(ring, address, PAGE, READ_WRITE, CAP_ENTER_WAIT_FOREVER)?;
    // SAFETY: mapped for writing again.
    unsafe { word(address).write_volatile(pattern(9)) };
    memory.unmap_wait(ring, address, SIZE, CAP_ENTER_WAIT_FOREVER)?;
    Ok(())
}

pub fn refusal(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let (mut memory, address) = mapped(ring, capset)?;
    let both = VM_PROT_WRITE | VM_PROT_EXEC;
    let refused = Some(ExceptionType::InvalidArgument);
    let answer = memory.protect_wait(ring, address, PAGE, both, CAP_ENTER_WAIT_FOREVER);
    must_be_refused(answer, refused)?;
    let answer = memory.map_wait(ring, 0, PAGE, both, CAP_ENTER_WAIT_FOREVER);
    must_be_refused(answer, refused)?;
    memory.unmap_wait(ring, address, SIZE, CAP_ENTER_WAIT_FOREVER)?;
    Ok(())
}

pub fn unmap(ring: &mut RuntimeRingClient<'_>, capset: CapSet) -> Result<(), Failure> {
    let (mut memory, address) = mapped(ring, capset)?;
    memory.unmap_wait(ring, address, SIZE, CAP_ENTER_WAIT_FOREVER)?;
    // The place is free again, and clean.
    let again = memory.map_wait(ring, address, SIZE, READ_WRITE, CAP_ENTER_WAIT_FOREVER)?;
    // SAFETY: mapped just now, for reading.
    let held = unsafe { word(again).read_volatile() };
    must!(held == 0, "a new page began with {held:#x}");
    memory.unmap_wait(ring, again, SIZE, CAP_ENTER_WAIT_FOREVER)?;
    Ok(())
}

fn mapped(
    ring: &mut RuntimeRingClient<'_>,
    capset: CapSet,
) -> Result<(VirtualMemoryClient, u64), Failure> {
    let mut memory: VirtualMemoryClient = granted(capset, "virtual_memory")?;
    let address = memory.map_wait(ring, 0, SIZE, READ_WRITE, CAP_ENTER_WAIT_FOREVER)?;
    must!(
        address != 0 && address.is_multiple_of(PAGE),
        "mapped at {address:#x}"
    );
    Ok((memory, address))
}

fn word(address: u64) -> *mut u64 {
    address as *mut u64
}

fn pattern(page: u64) -> u64 {
    0x5ca1_ab1e_0000_0000 + page
}
