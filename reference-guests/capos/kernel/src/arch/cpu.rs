//! Segments, task state and control registers of the one processor.

use super::syscall;
use core::arch::x86_64::{__cpuid, __cpuid_count};
use core::cell::UnsafeCell;
use x86_64::VirtAddr;
use x86_64::instructions::segmentation::{CS, DS, ES, FS, GS, SS, Segment};
use x86_64::instructions::tables::load_tss;
use x86_64::registers::control::{Cr0, Cr0Flags, Cr4, Cr4Flags};
use x86_64::registers::model_specific::{FsBase, LStar, Msr, SFMask};
use x86_64::registers::rflags::RFlags;
use x86_64::structures::gdt::{Descriptor, GlobalDescriptorTable, SegmentSelector};
use x86_64::structures::tss::TaskStateSegment;

/// Bytes of each interrupt stack.
const INTERRUPT_STACK_SIZE: usize = 16 * 1024;
/// Interrupt stacks: one for ordinary vectors, and one each for what may arrive
/// while a handler runs.
const INTERRUPT_STACKS: usize = 5;

/// Which interrupt stack a vector uses (an IST index, from 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum InterruptStack {
    /// Every vector not named below.
    General = 0,
    /// Non-maskable interrupt.
    NonMaskable = 1,
    /// Double fault.
    DoubleFault = 2,
    /// Machine check.
    MachineCheck = 3,
    /// Page fault: a user copy may take one inside a handler.
    PageFault = 4,
}

#[repr(C, align(16))]
struct Stacks(UnsafeCell<[[u8; INTERRUPT_STACK_SIZE]; INTERRUPT_STACKS]>);

// SAFETY: only the processor uses them, as stacks.
unsafe impl Sync for Stacks {}

static STACKS: Stacks = Stacks(UnsafeCell::new(
    [[0; INTERRUPT_STACK_SIZE]; INTERRUPT_STACKS],
));

struct Tables(UnsafeCell<(GlobalDescriptorTable, TaskStateSegment)>);

// SAFETY: written once by `init` before anything can read it.
unsafe impl Sync for Tables {}

static TABLES: Tables = Tables(UnsafeCell::new((
    GlobalDescriptorTable::new(),
    TaskStateSegment::new(),
)));

/// Selector base of `sysret`: the stack segment is 8 above it, code 16.
const SYSRET_BASE: u64 = 0x10 | 3;
/// Selector of a program's stack and data.
pub const USER_DATA: u64 = 0x18 | 3;
/// Selector of a program's code.
pub const USER_CODE: u64 = 0x20 | 3;
/// Selector of kernel code, base of `syscall`.
const SYSCALL_BASE: u64 = 0x08;
const MSR_STAR: u32 = 0xc000_0081;

/// Loads segments and interrupt stacks and turns on the protections the kernel
/// relies on.
///
/// # Safety
///
/// Once, at boot, before any interrupt.
pub unsafe fn init() {
    require_features();
    // SAFETY: once, so nobody else has a reference.
    let (gdt, tss) = unsafe { &mut *TABLES.0.get() };
    // The structure is packed: whole arrays are assigned, never borrowed.
    let mut interrupt_stacks = [VirtAddr::zero(); 7];
    for (index, stack) in interrupt_stacks[..INTERRUPT_STACKS].iter_mut().enumerate() {
        let base = STACKS.0.get() as u64;
        *stack = VirtAddr::new(base + ((index + 1) * INTERRUPT_STACK_SIZE) as u64);
    }
    tss.interrupt_stack_table = interrupt_stacks;
    let kernel_code = gdt.append(Descriptor::kernel_code_segment());
    let kernel_data = gdt.append(Descriptor::kernel_data_segment());
    gdt.append(Descriptor::user_data_segment());
    gdt.append(Descriptor::user_code_segment());
    // SAFETY: the task state lives in a static and is not changed any more.
    let task = gdt.append(unsafe { Descriptor::tss_segment_unchecked(tss) });
    // SAFETY: the table lives in a static; the selectors are its own.
    unsafe {
        gdt.load_unsafe();
        CS::set_reg(kernel_code);
        SS::set_reg(kernel_data);
        load_tss(task);
        protect();
        Msr::new(MSR_STAR).write(SYSRET_BASE << 48 | SYSCALL_BASE << 32);
    }
    switch_segments(0);
    LStar::write(VirtAddr::from_ptr(syscall::entry as *const ()));
    // Interrupts stay off in the kernel; direction, trap, nested-task and
    // alignment flags of the program must not follow it in.
    SFMask::write(
        RFlags::INTERRUPT_FLAG
            | RFlags::DIRECTION_FLAG
            | RFlags::TRAP_FLAG
            | RFlags::NESTED_TASK
            | RFlags::ALIGNMENT_CHECK,
    );
}

/// Clears the data segments, which programs may change and nothing restores: no
/// program sees what another left there. Then sets where FS-relative addresses
/// begin, a thread's own.
pub fn switch_segments(fs_base: u64) {
    // SAFETY: long mode uses none of them, and this kernel neither; the base is in
    // the user half and only programs use it.
    unsafe {
        DS::set_reg(SegmentSelector::NULL);
        ES::set_reg(SegmentSelector::NULL);
        FS::set_reg(SegmentSelector::NULL);
        GS::set_reg(SegmentSelector::NULL);
    }
    set_fs_base(fs_base);
}

/// Sets where FS-relative addresses begin.
pub fn set_fs_base(fs_base: u64) {
    FsBase::write(VirtAddr::new(fs_base));
}

/// No-execute and SSE are on since boot; here supervisor code loses the right to
/// run or touch user pages by accident, and user code that to see descriptor
/// tables or counters other than the time-stamp counter.
unsafe fn protect() {
    // SAFETY: the features were checked, and the kernel never runs user pages.
    unsafe {
        Cr4::update(|cr4| {
            *cr4 |= Cr4Flags::SUPERVISOR_MODE_EXECUTION_PROTECTION
                | Cr4Flags::SUPERVISOR_MODE_ACCESS_PREVENTION;
            if __cpuid_count(7, 0).ecx & (1 << 2) != 0 {
                *cr4 |= Cr4Flags::USER_MODE_INSTRUCTION_PREVENTION;
            }
        });
        Cr0::update(|cr0| *cr0 |= Cr0Flags::NUMERIC_ERROR | Cr0Flags::WRITE_PROTECT);
    }
}

fn require_features() {
    let structured = __cpuid_count(7, 0).ebx;
    let (smep, smap) = (structured & (1 << 7) != 0, structured & (1 << 20) != 0);
    assert!(
        smep && smap,
        "this kernel needs a processor with SMEP and SMAP; start QEMU with -cpu max"
    );
    let no_execute = __cpuid(0x8000_0001).edx & (1 << 20) != 0;
    assert!(
        no_execute,
        "this kernel needs a processor with no-execute pages"
    );
}
