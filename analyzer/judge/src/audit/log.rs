//! The emulator's log of executed instructions.
//!
//! QEMU's `-d exec,nochain,int` with one instruction per translation block writes
//! a `Trace` line before each instruction in the filtered range, and another
//! line where it turned back before executing it: `Stopped execution`, or
//! `cpu_io_recompile: rewound` at the first device access of an instruction,
//! which is then traced again. An instruction that faulted was not executed either: the
//! exception that is logged behind it points to it. The log of a boot has tens of millions of lines;
//! kept are positions of probe sites, 8 bytes each, and how often mispriced
//! instructions were executed between them, see [`Executions`].

use super::{Executions, MispricedCode, ProbeSites};
use std::io::{self, BufRead};

/// Lines that say that the instruction traced last was not executed.
const TURNED_BACK: [&[u8]; 2] = [
    b"Stopped execution of TB chain",
    b"cpu_io_recompile: rewound execution",
];

/// Positions of the probes' clock readings among the executed instructions, and
/// the mispriced ones between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstructionLog {
    readings: Vec<u64>,
    instructions: u64,
    mispriced: Executions,
}

impl InstructionLog {
    /// Reads a log to its end. Lines of other kinds are passed over.
    pub fn read(
        mut log: impl BufRead,
        sites: &ProbeSites,
        code: &MispricedCode,
    ) -> io::Result<InstructionLog> {
        let mut found = InstructionLog::default();
        let mut last = None;
        let mut line = Vec::new();
        loop {
            line.clear();
            if log.read_until(b'\n', &mut line)? == 0 {
                return Ok(found);
            }
            if line.starts_with(b"Trace ") {
                if let Some(address) = traced_address(&line) {
                    last = Some(address);
                    if sites.contains(address) {
                        found.readings.push(found.instructions);
                    } else if let Some(kind) = code.kind_at(address) {
                        let interval = found.readings.len();
                        found.mispriced.push(interval, found.instructions, kind);
                    }
                    found.instructions += 1;
                }
            } else if TURNED_BACK.iter().any(|prefix| line.starts_with(prefix)) {
                found.take_back();
                last = None;
            } else if let Some(address) = faulting_address(&line)
                && last == Some(address)
            {
                // Not where a program outside of the range faulted.
                found.take_back();
                last = None;
            }
        }
    }

    /// Index among the logged instructions of each reading, ascending.
    pub fn readings(&self) -> &[u64] {
        &self.readings
    }

    /// Instructions logged.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// Mispriced instructions, by the readings they lie between.
    pub(super) fn mispriced(&self) -> &Executions {
        &self.mispriced
    }

    /// The instruction of the last line was not executed after all.
    fn take_back(&mut self) {
        self.instructions = self.instructions.saturating_sub(1);
        if self.readings.last() == Some(&self.instructions) {
            self.readings.pop();
        }
        self.mispriced.take_back(self.instructions);
    }

    #[cfg(test)]
    pub(super) fn from_parts(readings: Vec<u64>, instructions: u64) -> Self {
        InstructionLog {
            readings,
            instructions,
            mispriced: Executions::default(),
        }
    }
}

/// The program counter of `Trace 0: 0x… [cs_base/pc/flags/cflags] symbol`.
fn traced_address(line: &[u8]) -> Option<u64> {
    let inside = &line[line.iter().position(|&byte| byte == b'[')? + 1..];
    hexadecimal(inside.split(|&byte| byte == b'/').nth(1)?)
}

/// Exceptions that leave the instruction pointer at the instruction that caused them:
/// divide error, bound range, invalid opcode, no device, and those from invalid task
/// state to page fault, x87, alignment and SIMD faults.
const FAULTS: [u64; 12] = [0, 5, 6, 7, 10, 11, 12, 13, 14, 16, 17, 19];

