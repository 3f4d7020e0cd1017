//! The capabilities the program was started with.

use guest_abi::capset::{Entry, Header, MAGIC, MAX_ENTRIES, VERSION};
use guest_abi::layout::CAPSET_VADDR;

/// Whether the page is what it should be.
pub fn is_valid() -> bool {
    // SAFETY: the kernel maps the page before the program starts.
    let header = unsafe { &*(CAPSET_VADDR as *const Header) };
    header.magic == MAGIC && header.version == VERSION && header.count as usize <= MAX_ENTRIES
}

/// All capabilities, in grant order.
pub fn entries() -> &'static [Entry] {
    let header = CAPSET_VADDR as *const Header;
    // SAFETY: checked at the start (`is_valid`); the page never changes.
    unsafe { core::slice::from_raw_parts(header.add(1).cast(), (*header).count as usize) }
}

/// The capability of this name and interface.
pub fn find(name: &str, interface_id: u64) -> Option<u32> {
    let is_it = |e: &&Entry| e.name() == name.as_bytes() && e.interface_id == interface_id;
    entries().iter().find(is_it).map(|entry| entry.cap_id)
}
