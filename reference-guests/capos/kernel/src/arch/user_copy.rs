//! Copies between the kernel and the running program.
//!
//! The address range is checked to lie in the user half; whether it is mapped is
//! found out by touching it: a page fault inside the copy makes it return short
//! (see [`super::exceptions`]). Supervisor access to user pages is open only
//! inside the copy.

use core::arch::global_asm;
use guest_abi::layout::USER_LIMIT;

/// The program's memory could not be read or written in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadAddress;

unsafe extern "C" {
    /// Returns the number of bytes not copied.
    fn user_copy(destination: *mut u8, source: *const u8, length: usize) -> usize;
}

global_asm!(
    r#"
    .section .text.user_copy, "ax", @progbits
    .global user_copy
user_copy:
    stac
    .global user_copy_start
user_copy_start:
    sub rdx, 16
    jb 2f
1:  movups xmm0, [rsi]
    movups [rdi], xmm0
    add rsi, 16
    add rdi, 16
    sub rdx, 16
    jae 1b
2:  add rdx, 16
    cmp rdx, 8
    jb 3f
    mov rcx, [rsi]
    mov [rdi], rcx
    add rsi, 8
    add rdi, 8
    sub rdx, 8
3:  test rdx, rdx
    jz 5f
4:  mov cl, [rsi]
    mov [rdi], cl
    inc rsi
    inc rdi
    dec rdx
    jnz 4b
    .global user_copy_end
user_copy_end:
5:  clac
    mov rax, rdx
    ret
    // After a fault: how much is missing does not matter, that some is does.
    .global user_copy_fault
user_copy_fault:
    clac
    mov eax, 1
    ret
    .text
    "#
);

/// Whether the range lies in the user half.
#[inline]
pub fn is_user_range(address: u64, length: usize) -> bool {
    address
        .checked_add(length as u64)
        .is_some_and(|end| end <= USER_LIMIT)
}

/// Copies from the running program.
#[inline]
pub fn read(destination: &mut [u8], address: u64) -> Result<(), BadAddress> {
    if !is_user_range(address, destination.len()) {
        return Err(BadAddress);
    }
    // SAFETY: the destination is ours; the source is in the user half, where a
    // fault is repaired.
    let missing = unsafe {
        user_copy(
            destination.as_mut_ptr(),
            address as *const u8,
            destination.len(),
        )
    };
    if missing == 0 {
        Ok(())
    } else {
        Err(BadAddress)
    }
}

/// Copies to the running program.
#[inline]
pub fn write(address: u64, source: &[u8]) -> Result<(), BadAddress> {
    if !is_user_range(address, source.len()) {
        return Err(BadAddress);
    }
    // SAFETY: the source is ours; the destination is in the user half, where a
    // fault is repaired and read-only pages refuse.
    let missing = unsafe { user_copy(address as *mut u8, source.as_ptr(), source.len()) };
    if missing == 0 {
        Ok(())
    } else {
        Err(BadAddress)
    }
}
