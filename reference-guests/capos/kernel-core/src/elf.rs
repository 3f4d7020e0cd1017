//! Which parts of an executable go where, and with which rights.
//!
//! Accepts static ELF64 executables for x86-64, as the published loader does, and
//! one rule more: no segment may be both writable and executable. Everything is
//! checked before the first page is mapped.

use guest_abi::layout::{IMAGE_BASE, IMAGE_LIMIT, PAGE_SIZE, TLS_BASE, TLS_LIMIT};

/// Why a file cannot be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElfError {
    /// Shorter than its headers say.
    Truncated,
    /// Not a static ELF64 little-endian executable for x86-64.
    NotExecutable,
    /// A segment's sizes, offsets or addresses contradict each other.
    BadSegment,
    /// A segment lies outside the space for program images.
    OutsideImage,
    /// Two segments share a page.
    SharedPage,
    /// A segment is writable and executable.
    WriteAndExecute,
    /// More than one thread-local storage template.
    SeveralTls,
    /// Thread-local storage that is too large or wants more than a page's alignment.
    BadTls,
    /// The entry point is in no executable segment.
    BadEntry,
}

/// A part of the file to map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Where it starts.
    pub address: u64,
    /// Its size in memory; what the file does not fill is zero.
    pub memory_size: u64,
    /// Its bytes in the file.
    pub bytes: &'a [u8],
    /// May be written.
    pub writable: bool,
    /// May be executed.
    pub executable: bool,
}

impl Segment<'_> {
    /// First page touched.
    pub fn first_page(&self) -> u64 {
        self.address & !(PAGE_SIZE - 1)
    }

    /// End of the last page touched.
    pub fn page_end(&self) -> u64 {
        (self.address + self.memory_size).next_multiple_of(PAGE_SIZE)
    }
}

/// What a thread's own storage starts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tls<'a> {
    /// Its first bytes; the rest is zero.
    pub bytes: &'a [u8],
    /// How far below the thread pointer it starts. Programs are linked with this
    /// distance, which makes the start as aligned as the template is in the file.
    pub distance: u64,
}

impl<'a> Tls<'a> {
    /// Room below the thread pointer: the region but for the page that starts there.
    const ROOM: u64 = TLS_LIMIT - TLS_BASE - PAGE_SIZE;

    fn new(template: Segment<'a>, align: u64) -> Result<Self, ElfError> {
        let align = align.max(1);
        if !align.is_power_of_two() || align > PAGE_SIZE || template.memory_size > Self::ROOM {
            return Err(ElfError::BadTls);
        }
        let end = template.address.wrapping_add(template.memory_size);
        let distance = template.memory_size + (end.wrapping_neg() & (align - 1));
        if distance > Self::ROOM {
            return Err(ElfError::BadTls);
        }
        Ok(Self {
            bytes: template.bytes,
            distance,
        })
    }
}

/// A checked executable.
#[derive(Clone, Copy, Debug)]
pub struct Executable<'a> {
    file: &'a [u8],
    header_offset: usize,
    header_count: usize,
    header_size: usize,
    /// Where execution starts.
    pub entry: u64,
    /// The thread-local storage template, if there is one with a size.
    pub tls: Option<Tls<'a>>,
}

const PT_LOAD: u32 = 1;
const PT_TLS: u32 = 7;
const FLAG_EXECUTE: u32 = 1;
const FLAG_WRITE: u32 = 2;
const PROGRAM_HEADER_SIZE: usize = 56;

impl<'a> Executable<'a> {
    /// Checks a file.
    pub fn parse(file: &'a [u8]) -> Result<Self, ElfError> {
        let ident = file.get(..16).ok_or(ElfError::Truncated)?;
        let executable = ident[..4] == *b"\x7fELF"
            && ident[4] == 2 // 64 bits
            && ident[5] == 1 // little endian
            && ident[6] == 1
            && u16_at(file, 16)? == 2 // ET_EXEC
            && u16_at(file, 18)? == 0x3e; // x86-64
        if !executable {
            return Err(ElfError::NotExecutable);
        }
        let header_size = u16_at(file, 54)? as usize;
        if header_size < PROGRAM_HEADER_SIZE {
            return Err(ElfError::NotExecutable);
        }
        let mut this = Self {
            file,
            header_offset: usize::try_from(u64_at(file, 32)?).map_err(|_| ElfError::Truncated)?,
            header_count: u16_at(file, 56)? as usize,
            header_size,
            entry: u64_at(file, 24)?,
            tls: None,
        };
        this.check()?;
        Ok(this)
    }

    /// The parts to map, in file order.
    pub fn segments(&self) -> impl Iterator<Item = Segment<'a>> + '_ {
        (0..self.header_count).filter_map(|index| match self.segment(index) {
            Ok(Some((PT_LOAD, segment, _))) if segment.memory_size > 0 => Some(segment),
            _ => None,
        })
    }

