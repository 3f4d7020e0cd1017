//! Files that may be programs.
//!
//! The kernel's loader decides. What is checked here are the mistakes that are easily
//! made, where a host can say more about them than a kernel.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use object::LittleEndian;
use object::elf::{EM_X86_64, ET_EXEC, FileHeader64, PT_INTERP, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};

use crate::guest::GuestName;

/// All files together: they lie in the guest's memory beside what is loaded of them.
const MOST_BYTES: u64 = 128 << 20;
/// The longest name of a process.
const LONGEST_NAME: usize = 64;
/// Where a program's memory may lie, as published: below its stack.
const IMAGE: std::ops::Range<u64> = 0x20_0000..0xff_0000;

/// A program's file and the name it goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binary {
    /// The name.
    pub name: String,
    /// The file.
    pub path: PathBuf,
}

/// A file that cannot be a program of the guest.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum BinaryError {
    /// It cannot be read.
    #[error("{}: {source}", path.display())]
    #[diagnostic(code(capbench::exec::unreadable), help("name an ELF file"))]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
    /// It is something else.
    #[error("{} is no program for this guest: {why}", path.display())]
    #[diagnostic(
        code(capbench::exec::no_program),
        help(
            "a program is a static ELF executable for x86-64, linked for the addresses of a capOS process; docs/src/conformance.md shows how"
        )
    )]
    NoProgram {
        /// Which file.
        path: PathBuf,
        /// What it is not.
        why: String,
    },
    /// There is no room for it.
    #[error("{} is too large: {why}", path.display())]
    #[diagnostic(
        code(capbench::exec::too_large),
        help("strip it, or give it less static memory")
    )]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// By how much.
        why: String,
    },
    /// A name the guest cannot use.
    #[error("`{name}` cannot be a program's name: {why}")]
    #[diagnostic(code(capbench::exec::name), help("rename it: --program NAME=FILE"))]
    BadName {
        /// The name.
        name: String,
        /// The fault.
        why: &'static str,
    },
}

impl Binary {
    /// The file under its own name, without its extension.
    pub fn of_file(path: PathBuf) -> Self {
        let name = path.file_stem().unwrap_or_default();
        Self {
            name: name.to_string_lossy().into_owned(),
            path,
        }
    }

    /// `NAME=FILE`, as typed.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, path)) if !name.is_empty() && !path.is_empty() => Ok(Self {
                name: name.to_owned(),
                path: path.into(),
            }),
            _ => Err("expected NAME=ELF".to_owned()),
        }
    }
}

/// Everything the boot image needs besides init, by name.
pub(super) fn read_all(
    program: &Binary,
    further: &[Binary],
) -> Result<BTreeMap<String, Vec<u8>>, BinaryError> {
    let mut all = BTreeMap::new();
    let mut room = MOST_BYTES;
    for Binary { name, path } in std::iter::once(program).chain(further) {
        let bad = |why| BinaryError::BadName {
            name: name.clone(),
            why,
        };
        if name == GuestName::for_user_programs().1.init {
            return Err(bad("the first process is called so"));
        }
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(bad("a name has 1 to 64 bytes"));
        }
        let bytes = read(path, room)?;
        room -= bytes.len() as u64;
        if all.insert(name.clone(), bytes).is_some() {
            return Err(bad("two programs are called so"));
        }
    }
    Ok(all)
}

fn read(path: &Path, room: u64) -> Result<Vec<u8>, BinaryError> {
    let unreadable = |source| BinaryError::Unreadable {
        path: path.to_owned(),
        source,
    };
    // Before the bytes are read: it may be anything.
    let length = fs::metadata(path).map_err(unreadable)?.len();
    if length > room {
        return Err(BinaryError::TooLarge {
            path: path.to_owned(),
            why: format!(
                "{length} bytes, and all programs together may have {} MiB",
                MOST_BYTES >> 20
            ),
        });
    }
    let bytes = fs::read(path).map_err(unreadable)?;
    check(path, &bytes)?;
    Ok(bytes)
}

