//! `hvm_start_info` of the PVH protocol.

use crate::memory::PhysAddr;
use core::ops::Range;

const MAGIC: u32 = 0x336e_c578;
/// Entries of the memory map and modules that are looked at.
const MAX_ENTRIES: u32 = 128;
const TYPE_RAM: u32 = 1;

#[derive(Clone, Copy)]
#[repr(C)]
struct RawStartInfo {
    magic: u32,
    version: u32,
    flags: u32,
    module_count: u32,
    modules: u64,
    command_line: u64,
    rsdp: u64,
    memory_map: u64,
    memory_map_entries: u32,
    reserved: u32,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct RawModule {
    address: u64,
    size: u64,
    command_line: u64,
    reserved: u64,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct RawMemory {
    address: u64,
    size: u64,
    kind: u32,
    reserved: u32,
}

/// The structure, checked.
pub struct StartInfo {
    address: PhysAddr,
    raw: RawStartInfo,
}

impl StartInfo {
    /// Reads the structure the firmware left.
    ///
    /// # Safety
    ///
    /// `address` must be what the PVH entry got in EBX, and the first GiB must be
    /// in the direct map.
    pub unsafe fn read(address: PhysAddr) -> Self {
        // SAFETY: the caller promises that the structure is there.
        let raw = unsafe { address.pointer::<RawStartInfo>().read_unaligned() };
        assert!(
            raw.magic == MAGIC && raw.version >= 1,
            "no PVH start info with a memory map: start with qemu -kernel"
        );
        Self { address, raw }
    }

    /// Ranges of usable memory: unsorted, perhaps overlapping.
    pub fn memory(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        (0..self.raw.memory_map_entries.min(MAX_ENTRIES)).filter_map(|index| {
            let entry = PhysAddr(self.raw.memory_map).pointer::<RawMemory>();
            // SAFETY: the firmware says that there are this many entries.
            let entry = unsafe { entry.add(index as usize).read_unaligned() };
            (entry.kind == TYPE_RAM && entry.size > 0)
                .then(|| entry.address..entry.address.saturating_add(entry.size))
        })
    }

    /// Where the boot image is.
    pub fn image_range(&self) -> Option<Range<u64>> {
        if self.raw.module_count == 0 {
            return None;
        }
        // SAFETY: the firmware says that there is a module.
        let module = unsafe {
            PhysAddr(self.raw.modules)
                .pointer::<RawModule>()
                .read_unaligned()
        };
        Some(module.address..module.address.saturating_add(module.size))
    }

    /// Memory that the firmware's own structures occupy.
    pub fn own_ranges(&self) -> [Range<u64>; 3] {
        let range = |start: u64, size: usize| start..start.saturating_add(size as u64);
        [
            range(self.address.0, size_of::<RawStartInfo>()),
            range(self.raw.modules, size_of::<RawModule>()),
            range(
                self.raw.memory_map,
                self.raw.memory_map_entries.min(MAX_ENTRIES) as usize * size_of::<RawMemory>(),
            ),
        ]
    }
}
