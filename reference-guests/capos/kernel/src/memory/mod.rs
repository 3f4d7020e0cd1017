//! Memory: frames, page tables, the kernel's own map, the heap.
//!
//! ```text
//! 0x0000_0000_0000_0000  the running program
//! 0xffff_8000_0000_0000  direct map: all memory, writable, never executable
//! 0xffff_e000_0000_0000  device registers, uncached
//! 0xffff_ffff_8000_0000  the kernel: text, read-only data, data with the heap
//! ```
//!
//! No page is both writable and executable. The kernel's text and read-only data
//! are read-only in the direct map too.

pub mod address_space;
pub mod frames;
pub mod kernel_map;
pub mod object;
pub mod program_memory;

/// Start of the direct map.
pub const DIRECT_MAP: u64 = 0xffff_8000_0000_0000;
/// Where device registers are mapped, at their physical offset.
pub const DEVICE_BASE: u64 = 0xffff_e000_0000_0000;
/// Distance of the kernel from where it is loaded.
pub const KERNEL_BASE: u64 = 0xffff_ffff_8000_0000;

/// A physical address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhysAddr(pub u64);

impl PhysAddr {
    /// The memory there, through the direct map.
    pub fn pointer<T>(self) -> *mut T {
        (DIRECT_MAP + self.0) as *mut T
    }

    /// Where memory of the kernel's image or of the direct map really is.
    pub fn of<T: ?Sized>(pointer: *const T) -> Self {
        let address = pointer.cast::<u8>() as u64;
        if address >= KERNEL_BASE {
            Self(address - KERNEL_BASE)
        } else {
            Self(address - DIRECT_MAP)
        }
    }
}

/// What a mapping allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rights {
    /// Programs may use it.
    pub user: bool,
    /// It may be written.
    pub write: bool,
    /// It may be executed.
    pub execute: bool,
}

impl Rights {
    /// Kernel data.
    pub const KERNEL_DATA: Self = Self {
        user: false,
        write: true,
        execute: false,
    };
    /// Kernel constants.
    pub const KERNEL_READ: Self = Self {
        user: false,
        write: false,
        execute: false,
    };
    /// Kernel text.
    pub const KERNEL_TEXT: Self = Self {
        user: false,
        write: false,
        execute: true,
    };
}

/// No frame is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;
