//! The heap, in `.bss`: the kernel zeroes it at spawn.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::{self, NonNull};
use linked_list_allocator::Heap;

/// Bytes of the heap: samples of the longest row, and messages.
const SIZE: usize = 1 << 20;

#[repr(C, align(4096))]
struct Memory(UnsafeCell<[u8; SIZE]>);

// SAFETY: handed to the heap once, which hands out disjoint blocks.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new([0; SIZE]));

struct ProgramHeap(UnsafeCell<Heap>);

// SAFETY: a program has one thread and no signals: accesses never overlap.
unsafe impl Sync for ProgramHeap {}

#[global_allocator]
static HEAP: ProgramHeap = ProgramHeap(UnsafeCell::new(Heap::empty()));

/// Gives the heap its memory.
///
/// # Safety
///
/// Once, before the first allocation.
pub unsafe fn init() {
    // SAFETY: once, so nobody else has the heap or its memory.
    unsafe { (*HEAP.0.get()).init(MEMORY.0.get().cast(), SIZE) };
}

// SAFETY: the heap hands out disjoint, aligned blocks.
unsafe impl GlobalAlloc for ProgramHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: see `Sync` above.
        let heap = unsafe { &mut *self.0.get() };
        heap.allocate_first_fit(layout)
            .map_or(ptr::null_mut(), NonNull::as_ptr)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: see `Sync` above; the block came from `alloc`.
        unsafe { (*self.0.get()).deallocate(NonNull::new_unchecked(pointer), layout) };
    }
}