/// The program counter of `     1: v=0e e=0002 i=0 cpl=0 IP=… pc=… SP=…`, if the
/// vector is a fault's.
fn faulting_address(line: &[u8]) -> Option<u64> {
    let mut fields = line.trim_ascii_start().split(|&byte| byte == b' ');
    let vector = fields.nth(1)?.strip_prefix(b"v=")?;
    let address = fields.find_map(|field| field.strip_prefix(b"pc="))?;
    FAULTS
        .contains(&hexadecimal(vector)?)
        .then(|| hexadecimal(address))?
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for &digit in digits {
        number = number << 4 | u64::from((digit as char).to_digit(16)?);
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
Trace 0: 0x7f5c8c000100 [0000000000000000/ffffffff80201000/0040c0b3/ff020200] \n\
Trace 0: 0x7f5c8c000200 [0000000000000000/ffffffff80201002/0040c0b3/ff020200] dispatch\n\
cpu_io_recompile: rewound execution of TB to ffffffff80201002\n\
Trace 0: 0x7f5c8c000280 [0000000000000000/ffffffff80201002/0040c0b3/ff038200] dispatch\n\
Trace 0: 0x7f5c8c000300 [0000000000000000/ffffffff80201005/0040c0b3/ff020200] \n\
Stopped execution of TB chain before 0x7f5c8c000300 [ffffffff80201005] \n\
Trace 0: 0x7f5c8c000300 [0000000000000000/ffffffff80201005/0040c0b3/ff020200] \n";

    fn read(sites: &[u64]) -> InstructionLog {
        read_with(sites, &MispricedCode::default())
    }

    fn read_with(sites: &[u64], code: &MispricedCode) -> InstructionLog {
        InstructionLog::read(LOG.as_bytes(), &ProbeSites::from_addresses(sites), code).unwrap()
    }

    #[test]
    fn executed_instructions_are_counted_once() {
        assert_eq!(read(&[]).instructions(), 3);
    }

    #[test]
    fn readings_are_positions_among_the_instructions() {
        assert_eq!(
            read(&[0xffff_ffff_8020_1000, 0xffff_ffff_8020_1005]).readings(),
            [0, 2]
        );
    }

    #[test]
    fn mispriced_instructions_are_counted_once_between_their_readings() {
        // At 0x…1002 fxsave [rdi], which is traced twice and executed once; at
        // 0x…1005 iretq, the same.
        let code = [0x0f, 0xae, 0x07, 0x48, 0xcf];
        let code = MispricedCode::of(0xffff_ffff_8020_1002, &code);
        let read = read_with(&[0xffff_ffff_8020_1000], &code);
        assert_eq!(read.mispriced().within(0..1), [0; 4]);
        assert_eq!(read.mispriced().within(1..2), [0, 1, 0, 1]);
    }

    /// As QEMU 7.2 logs `rep stosb` with a count of 2, with 0, and `repe cmpsb` that
    /// the first difference ends; the guest's clock advanced by as many.
    #[test]
    fn a_repeated_instruction_is_a_line_for_each_iteration_and_for_a_count_of_zero() {
        let log = "\
Trace 0: 0x7f0a34000b40 [0000000000000000/000000000010002a/000000b0/ff020201] \n\
Trace 0: 0x7f0a34000b40 [0000000000000000/000000000010002a/000000b0/ff020201] \n\
Trace 0: 0x7f0a34000b40 [0000000000000000/000000000010002a/000000b0/ff020201] \n\
Trace 0: 0x7f0a34000d00 [0000000000000000/000000000010002c/000000b0/ff020201] \n\
Trace 0: 0x7f0a34001d00 [0000000000000000/000000000010002e/000000b0/ff020201] \n\
Trace 0: 0x7f0a34001e80 [0000000000000000/0000000000100030/000000b0/ff020201] \n\
Trace 0: 0x7f0a34001e80 [0000000000000000/0000000000100032/000000b0/ff020201] \n";
        let code = MispricedCode::of(0x10_002a, &[0xf3, 0xaa, 0x0f, 0x31, 0xf3, 0xaa, 0xf3, 0xa6]);
        let sites = ProbeSites::from_addresses(&[0x10_002c]);
        let read = InstructionLog::read(log.as_bytes(), &sites, &code).unwrap();
        assert_eq!(read.mispriced().within(0..1), [3, 0, 0, 0]);
        assert_eq!(read.mispriced().within(1..2), [2, 0, 0, 0]);
        assert_eq!(read.instructions(), 7);
    }

    /// As QEMU 7.2 logs a store that faults in the kernel, and one of a program's.
    #[test]
    fn an_instruction_that_faulted_was_not_executed() {
        let log = "\
Trace 0: 0x7f0a34000b40 [0000000000000000/ffffffff80201000/0040c0b3/ff020200] \n\
check_exception old: 0xffffffff new 0xe\n\
     0: v=0e e=0002 i=0 cpl=0 IP=0008:ffffffff80201000 pc=ffffffff80201000 SP=0010:ffffffff80310000 CR2=0000000040001000\n\
RAX=0000000000000001 RBX=0000000000000000 RCX=0000000000000000 RDX=0000000000000000\n\
Trace 0: 0x7f0a34000d00 [0000000000000000/ffffffff80202000/0040c0b3/ff020200] page_fault_entry\n\
Trace 0: 0x7f0a34000e00 [0000000000000000/ffffffff80203000/0040c0b3/ff020200] \n\
     1: v=0e e=0004 i=0 cpl=3 IP=0023:0000000000200c18 pc=0000000000200c18 SP=001b:000000000100fe60 CR2=0000000040000000\n\
     2: v=ec e=0000 i=0 cpl=3 IP=0023:0000000000200c18 pc=ffffffff80203000 SP=001b:000000000100fe60 env->regs[R_EAX]=0000000000000000\n\
Trace 0: 0x7f0a34000d00 [0000000000000000/ffffffff80202000/0040c0b3/ff020200] page_fault_entry\n";
        let sites = [0xffff_ffff_8020_1000, 0xffff_ffff_8020_3000];
        let sites = ProbeSites::from_addresses(&sites);
        let read = InstructionLog::read(log.as_bytes(), &sites, &MispricedCode::default()).unwrap();
        assert_eq!(read.instructions(), 3);
        assert_eq!(read.readings(), [1]);
    }

    #[test]
    fn malformed_lines_are_passed_over() {
        let log = "Trace 0: nonsense\nTrace 0: 0x1 [0/zz/0/0]\n\u{fffd}\n 0: v=0e pc=\n 0: v=\n";
        let read = InstructionLog::read(
            log.as_bytes(),
            &ProbeSites::from_addresses(&[]),
            &MispricedCode::default(),
        )
        .unwrap();
        assert_eq!(read.instructions(), 0);
    }
}