    fn check(&mut self) -> Result<(), ElfError> {
        for index in 0..self.header_count {
            let Some((kind, segment, align)) = self.segment(index)? else {
                continue;
            };
            if segment.memory_size == 0 {
                continue;
            }
            if kind == PT_LOAD {
                check_load(&segment)?;
            } else if self.tls.replace(Tls::new(segment, align)?).is_some() {
                return Err(ElfError::SeveralTls);
            }
        }
        for (position, one) in self.segments().enumerate() {
            let overlaps = |other: &Segment<'_>| {
                one.first_page() < other.page_end() && other.first_page() < one.page_end()
            };
            if self.segments().skip(position + 1).any(|s| overlaps(&s)) {
                return Err(ElfError::SharedPage);
            }
        }
        let entered = |s: Segment<'_>| {
            s.executable && (s.address..s.address + s.memory_size).contains(&self.entry)
        };
        if !self.segments().any(entered) {
            return Err(ElfError::BadEntry);
        }
        Ok(())
    }

    /// A part's kind, itself and its alignment; none if it is of no kind that matters.
    fn segment(&self, index: usize) -> Result<Option<(u32, Segment<'a>, u64)>, ElfError> {
        let start = index
            .checked_mul(self.header_size)
            .and_then(|offset| offset.checked_add(self.header_offset))
            .ok_or(ElfError::Truncated)?;
        let header = start
            .checked_add(PROGRAM_HEADER_SIZE)
            .and_then(|end| self.file.get(start..end))
            .ok_or(ElfError::Truncated)?;
        let kind = u32_at(header, 0)?;
        if kind != PT_LOAD && kind != PT_TLS {
            return Ok(None);
        }
        let flags = u32_at(header, 4)?;
        let (offset, file_size) = (u64_at(header, 8)?, u64_at(header, 32)?);
        let address = u64_at(header, 16)?;
        let memory_size = u64_at(header, 40)?;
        let congruent = offset % PAGE_SIZE == address % PAGE_SIZE;
        if file_size > memory_size || (kind == PT_LOAD && memory_size > 0 && !congruent) {
            return Err(ElfError::BadSegment);
        }
        let bytes = offset
            .checked_add(file_size)
            .and_then(|end| Some(usize::try_from(offset).ok()?..usize::try_from(end).ok()?))
            .and_then(|range| self.file.get(range))
            .ok_or(ElfError::Truncated)?;
        let segment = Segment {
            address,
            memory_size,
            bytes,
            writable: flags & FLAG_WRITE != 0,
            executable: flags & FLAG_EXECUTE != 0,
        };
        Ok(Some((kind, segment, u64_at(header, 48)?)))
    }
}

fn check_load(segment: &Segment<'_>) -> Result<(), ElfError> {
    let end = segment.address.checked_add(segment.memory_size);
    if segment.address < IMAGE_BASE || end.is_none_or(|end| end > IMAGE_LIMIT) {
        return Err(ElfError::OutsideImage);
    }
    if segment.writable && segment.executable {
        return Err(ElfError::WriteAndExecute);
    }
    Ok(())
}

fn bytes_at<const N: usize>(bytes: &[u8], offset: usize) -> Result<[u8; N], ElfError> {
    bytes
        .get(offset..)
        .and_then(|rest| rest.first_chunk())
        .copied()
        .ok_or(ElfError::Truncated)
}

