//! Interrupts and exceptions.
//!
//! Every vector has an interrupt stack, because the prebuilt `core` may use the
//! red zone below the stack pointer. The timer's interrupt has an entry of its own
//! ([`super::syscall::timer_entry`]); everything else that arrives is an exception:
//! of a program, which ends that program, or of the kernel, which is a panic. One
//! exception is repaired: a page fault inside a user copy makes the copy return
//! short.

use super::cpu::InterruptStack;
use super::{local_apic, syscall};
use core::arch::global_asm;
use core::cell::UnsafeCell;
use x86_64::VirtAddr;
use x86_64::structures::idt::InterruptDescriptorTable;

/// What the processor and the stub pushed.
#[derive(Debug)]
#[repr(C)]
pub struct ExceptionFrame {
    registers: [u64; 15],
    /// Which exception.
    pub vector: u64,
    /// Its error code, 0 if it has none.
    pub error: u64,
    /// The instruction that caused it.
    pub instruction: u64,
    code_segment: u64,
    flags: u64,
    /// The stack pointer there.
    pub stack: u64,
    stack_segment: u64,
}

impl ExceptionFrame {
    /// Whether a program caused it.
    pub fn is_from_user(&self) -> bool {
        self.code_segment & 3 == 3
    }
}

/// Bytes of code between two entry stubs.
const STUB_SIZE: u64 = 16;
/// Vectors up to here are the processor's; the rest share one stub's shape.
const VECTORS: usize = 256;
const PAGE_FAULT: usize = 14;
const TIMER: usize = local_apic::TIMER as usize;
const SPURIOUS: usize = local_apic::SPURIOUS as usize;

unsafe extern "C" {
    static exception_stubs: u8;
    static page_fault_entry: u8;
}

global_asm!(
    r#"
    .section .text.exceptions, "ax", @progbits
    .balign 16
exception_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    // Vectors 8, 10-14, 17, 21, 29 and 30 push an error code themselves.
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
    push 0
    .endif
    push vector
    jmp exception_common
    .set vector, vector + 1
    .endr

    // A page fault of a user copy goes on at the copy's short exit. Done before
    // any Rust code, so that no register of the copy changes.
    .balign 16
page_fault_entry:
    push rax
    push rcx
    mov rax, [rsp + 24]
    lea rcx, [rip + user_copy_start]
    cmp rax, rcx
    jb 1f
    lea rcx, [rip + user_copy_end]
    cmp rax, rcx
    jae 1f
    lea rcx, [rip + user_copy_fault]
    mov [rsp + 24], rcx
    pop rcx
    pop rax
    add rsp, 8
    iretq
1:  pop rcx
    pop rax
    push 14
exception_common:
    cld
    push rax
    push rbx
    push rcx
    push rdx
    push rsi
    push rdi
    push rbp
    push r8
    push r9
    push r10
    push r11
    push r12
    push r13
    push r14
    push r15
    mov rdi, rsp
    and rsp, -16
    call {handler}
    ud2
    .text
    "#,
    handler = sym exception,
);

struct Table(UnsafeCell<InterruptDescriptorTable>);

// SAFETY: written once by `init` before it is loaded.
unsafe impl Sync for Table {}

static TABLE: Table = Table(UnsafeCell::new(InterruptDescriptorTable::new()));

/// Fills and loads the interrupt table.
///
/// # Safety
///
/// Once, at boot, after the interrupt stacks were set up.
pub unsafe fn init() {
    // The crate's typed table cannot be indexed by vector for all of them, and a
    // table is 256 entries of one shape whatever their types say.
    let entries = TABLE.0.get().cast::<[GateDescriptor; VECTORS]>();
    for vector in 0..VECTORS {
        let handler = match vector {
            PAGE_FAULT => VirtAddr::from_ptr(&raw const page_fault_entry),
            TIMER => VirtAddr::from_ptr(syscall::timer_entry as *const ()),
            SPURIOUS => VirtAddr::from_ptr(syscall::spurious_entry as *const ()),
            _ => VirtAddr::from_ptr(&raw const exception_stubs) + vector as u64 * STUB_SIZE,
        };
        // SAFETY: once, so nobody else has a reference; both are 4096 bytes.
        unsafe { (*entries)[vector] = GateDescriptor::new(handler, stack_of(vector)) };
    }
    // SAFETY: the table lives in a static, and every entry leads to a handler.
    unsafe { (*TABLE.0.get()).load_unsafe() };
}

fn stack_of(vector: usize) -> InterruptStack {
    match vector {
        2 => InterruptStack::NonMaskable,
        8 => InterruptStack::DoubleFault,
        PAGE_FAULT => InterruptStack::PageFault,
        18 => InterruptStack::MachineCheck,
        _ => InterruptStack::General,
    }
}

/// One interrupt gate: 64 bits, ring 0, interrupts off.
#[derive(Clone, Copy)]
#[repr(C)]
struct GateDescriptor {
    low: u64,
    high: u64,
}

impl GateDescriptor {
    const KERNEL_CODE: u64 = 0x08;
    const PRESENT_INTERRUPT_GATE: u64 = 0x8e;

    fn new(handler: VirtAddr, stack: InterruptStack) -> Self {
        let address = handler.as_u64();
        Self {
            low: address & 0xffff
                | Self::KERNEL_CODE << 16
                | (stack as u64 + 1) << 32
                | Self::PRESENT_INTERRUPT_GATE << 40
                | (address >> 16 & 0xffff) << 48,
            high: address >> 32,
        }
    }
}

const _: () = assert!(size_of::<InterruptDescriptorTable>() == VECTORS * 16);

/// Names of the processor's exceptions, for reports.
pub fn name(vector: u64) -> &'static str {
    match vector {
        0 => "divide error",
        1 => "debug",
        2 => "non-maskable interrupt",
        3 => "breakpoint",
        4 => "overflow",
        5 => "bound range",
        6 => "invalid opcode",
        7 => "device not available",
        8 => "double fault",
        10 => "invalid task state",
        11 => "segment not present",
        12 => "stack fault",
        13 => "general protection",
        14 => "page fault",
        16 => "x87 fault",
        17 => "alignment check",
        18 => "machine check",
        19 => "SIMD fault",
        _ => "interrupt",
    }
}

/// Every exception that was not repaired ends here. A program's ends the program
/// and goes on with another; this stack is then simply left.
extern "C" fn exception(frame: &ExceptionFrame) -> ! {
    let address = match frame.vector as usize {
        PAGE_FAULT => x86_64::registers::control::Cr2::read_raw(),
        _ => 0,
    };
    if frame.is_from_user() && frame.vector != 2 && frame.vector != 18 {
        crate::process::fault(frame, address)
    }
    panic!(
        "{} in the kernel at {:#x} (error {:#x}, address {address:#x}, stack {:#x})",
        name(frame.vector),
        frame.instruction,
        frame.error,
        frame.stack,
    );
}
