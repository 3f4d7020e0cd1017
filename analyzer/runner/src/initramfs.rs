//! The Linux guest's boot image: an uncompressed cpio archive, format newc.
//!
//! The same contents give the same bytes: every time and owner is zero and inode
//! numbers count from one. The kernel unpacks it into its first file system and
//! starts `/init`. Further files cost the guest twice their size in memory while
//! they are unpacked, and once afterwards.

use std::collections::BTreeSet;

const MAGIC: &str = "070701";
/// Marks the end of the archive.
const TRAILER: &str = "TRAILER!!!";
/// Headers and contents begin at multiples of this.
const ALIGNMENT: usize = 4;

const DIRECTORY: u32 = 0o040_755;
const CHARACTER_DEVICE: u32 = 0o020_600;
const REGULAR: u32 = 0o100_000;
const PROGRAM: u32 = REGULAR | 0o755;
const FILE: u32 = REGULAR | 0o644;
/// Numbers of `/dev/console`.
const CONSOLE: (u32, u32) = (5, 1);
/// Directories of every archive.
const DIRECTORIES: [&str; 3] = ["dev", "proc", "sys"];

/// A file beside the program and its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its absolute path in the guest.
    pub path: String,
    /// Its permissions, such as `0o755`.
    pub mode: u32,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Lays out the archive of one boot: the program, the rows it measures, and what
/// they need beside it. Directories of further files come before those, both in
/// order of their paths, however they were given.
pub fn build(init: &[u8], rows: &str, files: &[File]) -> Vec<u8> {
    let mut archive = Archive::default();
    for directory in DIRECTORIES {
        archive.entry(directory, DIRECTORY, (0, 0), b"");
    }
    archive.entry("dev/console", CHARACTER_DEVICE, CONSOLE, b"");
    archive.entry("init", PROGRAM, (0, 0), init);
    archive.entry("rows", FILE, (0, 0), rows.as_bytes());
    for directory in directories_of(files) {
        archive.entry(directory, DIRECTORY, (0, 0), b"");
    }
    let mut files: Vec<&File> = files.iter().collect();
    files.sort_by_key(|file| &file.path);
    for file in files {
        archive.entry(relative(file), REGULAR | file.mode, (0, 0), &file.bytes);
    }
    archive.finish()
}

/// Entries are named from the root on, without its slash.
fn relative(file: &File) -> &str {
    file.path.trim_start_matches('/')
}

/// Every directory that is not there already. A parent's name is the beginning
/// of its children's and so sorts before them.
fn directories_of(files: &[File]) -> BTreeSet<&str> {
    let parents = files.iter().flat_map(|file| {
        let path = relative(file);
        path.match_indices('/').map(move |(end, _)| &path[..end])
    });
    parents
        .filter(|directory| !DIRECTORIES.contains(directory))
        .collect()
}

#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    entries: u32,
}

impl Archive {
    fn entry(&mut self, name: &str, mode: u32, device: (u32, u32), content: &[u8]) {
        self.entries += 1;
        self.push(name, self.entries, mode, device, content);
    }

    fn finish(mut self) -> Vec<u8> {
        self.push(TRAILER, 0, 0, (0, 0), b"");
        self.bytes
    }

