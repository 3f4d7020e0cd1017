//! What a program or library needs before it can run: the loader it names and the
//! libraries that loader will look for. Read the way a loader reads it, by
//! segments, which stripping leaves alone.

use object::LittleEndian;
use object::elf::{DT_NEEDED, DT_STRSZ, DT_STRTAB, EM_X86_64, FileHeader64};
use object::read::StringTable;
use object::read::elf::{Dyn, FileHeader, ProgramHeader};

type Header = FileHeader64<LittleEndian>;

/// What a file names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needs {
    /// The loader's absolute path; a library names none.
    pub(super) loader: Option<String>,
    /// Libraries by the names they are looked for under.
    pub(super) libraries: Vec<String>,
}

/// Nothing where the bytes are no file that the guest's processor could run.
pub(super) fn needs(bytes: &[u8]) -> Option<Needs> {
    let header = Header::parse(bytes).ok()?;
    let endian = header.endian().ok()?;
    if header.e_machine(endian) != EM_X86_64 {
        return None;
    }
    let segments = header.program_headers(endian, bytes).ok()?;
    let mut needs = Needs::default();
    for segment in segments {
        if let Some(loader) = segment.interpreter(endian, bytes).ok()? {
            needs.loader = Some(text(loader)?);
        }
        let Some(entries) = segment.dynamic(endian, bytes).ok()? else {
            continue;
        };
        let value = |tag| {
            let mut entries = entries.iter();
            let entry = entries.find(|entry| entry.tag32(endian) == Some(tag));
            entry.map(|entry| entry.d_val(endian))
        };
        let (Some(start), Some(size)) = (value(DT_STRTAB), value(DT_STRSZ)) else {
            continue;
        };
        let strings = segments
            .iter()
            .find_map(|segment| segment.data_range(endian, bytes, start, size).ok()?)?;
        let strings = StringTable::new(strings, 0, size);
        let named = entries
            .iter()
            .filter(|entry| entry.tag32(endian) == Some(DT_NEEDED));
        for entry in named {
            let name = entry.string(endian, strings).ok()?;
            needs.libraries.push(text(name)?);
        }
    }
    Some(needs)
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use object::U16;
    use object::elf::{
        DT_NULL, Dyn64, ELFCLASS64, ELFDATA2LSB, ELFMAG, EM_AARCH64, ET_DYN, EV_CURRENT, Ident,
        PT_DYNAMIC, PT_INTERP, PT_LOAD, ProgramHeader64,
    };
    use object::pod::bytes_of;
    use object::{U32, U64};

    const LE: LittleEndian = LittleEndian;
    /// Addresses differ from offsets, as in most real files.
    const BASE: u64 = 0x40_0000;

    /// The smallest file that needs these.
    pub(in crate::guest) fn file(loader: Option<&str>, libraries: &[&str]) -> Vec<u8> {
        let mut strings = vec![0];
        let mut dynamic = Vec::new();
        let mut entry = |tag: u32, value: u64| {
            dynamic.extend_from_slice(bytes_of(&Dyn64 {
                d_tag: U64::new(LE, tag.into()),
                d_val: U64::new(LE, value),
            }));
        };
        for library in libraries {
            entry(DT_NEEDED, strings.len() as u64);
            strings.extend_from_slice(library.as_bytes());
            strings.push(0);
        }
        let loader = loader.map(|path| format!("{path}\0"));
        let loader = loader.unwrap_or_default().into_bytes();
        let segments = if loader.is_empty() { 2 } else { 3 };
        let body =
            (size_of::<Header>() + segments * size_of::<ProgramHeader64<LittleEndian>>()) as u64;
        let strings_at = body + loader.len() as u64;
        entry(DT_STRTAB, BASE + strings_at);
        entry(DT_STRSZ, strings.len() as u64);
        entry(DT_NULL, 0);
        let dynamic_at = strings_at + strings.len() as u64;
        let end = dynamic_at + dynamic.len() as u64;

        let mut bytes = bytes_of(&header(segments)).to_vec();
        bytes.extend_from_slice(bytes_of(&segment(PT_LOAD, 0, end)));
        bytes.extend_from_slice(bytes_of(&segment(PT_DYNAMIC, dynamic_at, end)));
        if !loader.is_empty() {
            bytes.extend_from_slice(bytes_of(&segment(PT_INTERP, body, strings_at)));
        }
        [bytes, loader, strings, dynamic].concat()
    }

    fn header(segments: usize) -> Header {
        FileHeader64 {
            e_ident: Ident {
                magic: ELFMAG,
                class: ELFCLASS64,
                data: ELFDATA2LSB,
                version: EV_CURRENT,
                os_abi: 0,
                abi_version: 0,
                padding: [0; 7],
            },
            e_type: U16::new(LE, ET_DYN),
            e_machine: U16::new(LE, EM_X86_64),
            e_version: U32::new(LE, EV_CURRENT.into()),
            e_entry: U64::default(),
            e_phoff: U64::new(LE, size_of::<Header>() as u64),
            e_shoff: U64::default(),
            e_flags: U32::default(),
            e_ehsize: U16::new(LE, size_of::<Header>() as u16),
            e_phentsize: U16::new(LE, size_of::<ProgramHeader64<LittleEndian>>() as u16),
            e_phnum: U16::new(LE, segments as u16),
            e_shentsize: U16::default(),
            e_shnum: U16::default(),
            e_shstrndx: U16::default(),
        }
    }

    fn segment(kind: u32, start: u64, end: u64) -> ProgramHeader64<LittleEndian> {
        ProgramHeader64 {
            p_type: U32::new(LE, kind),
            p_flags: U32::default(),
            p_offset: U64::new(LE, start),
            p_vaddr: U64::new(LE, BASE + start),
            p_paddr: U64::default(),
            p_filesz: U64::new(LE, end - start),
            p_memsz: U64::new(LE, end - start),
            p_align: U64::default(),
        }
    }

    #[test]
    fn a_program_names_its_loader_and_its_libraries_in_order() {
        let needs = needs(&file(Some("/lib64/ld.so"), &["libb.so.1", "liba.so.2"])).unwrap();
        assert_eq!(needs.loader.as_deref(), Some("/lib64/ld.so"));
        assert_eq!(needs.libraries, ["libb.so.1", "liba.so.2"]);
    }

    #[test]
    fn a_library_names_no_loader_and_may_need_nothing() {
        assert_eq!(needs(&file(None, &[])), Some(Needs::default()));
    }

    #[test]
    fn scripts_and_other_machines_programs_are_nothing() {
        assert_eq!(needs(b"#!/bin/sh\nexec perf\n"), None);
        let mut other = file(Some("/lib/ld.so"), &[]);
        other[18..20].copy_from_slice(&EM_AARCH64.to_le_bytes());
        assert_eq!(needs(&other), None);
        assert_eq!(needs(&file(None, &["libc.so.6"])[..150]), None, "cut off");
    }

    /// This test's own program, which every host has.
    #[test]
    fn a_real_program_needs_the_c_library() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let needs = needs(&own).unwrap();
        assert!(needs.loader.unwrap().starts_with("/lib"));
        assert!(needs.libraries.iter().any(|name| name == "libc.so.6"));
    }
}
