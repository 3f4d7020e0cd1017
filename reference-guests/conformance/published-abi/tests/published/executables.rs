//! The loader takes every program that the published one takes and reads the same
//! from it, but for two rules of its own: nothing outside of the space for programs,
//! nothing both writable and executable. It may take more: of alignments, for
//! instance, it makes no use.

use capos_lib::elf;
use guest_abi::layout::{IMAGE_BASE, IMAGE_LIMIT};
use kernel_core::elf::Executable;
use proptest::prelude::*;

const WRITE: u32 = 2;
const EXECUTE: u32 = 1;
const HEADERS: usize = 3;
const FILE_BYTES: usize = 0x3000;

/// An executable of three segments with text, data and thread-local storage.
fn executable() -> Vec<u8> {
    let mut file = vec![0; FILE_BYTES];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"\x7fELF\x02\x01\x01");
    put(16, &2u16.to_le_bytes());
    put(18, &0x3eu16.to_le_bytes());
    put(20, &1u32.to_le_bytes());
    put(24, &0x20_0010u64.to_le_bytes());
    put(32, &64u64.to_le_bytes());
    for (at, value) in [(52, 64u16), (54, 56), (56, HEADERS as u16)] {
        put(at, &value.to_le_bytes());
    }
    let segments: [(u32, u32, [u64; 6]); HEADERS] = [
        (1, 5, [0x1000, 0x20_0000, 0x20_0000, 0x800, 0x800, 0x1000]),
        (1, 6, [0x2000, 0x20_1000, 0x20_1000, 0x400, 0x2400, 0x1000]),
        (7, 4, [0x2000, 0x20_1000, 0x20_1000, 0x10, 0x20, 8]),
    ];
    for (index, (kind, flags, fields)) in segments.into_iter().enumerate() {
        let at = 64 + index * 56;
        put(at, &kind.to_le_bytes());
        put(at + 4, &flags.to_le_bytes());
        for (field, value) in fields.into_iter().enumerate() {
            put(at + 8 + field * 8, &value.to_le_bytes());
        }
    }
    file
}

/// Whether a file the published loader accepts breaks one of the rules of its own.
fn breaks_own_rule(info: &elf::ElfInfo) -> bool {
    // Where a thread's storage lies follows from its size and alignment here, and both
    // are limited by its region; the published loader looks at neither.
    if info.tls.as_ref().is_some_and(|tls| tls.memsz > 0) {
        return true;
    }
    let mut loaded = info.segments.iter().filter(|segment| segment.memsz > 0);
    loaded.any(|segment| {
        let outside = segment.vaddr < IMAGE_BASE || segment.vaddr + segment.memsz > IMAGE_LIMIT;
        outside || segment.flags & (WRITE | EXECUTE) == WRITE | EXECUTE
    })
}

fn check(file: &[u8]) -> Result<(), TestCaseError> {
    match (Executable::parse(file), elf::parse(file)) {
        (Ok(ours), Ok(theirs)) => {
            prop_assert_eq!(ours.entry, theirs.entry);
            let mut mine: Vec<_> = ours
                .segments()
                .map(|s| (s.address, s.memory_size, s.bytes.len() as u64))
                .collect();
            mine.sort_unstable();
            let mut published: Vec<_> = theirs.segments.iter().filter(|s| s.memsz > 0).collect();
            published.sort_unstable_by_key(|s| s.vaddr);
            let published: Vec<_> = published
                .iter()
                .map(|s| (s.vaddr, s.memsz, s.filesz))
                .collect();
            prop_assert_eq!(mine, published);
            let tls = theirs.tls.filter(|tls| tls.memsz > 0);
            prop_assert_eq!(
                ours.tls.map(|tls| tls.bytes.len() as u64),
                tls.as_ref().map(|tls| tls.filesz)
            );
            if let (Some(ours), Some(theirs)) = (ours.tls, tls) {
                // Ours keeps where it starts, which leaves room for all of it.
                prop_assert!(ours.distance >= theirs.memsz);
            }
        }
        (Err(error), Ok(theirs)) => {
            prop_assert!(
                breaks_own_rule(&theirs),
                "only the published accepts: {:?}",
                error
            );
        }
        (_, Err(_)) => {}
    }
    Ok(())
}

#[test]
fn a_whole_executable_is_accepted_by_both() {
    assert!(Executable::parse(&executable()).is_ok());
    assert!(elf::parse(&executable()).is_ok());
    check(&executable()).unwrap();
}

/// Values on which rules turn.
fn value() -> impl Strategy<Value = u64> {
    prop_oneof![
        prop::sample::select(vec![
            0u64,
            1,
            2,
            7,
            0x10,
            55,
            56,
            57,
            0x800,
            0xfff,
            0x1000,
            0x2000,
            0x3000,
            0x1f_f000,
            0x20_0000,
            0x20_0800,
            0x20_1000,
            0xfe_f000,
            0xff_0000,
            0x7fff_ffff_f000,
            1 << 47,
            u64::MAX - 0xfff,
            u64::MAX,
        ]),
        any::<u64>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50_000))]

    #[test]
    fn changed_headers_are_taken_where_the_published_loader_takes_them(
        edits in prop::collection::vec((0usize..64 + HEADERS * 56, 1usize..=8, value()), 1..4),
        length in prop_oneof![4 => Just(FILE_BYTES), 1 => 0usize..FILE_BYTES],
    ) {
        let mut file = executable();
        for (at, width, value) in edits {
            // Most edits replace whole fields.
            let at = if width == 8 { at & !7 } else { at };
            file[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        }
        file.truncate(length);
        check(&file)?;
    }
}
