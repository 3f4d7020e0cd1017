//! Which instructions of a kernel exact mode misprices.
//!
//! Exact mode counts each instruction as one. Hardware does not execute these at
//! such a price: repeated string instructions, saves and restores of FPU state,
//! loads of CR3, and exceptions. An exception is no instruction, so its return
//! stands for it: one `iretq` is one exception or interrupt that was returned
//! from. One that never returns, a program's last fault, is not seen; neither is
//! `sysret`, which ends a system call.
//!
//! Classified once per image, before its log is read. A linear walk over the code
//! would lose its step at the first byte of data between functions. So every byte
//! of the code is taken for the begin of an instruction: what is found inside of
//! another instruction is never executed and hence never counted. One decoding
//! for each byte, 50 ms for the reference kernel's 217 kB; memory for what is
//! found, some hundred addresses. Whoever jumps into the middle of an instruction
//! on purpose is understood as well.

use super::SitesError;
use capbench_results::MispricedKind;
use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, Register};
use object::{Object, ObjectSection};

/// The longest instruction of the architecture.
const INSTRUCTION_LIMIT: usize = 15;

/// Kernels run in long mode where they are measured.
const BITS: u32 = 64;

/// Addresses of a kernel's mispriced instructions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MispricedCode {
    by_address: Vec<(u64, MispricedKind)>,
}

impl MispricedCode {
    /// Reads the code of an ELF image: its section `.text`, which is also what an
    /// audit boot logs.
    pub fn from_elf(image: &[u8]) -> Result<Self, SitesError> {
        let file = object::File::parse(image)?;
        let text = file.section_by_name(".text").ok_or(SitesError::NoText)?;
        Ok(Self::of(text.address(), text.data()?))
    }

    /// Reads code that begins at `address`.
    pub fn of(address: u64, code: &[u8]) -> Self {
        let at = |offset: usize| {
            let end = code.len().min(offset + INSTRUCTION_LIMIT);
            let kind = kind_of(&code[offset..end])?;
            Some((address + offset as u64, kind))
        };
        Self {
            by_address: (0..code.len()).filter_map(at).collect(),
        }
    }

    /// How the instruction at `address` is mispriced, if it is.
    pub fn kind_at(&self, address: u64) -> Option<MispricedKind> {
        let found = self
            .by_address
            .binary_search_by_key(&address, |&(at, _)| at);
        Some(self.by_address[found.ok()?].1)
    }
}

/// How the instruction that `bytes` begin with is mispriced, if it is one and is.
fn kind_of(bytes: &[u8]) -> Option<MispricedKind> {
    let instruction = Decoder::new(BITS, bytes, DecoderOptions::NONE).decode();
    if is_repeated(&instruction) {
        return Some(MispricedKind::RepeatedString);
    }
    match instruction.mnemonic() {
        Mnemonic::Iret | Mnemonic::Iretd | Mnemonic::Iretq => Some(MispricedKind::Exception),
        Mnemonic::Mov if instruction.op0_register() == Register::CR3 => {
            Some(MispricedKind::AddressSpaceSwitch)
        }
        mnemonic => moves_fpu_state(mnemonic).then_some(MispricedKind::FpuState),
    }
}

/// The prefix alone does not tell: SSE instructions use the same bytes as a part
/// of their opcode, and so does `pause`.
fn is_repeated(instruction: &Instruction) -> bool {
    instruction.is_string_instruction()
        && (instruction.has_rep_prefix() || instruction.has_repne_prefix())
}

