//! The emulator's log of executed instructions, counted.
//!
//! A `Trace` line stands before each instruction of the kernel. Another kind of
//! line says that the emulator turned back before it executed the last one, and one
//! more that the last one faulted instead. Kept are the places at which the clock was read, and how many mispriced instructions
//! stand between them.
//!
//! Memory: 8 bytes for a reading of the clock, up to [`READINGS_MAX`].

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use super::code::{KINDS, kind_at};
use super::elf::Section;

/// Most readings of the clock that are kept; an audit boot has thousands.
const READINGS_MAX: usize = 1 << 24;

/// Longest line; a real one has a hundred bytes.
const LINE_MAX: usize = 4096;

const TURNED_BACK: [&[u8]; 2] = [
    b"Stopped execution of TB chain",
    b"cpu_io_recompile: rewound execution",
];

/// Vectors of exceptions that point to the instruction that raised them; the others
/// point behind it, or come from outside.
const FAULTS: [u64; 12] = [0, 5, 6, 7, 10, 11, 12, 13, 14, 16, 17, 19];

/// How often each kind was executed.
pub type Counts = [u64; KINDS.len()];

/// A log, counted.
#[derive(Debug, Default)]
pub struct Log {
    /// Instructions before each reading of the clock.
    pub readings: Vec<u64>,
    pub instructions: u64,
    /// Mispriced ones, by how many readings stand before them.
    mispriced: BTreeMap<usize, Counts>,
    /// Place and kind of the newest of those.
    newest: Option<(u64, usize)>,
}

impl Log {
    /// Counts `log`. The clock is read at `sites`, which are sorted.
    pub fn count(mut log: impl BufRead, sites: &[u64], text: Section) -> Result<Self, String> {
        let mut found = Self::default();
        let mut line = Vec::new();
        // The one executed last, until it is taken back.
        let mut last = None;
        while read_line(&mut log, &mut line).map_err(|error| error.to_string())? {
            if line.starts_with(b"Trace ") {
                if let Some(address) = traced(&line) {
                    found.executed(address, sites, text)?;
                    last = Some(address);
                }
                continue;
            }
            let turned_back = TURNED_BACK.iter().any(|words| line.starts_with(words));
            // A program's fault has another address.
            let faulted = || last.is_some() && faulted(&line) == last;
            if turned_back || faulted() {
                found.take_back();
                last = None;
            }
        }
        Ok(found)
    }

    fn executed(&mut self, address: u64, sites: &[u64], text: Section) -> Result<(), String> {
        if sites.binary_search(&address).is_ok() {
            if self.readings.len() == READINGS_MAX {
                return Err(format!("it reads the clock more than {READINGS_MAX} times"));
            }
            self.readings.push(self.instructions);
        } else if let Some(kind) = kind_at(text, address) {
            let counts = self.mispriced.entry(self.readings.len()).or_default();
            counts[kind] += 1;
            self.newest = Some((self.instructions, kind));
        }
        self.instructions += 1;
        Ok(())
    }

    /// The newest instruction was not executed after all.
    fn take_back(&mut self) {
        self.instructions = self.instructions.saturating_sub(1);
        let place = self.instructions;
        self.readings.pop_if(|reading| *reading == place);
        if let Some((_, kind)) = self.newest.take_if(|(at, _)| *at == place)
            && let Some(counts) = self.mispriced.get_mut(&self.readings.len())
        {
            counts[kind] -= 1;
        }
    }

    /// Mispriced instructions with at least `from` and fewer than `to` readings
    /// before them.
    pub fn mispriced(&self, from: usize, to: usize) -> Counts {
        let mut sums = Counts::default();
        if from < to {
            for counts in self.mispriced.range(from..to).map(|(_, counts)| counts) {
                for (sum, count) in sums.iter_mut().zip(counts) {
                    *sum += count;
                }
            }
        }
        sums
    }
}

/// The program counter in `Trace 0: 0x… [cs_base/pc/flags/cflags] symbol`.
fn traced(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?;
    let (_, inside) = line.split_once('[')?;
    u64::from_str_radix(inside.split('/').nth(1)?, 16).ok()
}

/// The program counter in `     0: v=0e e=0002 i=0 cpl=0 IP=… pc=… SP=…`, of a fault.
fn faulted(line: &[u8]) -> Option<u64> {
    let line = std::str::from_utf8(line).ok()?;
    let (_, words) = line.split_once(": v=")?;
    let mut words = words.split(' ');
    let vector = u64::from_str_radix(words.next()?, 16).ok()?;
    let address = words.find_map(|word| word.strip_prefix("pc="))?;
    let address = u64::from_str_radix(address, 16).ok()?;
    FAULTS.contains(&vector).then_some(address)
}

/// Reads a line without its end; `false` at the end of the log.
fn read_line(log: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    loop {
        let bytes = log.fill_buf()?;
        if bytes.is_empty() {
            return Ok(!line.is_empty());
        }
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let part = end.unwrap_or(bytes.len());
        if line.len() + part > LINE_MAX {
            return Err(io::Error::other("a line of it has no end"));
        }
        line.extend_from_slice(&bytes[..part]);
        log.consume(part + usize::from(end.is_some()));
        if end.is_some() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: Section = Section {
        address: 0x1000,
        // nop, rdtsc, iretq, nop
        bytes: &[0x90, 0x0F, 0x31, 0x48, 0xCF, 0x90],
    };

    fn counted(lines: &[&str]) -> Log {
        let text: String = lines
            .iter()
            .map(|line| match u64::from_str_radix(line, 16) {
                Ok(address) => format!("Trace 0: 0x7f [0/{address:016x}/0/0] x\n"),
                Err(_) => format!("{line}\n"),
            })
            .collect();
        Log::count(text.as_bytes(), &[0x1001], TEXT).unwrap()
    }

    #[test]
    fn readings_and_mispriced_instructions_are_placed_among_the_others() {
        let log = counted(&["1000", "1001", "1003", "1005", "1001", "noise"]);
        assert_eq!((log.instructions, &log.readings[..]), (5, &[1, 4][..]));
        assert_eq!(log.mispriced(1, 2), [0, 0, 0, 1]);
        assert_eq!(log.mispriced(0, 1), [0; 4]);
    }

    #[test]
    fn what_was_turned_back_from_was_not_executed() {
        let back = "Stopped execution of TB chain before 0x7f";
        let log = counted(&["1001", back, "1001", "1003", back, "1003"]);
        assert_eq!((log.instructions, &log.readings[..]), (2, &[0][..]));
        assert_eq!(log.mispriced(1, 2), [0, 0, 0, 1]);
    }

    #[test]
    fn what_faulted_was_not_executed() {
        let line = |vector, address| {
            format!("  0: v={vector} e=0002 i=0 cpl=0 IP=0008:{address} pc={address} SP=0")
        };
        let (own, programs) = (line("0e", "1001"), line("0e", "5001"));
        let interrupt = line("40", "1001");
        let log = counted(&["1001", &own, "1001", &programs, "1003", "1001", &interrupt]);
        assert_eq!((log.instructions, &log.readings[..]), (3, &[0, 2][..]));
    }

    #[test]
    fn a_line_without_end_is_no_log() {
        let log = vec![b'x'; 2 * LINE_MAX];
        assert!(Log::count(&log[..], &[], TEXT).is_err());
    }
}
