//! The probe's kernel: assembled with this program, wrapped as what QEMU starts.

use std::arch::global_asm;
use std::slice;

/// `(0x10 << 1) | 1` = 33: clean shutdown.
pub(super) const CLEAN: u8 = 0x10;
/// 35: what it computed is wrong.
const FAILED: u8 = 0x11;

/// Where the file lies in the guest's memory, headers included.
const LOAD: u32 = 0x10_0000;
/// Headers have a page of their own, so that the code keeps its alignment.
const CODE: u32 = LOAD + HEADER_PAGE;
const HEADER_PAGE: u32 = 0x1000;
/// Six pages of tables behind the code, and a page for each stack.
const TABLES: u32 = CODE + 0x2000;
const KERNEL_STACK: u32 = TABLES + 0x7000;
const USER_STACK: u32 = KERNEL_STACK + 0x1000;
/// Addresses of the first two instructions, which are of one block: `cld`, a byte long,
/// and a `mov`.
pub(super) const FIRST_INSTRUCTIONS: [u64; 2] = [CODE as u64, CODE as u64 + 1];
/// Free for device registers on QEMU's PC machines.
const REGISTERS: u32 = 0xfe00_0000;

global_asm!(
    include_str!("kernel.s"),
    code = const CODE,
    tables = const TABLES,
    kernel_stack = const KERNEL_STACK,
    user_stack = const USER_STACK,
    registers = const REGISTERS,
    debug_console = const 0xe9,
    exit_port = const 0xf4,
    clean = const CLEAN,
    failed = const FAILED,
);

/// Takes the guest from reset to a frame on the host.
pub(super) fn code() -> &'static [u8] {
    unsafe extern "C" {
        static capbench_probe_start: u8;
        static capbench_probe_end: u8;
    }
    let (start, end) = (
        &raw const capbench_probe_start,
        &raw const capbench_probe_end,
    );
    // SAFETY: both are labels of one read-only section, in this order, with
    // initialised bytes between them.
    unsafe { slice::from_raw_parts(start, end.offset_from_unsigned(start)) }
}

/// An ELF64 file that QEMU starts by PVH at its first byte of code.
pub(super) fn pvh_elf(code: &[u8]) -> Vec<u8> {
    const PROGRAM_HEADERS: u64 = 64;
    const NOTE: u64 = PROGRAM_HEADERS + 2 * 56;
    const NOTE_LENGTH: u64 = 20;
    let file_length = u64::from(HEADER_PAGE) + code.len() as u64;
    let memory_length = u64::from(USER_STACK - LOAD);
    let mut elf = Vec::new();

    elf.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    elf.extend(2u16.to_le_bytes()); // executable
    elf.extend(62u16.to_le_bytes()); // x86-64
    elf.extend(1u32.to_le_bytes());
    elf.extend(u64::from(CODE).to_le_bytes());
    elf.extend(PROGRAM_HEADERS.to_le_bytes());
    elf.extend(0u64.to_le_bytes());
    elf.extend(0u32.to_le_bytes());
    for size in [64u16, 56, 2, 64, 0, 0] {
        elf.extend(size.to_le_bytes());
    }
    let mut header = |kind: u32, offset: u64, file_length: u64, memory_length: u64, align: u64| {
        let address = u64::from(LOAD) + offset;
        elf.extend(kind.to_le_bytes());
        elf.extend(7u32.to_le_bytes());
        for field in [offset, address, address, file_length, memory_length, align] {
            elf.extend(field.to_le_bytes());
        }
    };
    header(1, 0, file_length, memory_length, 0x1000); // PT_LOAD
    header(4, NOTE, NOTE_LENGTH, NOTE_LENGTH, 4); // PT_NOTE
    for word in [4u32, 4, 18] {
        elf.extend(word.to_le_bytes()); // name, descriptor, PHYS32_ENTRY
    }
    elf.extend(b"Xen\0");
    elf.extend(CODE.to_le_bytes());
    elf.resize(HEADER_PAGE as usize, 0);
    elf.extend(code);
    elf
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_ends_before_the_page_tables() {
        assert!(code().len() < (TABLES - CODE) as usize);
    }
}
