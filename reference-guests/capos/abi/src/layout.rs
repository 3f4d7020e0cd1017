//! Where things are in a program's address space.

/// Size of a page and of a frame.
pub const PAGE_SIZE: u64 = 4096;

/// First address a program image may use.
pub const IMAGE_BASE: u64 = 0x20_0000;
/// End of the space for a program image (64 KiB below the stack, as a guard).
pub const IMAGE_LIMIT: u64 = 0xff_0000;

/// Lowest address of the main thread's stack.
pub const STACK_BOTTOM: u64 = 0x100_0000;
/// End of the main thread's stack: 16 pages.
pub const STACK_TOP: u64 = 0x101_0000;

/// Start of the thread-local storage region.
pub const TLS_BASE: u64 = 0x110_0000;
/// End of the thread-local storage region.
pub const TLS_LIMIT: u64 = 0x120_0000;

/// The ring page: one page, read and write.
pub const RING_VADDR: u64 = 0x120_0000;

/// The CapSet page: one page, read only.
pub const CAPSET_VADDR: u64 = 0x130_0000;

/// End of the user half of the address space.
pub const USER_LIMIT: u64 = 0x0000_8000_0000_0000;

/// Where a program may have memory mapped: from here. *Chosen*, far from what the
/// loader sets up, which lies in the first gigabyte.
pub const VM_BASE: u64 = 0x4000_0000;
/// To here. *Chosen*: the last page of the user half stays empty, because a `syscall`
/// at its very end would have to return to an address that the processor refuses.
pub const VM_LIMIT: u64 = USER_LIMIT - PAGE_SIZE;

/// Stack pointer at `_start`: code for the SSE calling convention expects to
/// have been called, so the pointer is 8 below a 16-byte boundary.
pub const ENTRY_STACK_POINTER: u64 = STACK_TOP - 8;