    fn push(&mut self, name: &str, inode: u32, mode: u32, device: (u32, u32), content: &[u8]) {
        let length = |bytes: usize| u32::try_from(bytes).expect("boot images are far below 4 GiB");
        let fields = [
            inode,
            mode,
            0, // owner
            0, // group
            1, // links
            0, // time of change
            length(content.len()),
            0, // device it lies on, major
            0, // and minor
            device.0,
            device.1,
            length(name.len() + 1),
            0, // checksum: none in this format
        ];
        self.bytes.extend_from_slice(MAGIC.as_bytes());
        for field in fields {
            self.bytes
                .extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(content);
        self.align();
    }

    fn align(&mut self) {
        let aligned = self.bytes.len().next_multiple_of(ALIGNMENT);
        self.bytes.resize(aligned, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (name, inode, mode, content) of every entry, read by the format's rules.
    fn read(archive: &[u8]) -> Vec<(String, u32, u32, Vec<u8>)> {
        let mut entries = Vec::new();
        let mut at = 0;
        while at < archive.len() {
            assert_eq!(&archive[at..at + 6], MAGIC.as_bytes());
            let field = |index: usize| {
                let start = at + 6 + 8 * index;
                let text = std::str::from_utf8(&archive[start..start + 8]).unwrap();
                u32::from_str_radix(text, 16).unwrap()
            };
            let name_start = at + 110;
            let name_end = name_start + field(11) as usize - 1;
            let name = String::from_utf8(archive[name_start..name_end].to_vec()).unwrap();
            let content = (name_end + 1).next_multiple_of(4);
            let end = content + field(6) as usize;
            entries.push((name, field(0), field(1), archive[content..end].to_vec()));
            at = end.next_multiple_of(4);
        }
        entries
    }

    #[test]
    fn entries_stand_in_order_with_their_modes_and_contents() {
        let entries = read(&build(b"ELF", "a:b:1:2:3\n", &[]));
        let names: Vec<&str> = entries.iter().map(|entry| entry.0.as_str()).collect();
        let expected = ["dev", "proc", "sys", "dev/console", "init", "rows", TRAILER];
        assert_eq!(names, expected);
        let inodes: Vec<u32> = entries.iter().map(|entry| entry.1).collect();
        assert_eq!(inodes, [1, 2, 3, 4, 5, 6, 0]);
        assert_eq!((entries[4].2, &entries[4].3[..]), (PROGRAM, &b"ELF"[..]));
        assert_eq!(
            (entries[5].2, &entries[5].3[..]),
            (FILE, &b"a:b:1:2:3\n"[..])
        );
    }

    fn file(path: &str, mode: u32, bytes: &[u8]) -> File {
        File {
            path: path.into(),
            mode,
            bytes: bytes.into(),
        }
    }

    #[test]
    fn further_files_follow_with_the_directories_they_lie_in() {
        let files = [
            file("/usr/bin/perf", 0o755, b"perf"),
            file("/lib/x/libc.so.6", 0o644, b"c"),
            file("/dev/made", 0o600, b""),
        ];
        let entries = read(&build(b"ELF", "", &files));
        let listed: Vec<(&str, u32)> = entries[6..]
            .iter()
            .map(|entry| (entry.0.as_str(), entry.2))
            .collect();
        let expected = [
            ("lib", DIRECTORY),
            ("lib/x", DIRECTORY),
            ("usr", DIRECTORY),
            ("usr/bin", DIRECTORY),
            ("dev/made", 0o100_600),
            ("lib/x/libc.so.6", FILE),
            ("usr/bin/perf", PROGRAM),
            (TRAILER, 0),
        ];
        assert_eq!(listed, expected);
        assert_eq!(entries[12].3, b"perf");
        let inodes: Vec<u32> = entries[..13].iter().map(|entry| entry.1).collect();
        assert_eq!(inodes, (1..=13).collect::<Vec<u32>>());
    }

    #[test]
    fn the_same_contents_are_the_same_bytes_in_whatever_order_they_come() {
        let mut files = vec![file("/b/x", 0o644, b"1"), file("/a/x", 0o644, b"2")];
        let first = build(b"ELF", "rows", &files);
        files.reverse();
        assert_eq!(build(b"ELF", "rows", &files), first);
    }

    /// Boot images of rows that need nothing further are series of their own.
    #[test]
    fn an_archive_without_further_files_is_the_one_it_always_was() {
        let digest = crate::hash::of(&build(b"ELF", "a:b:1:2:3\n", &[]));
        assert_eq!(
            digest.to_string(),
            "4c2b15b6475b118b7261de88fde47cd0cf5b1d83df253cafae778a27fcf1dd64"
        );
    }
}
