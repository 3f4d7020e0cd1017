//! Damage to bytes and to the place of a file.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::random::Random;

/// Longer than any file of a run may be, and nothing on the disk.
const HUGE: u64 = 1 << 40;

/// What may happen to one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    Absent,
    Empty,
    Garbage,
    Truncated,
    Flipped,
    Sparse,
    LinkOut,
    LinkToDevice,
    Fifo,
    Directory,
}

impl Damage {
    pub const ALL: [Self; 10] = [
        Self::Absent,
        Self::Empty,
        Self::Garbage,
        Self::Truncated,
        Self::Flipped,
        Self::Sparse,
        Self::LinkOut,
        Self::LinkToDevice,
        Self::Fifo,
        Self::Directory,
    ];

    /// Puts it in place of a file that is there.
    pub fn apply(self, path: &Path, random: &mut Random) {
        let bytes = fs::read(path).unwrap();
        // The file may be a hard link to one that other cases read.
        fs::remove_file(path).unwrap();
        match self {
            Self::Absent => {}
            Self::Empty => fs::write(path, []).unwrap(),
            Self::Garbage => {
                let length = 1 + random.below(4096);
                fs::write(path, random.bytes(length)).unwrap();
            }
            Self::Truncated => fs::write(path, &bytes[..random.below(bytes.len().max(1))]).unwrap(),
            Self::Flipped => fs::write(path, flipped(&bytes, random)).unwrap(),
            Self::Sparse => fs::File::create(path).unwrap().set_len(HUGE).unwrap(),
            Self::LinkOut => symlink("/proc/version", path).unwrap(),
            Self::LinkToDevice => symlink("/dev/zero", path).unwrap(),
            Self::Fifo => fifo(path),
            Self::Directory => fs::create_dir(path).unwrap(),
        }
    }
}

/// One bit another; of nothing, one byte more.
pub fn flipped(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    if bytes.is_empty() {
        return vec![0];
    }
    let at = random.below(bytes.len());
    bytes[at] ^= 1 << random.below(8);
    bytes
}

pub fn fifo(path: &Path) {
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
}
