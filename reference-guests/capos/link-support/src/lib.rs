//! What the prebuilt `core` and `alloc` expect somebody else to define.
//!
//! Copies use SSE loops rather than `rep movs`: an emulator that counts
//! instructions counts every iteration of `rep`, so a copy would be priced by the
//! byte. They are assembly because the compiler would turn a Rust loop back into a
//! call of the very function it implements.
//!
//! Kernel and programs link this; host tests must not.

#![no_std]

use core::arch::global_asm;

global_asm!(
    r#"
    .section .text.memory_functions, "ax", @progbits

    .global memmove
memmove:
    mov rax, rdi
    sub rax, rsi
    cmp rax, rdx                // unsigned: destination inside the source?
    jb 5f
    // Falls through: a forward copy is right.
    .global memcpy
memcpy:
    mov rax, rdi
    sub rdx, 16
    jb 2f
1:  movups xmm0, [rsi]
    add rsi, 16
    movups [rdi], xmm0
    add rdi, 16
    sub rdx, 16
    jae 1b
2:  add rdx, 16
    test dl, 8
    jz 3f
    mov rcx, [rsi]
    add rsi, 8
    mov [rdi], rcx
    add rdi, 8
3:  and edx, 7
    jz 4f
31: mov cl, [rsi]
    inc rsi
    mov [rdi], cl
    inc rdi
    dec edx
    jnz 31b
4:  ret
    // Backwards, for a destination behind its overlapping source.
5:  mov rax, rdi
    sub rdx, 16
    jb 7f
6:  movups xmm0, [rsi + rdx]
    movups [rdi + rdx], xmm0
    sub rdx, 16
    jae 6b
7:  add rdx, 16
    jz 9f
8:  mov cl, [rsi + rdx - 1]
    mov [rdi + rdx - 1], cl
    dec rdx
    jnz 8b
9:  ret

    .global memset
memset:
    mov rax, rdi
    movzx esi, sil
    movabs rcx, 0x0101010101010101
    imul rcx, rsi
    sub rdx, 16
    jb 2f
    movq xmm0, rcx
    punpcklqdq xmm0, xmm0
    // 128 bytes at a time: most of what is filled is whole pages.
    sub rdx, 112
    jb 7f
6:  movups [rdi], xmm0
    movups [rdi + 16], xmm0
    movups [rdi + 32], xmm0
    movups [rdi + 48], xmm0
    movups [rdi + 64], xmm0
    movups [rdi + 80], xmm0
    movups [rdi + 96], xmm0
    movups [rdi + 112], xmm0
    add rdi, 128
    sub rdx, 128
    jae 6b
7:  add rdx, 112
    jnc 2f                      // fewer than 16 are left
1:  movups [rdi], xmm0
    add rdi, 16
    sub rdx, 16
    jae 1b
2:  add rdx, 16
    test dl, 8
    jz 3f
    mov [rdi], rcx
    add rdi, 8
3:  and edx, 7
    jz 5f
4:  mov [rdi], cl
    inc rdi
    dec edx
    jnz 4b
5:  ret

    .global memcmp
    .global bcmp
memcmp:
bcmp:
    xor eax, eax
    test rdx, rdx
    jz 2f
1:  movzx eax, byte ptr [rdi]
    movzx ecx, byte ptr [rsi]
    sub eax, ecx
    jnz 2f
    inc rdi
    inc rsi
    dec rdx
    jnz 1b
2:  ret

    .global strlen
strlen:
    mov rax, rdi
1:  cmp byte ptr [rax], 0
    je 2f
    inc rax
    jmp 1b
2:  sub rax, rdi
    ret

    // Referenced by prebuilt code that never unwinds here.
    .global rust_eh_personality
    .global _Unwind_Resume
rust_eh_personality:
_Unwind_Resume:
    ud2
    .text
    "#
);