fn check(path: &Path, bytes: &[u8]) -> Result<(), BinaryError> {
    let no_program = |why: &str| BinaryError::NoProgram {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let no_elf = |_| no_program("it is no ELF file with 64 bits");
    let header = FileHeader64::<LittleEndian>::parse(bytes).map_err(no_elf)?;
    let endian = header.endian().map_err(no_elf)?;
    if header.e_machine(endian) != EM_X86_64 {
        return Err(no_program("it is for another processor than x86-64"));
    }
    let damaged = |_| no_program("its program headers are damaged");
    let segments = header.program_headers(endian, bytes).map_err(damaged)?;
    if segments.iter().any(|s| s.p_type(endian) == PT_INTERP) {
        return Err(no_program("it needs a loader; link it with -static"));
    }
    if header.e_type(endian) != ET_EXEC {
        return Err(no_program(
            "it has no fixed addresses; link it with -static and -no-pie",
        ));
    }
    for segment in segments.iter().filter(|s| s.p_type(endian) == PT_LOAD) {
        let start = segment.p_vaddr(endian);
        let end = start.saturating_add(segment.p_memsz(endian));
        if !IMAGE.contains(&start) {
            return Err(no_program(&format!(
                "it is linked for {start:#x}, and programs lie between {:#x} and {:#x}",
                IMAGE.start, IMAGE.end
            )));
        }
        if end > IMAGE.end {
            return Err(BinaryError::TooLarge {
                path: path.to_owned(),
                why: format!(
                    "its memory ends at {end:#x}, and programs end below {:#x}",
                    IMAGE.end
                ),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The headers of an executable with one segment.
    fn executable(kind: u16, machine: u16, address: u64, memory: u64) -> Vec<u8> {
        let mut file = vec![0; 64 + 56];
        file[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        file[16..18].copy_from_slice(&kind.to_le_bytes());
        file[18..20].copy_from_slice(&machine.to_le_bytes());
        file[20] = 1;
        file[32] = 64; // program headers
        file[52] = 64;
        file[54] = 56;
        file[56] = 1;
        file[64] = 1; // PT_LOAD
        file[80..88].copy_from_slice(&address.to_le_bytes());
        file[104..112].copy_from_slice(&memory.to_le_bytes());
        file
    }

    fn said(bytes: &[u8]) -> String {
        let verdict = check(Path::new("demo.elf"), bytes);
        verdict.map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn a_program_is_accepted_and_every_common_mistake_has_its_words() {
        let program = executable(ET_EXEC, EM_X86_64, 0x20_0000, 0x1000);
        assert_eq!(said(&program), "");
        for (bytes, words) in [
            (b"#!/bin/sh\n".to_vec(), "no ELF file"),
            (program[..40].to_vec(), "no ELF file"),
            (program[..100].to_vec(), "program headers are damaged"),
            (executable(ET_EXEC, 183, 0x20_0000, 1), "another processor"),
            (
                executable(3, EM_X86_64, 0, 1),
                "link it with -static and -no-pie",
            ),
            (
                executable(ET_EXEC, EM_X86_64, 0x40_0000_0000, 1),
                "linked for",
            ),
            (
                executable(ET_EXEC, EM_X86_64, 0x20_0000, 0xe0_0000),
                "too large",
            ),
        ] {
            assert!(said(&bytes).contains(words), "{words}: {}", said(&bytes));
        }
        // This test's own program wants the C library.
        let own = fs::read(std::env::current_exe().unwrap()).unwrap();
        assert!(said(&own).contains("it needs a loader"));
    }

    #[test]
    fn names_are_the_files_own_and_unique() {
        assert_eq!(Binary::of_file("a/demo.elf".into()).name, "demo");
        assert!(Binary::parse("child=").is_err());
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("demo");
        fs::write(&path, executable(ET_EXEC, EM_X86_64, 0x20_0000, 1)).unwrap();
        let named = |name: &str| Binary {
            name: name.into(),
            path: path.clone(),
        };
        assert_eq!(read_all(&named("a"), &[named("b")]).unwrap().len(), 2);
        for (first, second) in [("init", "b"), ("a", "a"), ("a", "")] {
            let error = read_all(&named(first), &[named(second)]).unwrap_err();
            assert!(matches!(error, BinaryError::BadName { .. }), "{error}");
        }
    }

    #[test]
    fn what_is_not_there_or_too_large_is_never_read() {
        let missing = read(Path::new("/nonexistent/demo"), 10).unwrap_err();
        assert!(matches!(missing, BinaryError::Unreadable { .. }));
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("large");
        let file = fs::File::create(&path).unwrap();
        file.set_len(MOST_BYTES + 1).unwrap();
        let large = read(&path, MOST_BYTES).unwrap_err();
        assert!(large.to_string().contains("128 MiB"), "{large}");
    }
}