fn moves_fpu_state(mnemonic: Mnemonic) -> bool {
    matches!(
        mnemonic,
        Mnemonic::Fnsave
            | Mnemonic::Frstor
            | Mnemonic::Fxsave
            | Mnemonic::Fxsave64
            | Mnemonic::Fxrstor
            | Mnemonic::Fxrstor64
            | Mnemonic::Xsave
            | Mnemonic::Xsave64
            | Mnemonic::Xsavec
            | Mnemonic::Xsavec64
            | Mnemonic::Xsaveopt
            | Mnemonic::Xsaveopt64
            | Mnemonic::Xsaves
            | Mnemonic::Xsaves64
            | Mnemonic::Xrstor
            | Mnemonic::Xrstor64
            | Mnemonic::Xrstors
            | Mnemonic::Xrstors64
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_kind(kind: Option<MispricedKind>, encodings: &[(&str, &[u8])]) {
        for (text, bytes) in encodings {
            assert_eq!(kind_of(bytes), kind, "{text}");
        }
    }

    #[test]
    fn repeated_string_instructions_are_mispriced() {
        assert_kind(
            Some(MispricedKind::RepeatedString),
            &[
                ("rep movsb", &[0xf3, 0xa4]),
                ("rep movsq", &[0xf3, 0x48, 0xa5]),
                ("rep stosb", &[0xf3, 0xaa]),
                ("repe cmpsb", &[0xf3, 0xa6]),
                ("repne scasb", &[0xf2, 0xae]),
                ("rep outsb", &[0xf3, 0x6e]),
            ],
        );
    }

    #[test]
    fn what_only_shares_the_prefix_is_not_repeated() {
        assert_kind(
            None,
            &[
                ("movsb", &[0xa4]),
                ("pause", &[0xf3, 0x90]),
                ("movss xmm0, [rdi]", &[0xf3, 0x0f, 0x10, 0x07]),
                ("movsd xmm0, [rdi]", &[0xf2, 0x0f, 0x10, 0x07]),
                ("endbr64", &[0xf3, 0x0f, 0x1e, 0xfa]),
                ("rep ret", &[0xf3, 0xc3]),
            ],
        );
    }

    #[test]
    fn saves_and_restores_of_fpu_state_are_mispriced() {
        assert_kind(
            Some(MispricedKind::FpuState),
            &[
                ("fxsave64 [rdi]", &[0x48, 0x0f, 0xae, 0x07]),
                ("fxrstor64 [rdi]", &[0x48, 0x0f, 0xae, 0x0f]),
                ("fxsave [rdi]", &[0x0f, 0xae, 0x07]),
                ("fxrstor [rdi]", &[0x0f, 0xae, 0x0f]),
                ("xsave64 [rdi]", &[0x48, 0x0f, 0xae, 0x27]),
                ("xrstor64 [rdi]", &[0x48, 0x0f, 0xae, 0x2f]),
                ("xsaveopt [rdi]", &[0x0f, 0xae, 0x37]),
                ("xsavec64 [rdi]", &[0x48, 0x0f, 0xc7, 0x27]),
                ("xsaves64 [rdi]", &[0x48, 0x0f, 0xc7, 0x2f]),
                ("xrstors64 [rdi]", &[0x48, 0x0f, 0xc7, 0x1f]),
                ("fnsave [rdi]", &[0xdd, 0x37]),
                ("frstor [rdi]", &[0xdd, 0x27]),
            ],
        );
    }

    #[test]
    fn only_loads_of_cr3_switch_address_spaces() {
        assert_kind(
            Some(MispricedKind::AddressSpaceSwitch),
            &[
                ("mov cr3, rax", &[0x0f, 0x22, 0xd8]),
                ("mov cr3, r9", &[0x41, 0x0f, 0x22, 0xd9]),
            ],
        );
        assert_kind(
            None,
            &[
                ("mov rax, cr3", &[0x0f, 0x20, 0xd8]),
                ("mov cr0, rax", &[0x0f, 0x22, 0xc0]),
                ("mov cr4, rax", &[0x0f, 0x22, 0xe0]),
                ("invlpg [rdi]", &[0x0f, 0x01, 0x3f]),
            ],
        );
    }

    #[test]
    fn the_return_stands_for_its_exception() {
        assert_kind(
            Some(MispricedKind::Exception),
            &[("iretq", &[0x48, 0xcf]), ("iretd", &[0xcf])],
        );
        assert_kind(
            None,
            &[
                ("sysretq", &[0x48, 0x0f, 0x07]),
                ("syscall", &[0x0f, 0x05]),
                ("ret", &[0xc3]),
            ],
        );
    }

    #[test]
    fn small_relatives_of_fpu_saves_are_priced_well() {
        assert_kind(
            None,
            &[
                ("ldmxcsr [rdi]", &[0x0f, 0xae, 0x17]),
                ("fninit", &[0xdb, 0xe3]),
                ("clflush [rdi]", &[0x0f, 0xae, 0x3f]),
                ("mfence", &[0x0f, 0xae, 0xf0]),
            ],
        );
    }

    #[test]
    fn code_is_looked_up_by_address_and_data_in_it_does_no_harm() {
        // fxsave64 [rdi]; two bytes that begin no instruction; mov cr3, rax.
        let code = [0x48, 0x0f, 0xae, 0x07, 0x0f, 0xff, 0x0f, 0x22, 0xd8];
        let mispriced = MispricedCode::of(0xffff_ffff_8020_0000, &code);
        let at = |offset: u64| mispriced.kind_at(0xffff_ffff_8020_0000 + offset);
        assert_eq!(at(0), Some(MispricedKind::FpuState));
        assert_eq!(at(6), Some(MispricedKind::AddressSpaceSwitch));
        assert_eq!(at(4), None);
        assert_eq!(at(9), None);
        assert_eq!(mispriced.kind_at(0), None);
    }

    #[test]
    fn an_instruction_that_the_code_cuts_off_is_none() {
        assert_kind(
            None,
            &[("half a fxsave64", &[0x48, 0x0f, 0xae]), ("nothing", &[])],
        );
    }
}