fn u16_at(bytes: &[u8], offset: usize) -> Result<u16, ElfError> {
    bytes_at(bytes, offset).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], offset: usize) -> Result<u32, ElfError> {
    bytes_at(bytes, offset).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], offset: usize) -> Result<u64, ElfError> {
    bytes_at(bytes, offset).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    struct Header {
        kind: u32,
        flags: u32,
        address: u64,
        file_size: u64,
        memory_size: u64,
    }

    const TEXT: Header = Header {
        kind: PT_LOAD,
        flags: 5,
        address: 0x20_0000,
        file_size: 0x100,
        memory_size: 0x100,
    };
    const DATA: Header = Header {
        kind: PT_LOAD,
        flags: 6,
        address: 0x20_1000,
        file_size: 0x10,
        memory_size: 0x3000,
    };

    fn file(entry: u64, headers: &[Header]) -> Vec<u8> {
        let mut file = vec![0; 0x2000];
        file[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        file[16..18].copy_from_slice(&2u16.to_le_bytes());
        file[18..20].copy_from_slice(&0x3eu16.to_le_bytes());
        file[24..32].copy_from_slice(&entry.to_le_bytes());
        file[32..40].copy_from_slice(&64u64.to_le_bytes());
        file[54..56].copy_from_slice(&56u16.to_le_bytes());
        file[56..58].copy_from_slice(&(headers.len() as u16).to_le_bytes());
        for (index, header) in headers.iter().enumerate() {
            let at = 64 + index * 56;
            file[at..at + 4].copy_from_slice(&header.kind.to_le_bytes());
            file[at + 4..at + 8].copy_from_slice(&header.flags.to_le_bytes());
            file[at + 8..at + 16].copy_from_slice(&0x1000u64.to_le_bytes());
            file[at + 16..at + 24].copy_from_slice(&header.address.to_le_bytes());
            file[at + 32..at + 40].copy_from_slice(&header.file_size.to_le_bytes());
            file[at + 40..at + 48].copy_from_slice(&header.memory_size.to_le_bytes());
        }
        file
    }

    fn error(headers: &[Header]) -> ElfError {
        Executable::parse(&file(0x20_0000, headers)).unwrap_err()
    }

    #[test]
    fn a_text_and_a_data_segment_load() {
        let file = file(0x20_0004, &[TEXT, DATA]);
        let executable = Executable::parse(&file).unwrap();
        let segments: Vec<_> = executable.segments().collect();
        assert_eq!(segments.len(), 2);
        assert!(segments[0].executable && !segments[0].writable);
        assert_eq!(segments[1].page_end(), 0x20_4000);
        assert_eq!(segments[1].bytes.len(), 0x10);
    }

    #[test]
    fn a_segment_to_write_and_execute_is_refused() {
        assert_eq!(
            error(&[Header { flags: 7, ..TEXT }]),
            ElfError::WriteAndExecute
        );
    }

    #[test]
    fn segments_must_lie_inside_the_image_space() {
        let low = Header {
            address: 0x1000,
            ..DATA
        };
        assert_eq!(error(&[TEXT, low]), ElfError::OutsideImage);
        let long = Header {
            memory_size: u64::MAX - 0x1000,
            ..DATA
        };
        assert_eq!(error(&[TEXT, long]), ElfError::OutsideImage);
        let kernel = Header {
            address: 0xffff_ffff_8020_0000,
            ..DATA
        };
        assert_eq!(error(&[TEXT, kernel]), ElfError::OutsideImage);
    }

    #[test]
    fn segments_that_share_a_page_are_refused() {
        let near = Header {
            address: 0x20_0000,
            ..DATA
        };
        assert_eq!(error(&[TEXT, near]), ElfError::SharedPage);
    }

    #[test]
    fn the_entry_must_be_code() {
        let entry = |at| Executable::parse(&file(at, &[TEXT, DATA])).map(|e| e.entry);
        assert_eq!(entry(0x20_1000), Err(ElfError::BadEntry));
        assert_eq!(entry(0x20_0100), Err(ElfError::BadEntry));
        assert_eq!(entry(0x20_00ff), Ok(0x20_00ff));
    }

    #[test]
    fn thread_local_storage_starts_as_aligned_as_its_template() {
        let tls = |address, memory_size, align| {
            let template = Segment {
                address,
                memory_size,
                bytes: &[],
                writable: true,
                executable: false,
            };
            Tls::new(template, align).map(|tls| tls.distance)
        };
        assert_eq!(tls(0x20_1000, 20, 8), Ok(24));
        assert_eq!(tls(0x20_1000, 20, 0), Ok(20));
        assert_eq!(tls(0x20_1040, 0x40, 64), Ok(0x40));
        // A template that is itself not aligned stays where it is in its line.
        assert_eq!(tls(0x20_1010, 0x10, 64), Ok(0x30));
        assert_eq!(tls(0x20_1000, 8, 3), Err(ElfError::BadTls));
        assert_eq!(tls(0x20_1000, 8, 0x2000), Err(ElfError::BadTls));
        assert_eq!(tls(0x20_1000, u64::MAX, 8), Err(ElfError::BadTls));
        assert_eq!(tls(u64::MAX, 0xf_f000, 0x1000), Err(ElfError::BadTls));
    }

    #[test]
    fn a_file_longer_than_its_memory_is_refused() {
        let wrong = Header {
            memory_size: 1,
            ..DATA
        };
        assert_eq!(error(&[TEXT, wrong]), ElfError::BadSegment);
    }

    proptest! {
        #[test]
        fn damage_never_panics(at in 0usize..0x100, value: u8, length in 0usize..0x2000) {
            let mut damaged = file(0x20_0000, &[TEXT, DATA]);
            damaged[at] = value;
            damaged.truncate(length);
            if let Ok(executable) = Executable::parse(&damaged) {
                for segment in executable.segments() {
                    prop_assert!(segment.page_end() <= IMAGE_LIMIT.next_multiple_of(PAGE_SIZE));
                    prop_assert!(!(segment.writable && segment.executable));
                }
            }
        }
    }
}
