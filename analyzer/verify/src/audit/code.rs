//! Which of a kernel's instructions exact mode misprices, decided from their bytes.
//!
//! Only addresses that were executed are looked at, so each is the begin of an
//! instruction, and prefixes and opcode are enough.

use super::elf::Section;

/// The kinds by their words in results, in the order of counts.
pub const KINDS: [&str; 4] = ["rep", "fpuState", "cr3Load", "exception"];

const REPEATED_STRING: usize = 0;
const FPU_STATE: usize = 1;
const ADDRESS_SPACE_SWITCH: usize = 2;
const EXCEPTION: usize = 3;

/// The longest instruction of the architecture.
const INSTRUCTION_MAX: usize = 15;

/// The kind of the instruction at `address`, as an index of [`KINDS`].
pub fn kind_at(text: Section, address: u64) -> Option<usize> {
    let offset = usize::try_from(address.checked_sub(text.address)?).ok()?;
    let rest = text.bytes.get(offset..)?;
    kind(&rest[..rest.len().min(INSTRUCTION_MAX)])
}

fn kind(bytes: &[u8]) -> Option<usize> {
    let legacy = |byte: &u8| {
        matches!(
            byte,
            0x26 | 0x2E | 0x36 | 0x3E | 0x64..=0x67 | 0xF0 | 0xF2 | 0xF3
        )
    };
    let prefixes = bytes.iter().take_while(|byte| legacy(byte)).count();
    let (prefixes, rest) = bytes.split_at(prefixes);
    let has = |prefix: u8| prefixes.contains(&prefix);
    let (repeated, operand) = (has(0xF2) || has(0xF3), has(0x66));
    let (extended, rest) = match rest {
        [rex @ 0x40..=0x4F, rest @ ..] => (rex & 0b100 != 0, rest),
        rest => (false, rest),
    };
    let field = |modrm: u8| modrm >> 3 & 0b111;
    let in_memory = |modrm: u8| modrm >> 6 != 0b11;
    match *rest {
        // ins, outs, movs, cmps, stos, lods, scas.
        [0x6C..=0x6F | 0xA4..=0xA7 | 0xAA..=0xAF, ..] if repeated => Some(REPEATED_STRING),
        [0xCF, ..] => Some(EXCEPTION),
        [0x0F, 0x22, modrm, ..] if !extended && field(modrm) == 3 => Some(ADDRESS_SPACE_SWITCH),
        // fxsave, fxrstor, xsave, xrstor, xsaveopt; with a prefix others.
        [0x0F, 0xAE, modrm, ..] if in_memory(modrm) && !repeated && !operand => {
            matches!(field(modrm), 0 | 1 | 4 | 5 | 6).then_some(FPU_STATE)
        }
        // xrstors, xsavec, xsaves.
        [0x0F, 0xC7, modrm, ..] if in_memory(modrm) && !repeated && !operand => {
            matches!(field(modrm), 3..=5).then_some(FPU_STATE)
        }
        // frstor, fnsave.
        [0xDD, modrm, ..] if in_memory(modrm) => matches!(field(modrm), 4 | 6).then_some(FPU_STATE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_are_told_by_their_bytes() {
        let cases: &[(&[u8], Option<usize>)] = &[
            (&[0xF3, 0x48, 0xA5], Some(REPEATED_STRING)), // rep movsq
            (&[0xF3, 0xAA], Some(REPEATED_STRING)),       // rep stosb
            (&[0xA4], None),                              // movsb
            (&[0xF3, 0x90], None),                        // pause
            (&[0xF3, 0x0F, 0x6F, 0x07], None),            // movdqu
            (&[0x48, 0xCF], Some(EXCEPTION)),             // iretq
            (&[0x0F, 0x22, 0xD8], Some(ADDRESS_SPACE_SWITCH)), // mov cr3, rax
            (&[0x0F, 0x22, 0xC0], None),                  // mov cr0, rax
            (&[0x41, 0x0F, 0x22, 0xDA], Some(ADDRESS_SPACE_SWITCH)), // mov cr3, r10
            (&[0x48, 0x0F, 0xAE, 0x07], Some(FPU_STATE)), // fxsave64 [rdi]
            (&[0x0F, 0xAE, 0x0F], Some(FPU_STATE)),       // fxrstor [rdi]
            (&[0x0F, 0xAE, 0xE8], None),                  // lfence
            (&[0x0F, 0xAE, 0x3F], None),                  // clflush
            (&[0xF3, 0x0F, 0xAE, 0xC0], None),            // rdfsbase
            (&[0x48, 0x0F, 0xC7, 0x27], Some(FPU_STATE)), // xsavec64 [rdi]
            (&[0x0F, 0xC7, 0xF0], None),                  // rdrand
            (&[], None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(kind(bytes), *expected, "{bytes:x?}");
        }
    }
}
