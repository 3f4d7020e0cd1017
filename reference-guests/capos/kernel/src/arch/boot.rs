//! From the virtual machine's reset state to [`crate::kernel_main`].
//!
//! The PVH protocol enters in 32-bit protected mode without paging, with the
//! address of `hvm_start_info` in EBX. The code here maps the first GiB three
//! times (where it is, in the direct map, and under the kernel), turns on long
//! mode with no-execute and SSE, and calls Rust on the kernel stack. These tables
//! serve only until [`crate::memory`] has built the real ones.

use core::arch::global_asm;

/// Bytes of the kernel stack. There is one: the kernel never blocks.
pub const KERNEL_STACK_SIZE: usize = 64 * 1024;

/// The kernel stack.
#[repr(C, align(4096))]
pub struct KernelStack(core::cell::UnsafeCell<[u8; KERNEL_STACK_SIZE]>);

// SAFETY: only the processor uses it, as a stack.
unsafe impl Sync for KernelStack {}

/// The stack that boot, system calls and the scheduler run on.
#[unsafe(no_mangle)]
pub static KERNEL_STACK: KernelStack =
    KernelStack(core::cell::UnsafeCell::new([0; KERNEL_STACK_SIZE]));

global_asm!(
    r#"
    .section .note.Xen, "a", @note
    .balign 4
    .long 4, 8, 18              // XEN_ELFNOTE_PHYS32_ENTRY
    .asciz "Xen"
    .quad pvh_start

    .section .boot, "awx", @progbits
    .code32
    .global pvh_start
pvh_start:
    cld
    mov eax, cr4
    or eax, {cr4}
    mov cr4, eax
    mov eax, offset boot_pml4
    mov cr3, eax
    mov ecx, 0xc0000080         // EFER
    rdmsr
    or eax, {efer}
    wrmsr
    mov eax, cr0
    or eax, {cr0_set}
    and eax, ~{cr0_clear}
    mov cr0, eax
    lgdt [boot_gdt_pointer]
    // A far jump, as bytes: selector 8, the 64-bit code segment.
    .byte 0xea
    .long long_mode
    .word 8

    .code64
long_mode:
    mov ax, 16
    mov ss, ax
    xor eax, eax
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    movabs rsp, offset KERNEL_STACK + {stack_size}
    mov edi, ebx
    xor ebp, ebp
    movabs rax, offset kernel_main
    call rax
    ud2

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9a000000ffff    // 64-bit code
    .quad 0x00cf92000000ffff    // data
boot_gdt_pointer:
    .word 23
    .long boot_gdt

    .balign 4096
boot_pml4:
    .quad boot_pdpt_low + 3
    .fill 255, 8, 0
    .quad boot_pdpt_low + 3     // the direct map
    .fill 254, 8, 0
    .quad boot_pdpt_high + 3
boot_pdpt_low:
    .quad boot_pd + 3
    .fill 511, 8, 0
boot_pdpt_high:
    .fill 510, 8, 0
    .quad boot_pd + 3
    .quad 0
boot_pd:
    .set page, 0
    .rept 512
    .quad (page << 21) + 0x83
    .set page, page + 1
    .endr
    .text
    "#,
    cr4 = const (1 << 5) | (1 << 7) | (1 << 9) | (1 << 10), // PAE PGE OSFXSR OSXMMEXCPT
    efer = const (1 << 0) | (1 << 8) | (1 << 11),           // SCE LME NXE
    cr0_set = const (1u32 << 31) | (1 << 16) | (1 << 1) | 1, // PG WP MP PE
    cr0_clear = const (1 << 2),                              // EM
    stack_size = const KERNEL_STACK_SIZE,
);
