//! The kernel's own map and heap.

use super::address_space::{AddressSpace, LARGE_PAGE};
use super::frames::Frames;
use super::{DEVICE_BASE, DIRECT_MAP, KERNEL_BASE, OutOfMemory, PhysAddr, Rights};
use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::NonNull;
use linked_list_allocator::Heap;

/// Bytes of the heap: processes, capability tables and messages of eight
/// processes, with room to spare.
const HEAP_SIZE: usize = 4 << 20;
/// Device registers are placed in the last part of the 32-bit address space.
const DEVICE_START: u64 = 0xc000_0000;
/// End of the 32-bit address space.
const DEVICE_END: u64 = 1 << 32;

unsafe extern "C" {
    static kernel_start: u8;
    static text_end: u8;
    static rodata_end: u8;
    static kernel_end: u8;
}

/// Where the kernel's image ends.
pub fn image_end() -> PhysAddr {
    PhysAddr::of(&raw const kernel_end)
}

/// Builds the kernel's map, moves to it and starts the heap.
///
/// # Safety
///
/// Once, at boot, on the boot page tables.
pub unsafe fn init(frames: &mut Frames) -> Result<AddressSpace, OutOfMemory> {
    let mut space = AddressSpace::new(frames)?;
    map_kernel(&mut space, frames)?;
    map_memory(&mut space, frames)?;
    space.map_device(
        DEVICE_BASE + DEVICE_START,
        PhysAddr(DEVICE_START),
        DEVICE_END - DEVICE_START,
        frames,
    )?;
    // SAFETY: the kernel and all memory are mapped where they were.
    unsafe { space.activate() };
    // SAFETY: mapped with the kernel's data, used by nobody.
    unsafe { (*HEAP.0.get()).init(HEAP_MEMORY.0.get().cast(), HEAP_SIZE) };
    Ok(space)
}

/// Device registers at a physical address.
#[inline]
pub fn device(address: u64) -> *mut u8 {
    assert!(
        (DEVICE_START..DEVICE_END).contains(&address),
        "device registers at {address:#x} are outside of what is mapped"
    );
    (DEVICE_BASE + address) as *mut u8
}

fn map_kernel(space: &mut AddressSpace, frames: &mut Frames) -> Result<(), OutOfMemory> {
    let parts = [
        (
            &raw const kernel_start,
            &raw const text_end,
            Rights::KERNEL_TEXT,
        ),
        (
            &raw const text_end,
            &raw const rodata_end,
            Rights::KERNEL_READ,
        ),
        (
            &raw const rodata_end,
            &raw const kernel_end,
            Rights::KERNEL_DATA,
        ),
    ];
    for (start, end, rights) in parts {
        let (start, end) = (start as u64, end as u64);
        let from = PhysAddr(start - KERNEL_BASE);
        space.map_range(start, from, end - start, rights, frames)?;
    }
    Ok(())
}

/// The direct map: everything writable except what the kernel must not write.
fn map_memory(space: &mut AddressSpace, frames: &mut Frames) -> Result<(), OutOfMemory> {
    let fixed_start = PhysAddr::of(&raw const kernel_start).0;
    let fixed_end = PhysAddr::of(&raw const rodata_end).0;
    let memory_end = frames.memory_end().next_multiple_of(LARGE_PAGE);
    let parts = [
        (0, fixed_start, Rights::KERNEL_DATA),
        (fixed_start, fixed_end, Rights::KERNEL_READ),
        (fixed_end, memory_end, Rights::KERNEL_DATA),
    ];
    for (start, end, rights) in parts {
        space.map_range(
            DIRECT_MAP + start,
            PhysAddr(start),
            end - start,
            rights,
            frames,
        )?;
    }
    Ok(())
}

struct HeapMemory(UnsafeCell<[u8; HEAP_SIZE]>);

// SAFETY: only the heap uses it.
unsafe impl Sync for HeapMemory {}

static HEAP_MEMORY: HeapMemory = HeapMemory(UnsafeCell::new([0; HEAP_SIZE]));

struct KernelHeap(UnsafeCell<Heap>);

// SAFETY: one processor, interrupts off, and no allocation in exception handlers
// that return: accesses never overlap.
unsafe impl Sync for KernelHeap {}

#[global_allocator]
static HEAP: KernelHeap = KernelHeap(UnsafeCell::new(Heap::empty()));

// SAFETY: the heap hands out disjoint blocks of the mapped range.
unsafe impl GlobalAlloc for KernelHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see `Sync` above.
        let heap = unsafe { &mut *self.0.get() };
        heap.allocate_first_fit(layout)
            .map_or(core::ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: see `Sync` above; the block came from `alloc`.
        unsafe { (*self.0.get()).deallocate(NonNull::new_unchecked(pointer), layout) };
    }
}
