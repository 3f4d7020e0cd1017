//! From the raw stream QEMU wrote to a `.ktrace` and two digests.
//!
//! The digest of the raw stream is what boots are compared by; the file at rest
//! is zstd in seekable frames with an index, readable by any zstd. The raw file
//! is removed only after the compressed one is complete on disk; if anything
//! fails before, the raw file stays and is named in the artifact. No file that was
//! there before is written to or replaced.

use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;
use zeekstd::{EncodeOptions, Encoder};

use capbench_results::Digest;

use crate::hash::HashingReader;

/// Smallest and largest part that is compressed as one. Damage to the file costs
/// the part it hits, while every part costs a header and a fresh dictionary; so
/// parts grow with the stream, and damage behind its start costs at most one
/// [`PART_SHARE`]th of what is before it.
const PART_BYTES: std::ops::RangeInclusive<u64> = 8 << 10..=1 << 20;
/// A part is this fraction of what is before it.
const PART_SHARE: u64 = 8;
/// zstd's own default: beyond it traces shrink by 2 % for twice the time.
const LEVEL: i32 = 3;

/// A stored stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// The `.ktrace`, relative to the run directory once it is in an artifact.
    pub file: PathBuf,
    /// Digest of the raw bytes, as they left the guest.
    pub sha256: Digest,
    /// Number of raw bytes.
    pub bytes: u64,
}

/// Compresses `raw` into `ktrace` and removes `raw`.
pub fn store(raw: &Path, ktrace: &Path) -> io::Result<Stream> {
    let source = BufReader::with_capacity(1 << 17, File::open(raw)?);
    let stream = compress(source, ktrace)?;
    fs::remove_file(raw)?;
    Ok(stream)
}

/// Compresses what `source` gives into `ktrace`, which appears whole or not at all,
/// and never in the place of another file.
pub fn compress(source: impl Read, ktrace: &Path) -> io::Result<Stream> {
    let temporary = beside(ktrace)?;
    let (bytes, sha256) = encode(source, temporary.as_file())?;
    temporary.as_file().sync_all()?;
    temporary.persist_noclobber(ktrace)?;
    sync_name(ktrace)?;
    Ok(Stream {
        file: ktrace.to_owned(),
        sha256,
        bytes,
    })
}

/// A file under a name that no other has, so that half a trace which a killed process
/// left is neither overwritten nor in the way. It goes with an error.
fn beside(ktrace: &Path) -> io::Result<NamedTempFile> {
    let mut prefix = ktrace.file_name().unwrap_or_default().to_owned();
    prefix.push(".");
    tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".part")
        // As for any new file: the user's mask takes away what it will.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory_of(ktrace))
}

fn directory_of(file: &Path) -> &Path {
    match file.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    }
}

/// Waits until the file's name is on disk as its content is.
fn sync_name(file: &Path) -> io::Result<()> {
    match File::open(directory_of(file))?.sync_all() {
        // What some file systems say that have nothing to do here.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

fn encode(source: impl Read, target: impl Write) -> io::Result<(u64, Digest)> {
    let mut source = HashingReader::new(source);
    let mut target = BufWriter::new(target);
    let options = EncodeOptions::new()
        .compression_level(LEVEL)
        .checksum_flag(true);
    let mut encoder = Encoder::with_opts(&mut target, options).map_err(io::Error::other)?;
    let mut position = 0;
    loop {
        let mut part = source.by_ref().take(part_bytes(position));
        let copied = io::copy(&mut part, &mut encoder)?;
        if copied == 0 {
            break;
        }
        encoder.end_frame().map_err(io::Error::other)?;
        position += copied;
    }
    encoder.finish().map_err(io::Error::other)?;
    target.flush()?;
    Ok(source.finish())
}

fn part_bytes(position: u64) -> u64 {
    (position / PART_SHARE).clamp(*PART_BYTES.start(), *PART_BYTES.end())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use proptest::prelude::*;

    /// Reads as any zstd does, without the index at the end.
    fn zstd_reader(bytes: &[u8]) -> impl Read + '_ {
        zstd::stream::read::Decoder::new(bytes).unwrap()
    }

    fn round_trip(data: &[u8]) -> (Stream, Vec<u8>) {
        let directory = tempfile::tempdir().unwrap();
        let raw = directory.path().join("a.trace");
        let ktrace = directory.path().join("a.ktrace");
        fs::write(&raw, data).unwrap();
        let stream = store(&raw, &ktrace).unwrap();
        assert!(!raw.exists());
        let mut decoder = zeekstd::Decoder::new(File::open(&ktrace).unwrap()).unwrap();
        let mut back = Vec::new();
        io::copy(&mut decoder, &mut back).unwrap();
        (stream, back)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_was_stored_comes_back(data in prop::collection::vec(any::<u8>(), 0..50_000)) {
            let (stream, back) = round_trip(&data);
            prop_assert_eq!(stream.bytes, data.len() as u64);
            prop_assert_eq!(stream.sha256, hash::of(&data));
            prop_assert_eq!(back, data);
        }
    }

    #[test]
    fn parts_grow_with_the_stream_and_stay_seekable() {
        let directory = tempfile::tempdir().unwrap();
        let raw = directory.path().join("a.trace");
        let ktrace = directory.path().join("a.ktrace");
        let length = 12 << 20;
        fs::write(&raw, vec![3; length as usize]).unwrap();
        store(&raw, &ktrace).unwrap();
        let table = zeekstd::SeekTable::from_seekable(&mut File::open(&ktrace).unwrap()).unwrap();
        assert_eq!(table.size_decomp(), length);
        assert_eq!(table.frame_size_decomp(0).unwrap(), 8 << 10);
        assert_eq!(table.max_frame_size_decomp(), 1 << 20);
    }

    #[test]
    fn a_file_cut_off_in_the_middle_keeps_what_is_before() {
        let directory = tempfile::tempdir().unwrap();
        let raw = directory.path().join("a.trace");
        let ktrace = directory.path().join("a.ktrace");
        let data: Vec<u8> = (0..90_000u32)
            .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
            .collect();
        fs::write(&raw, &data).unwrap();
        store(&raw, &ktrace).unwrap();
        let stored = fs::read(&ktrace).unwrap();
        let mut decoder = zstd_reader(&stored[..stored.len() / 2]);
        let mut back = Vec::new();
        let _ = decoder.read_to_end(&mut back);
        assert!(
            back.len() > data.len() / 3,
            "{} of {}",
            back.len(),
            data.len()
        );
        assert!(data.starts_with(&back));
    }

    #[test]
    fn the_raw_stream_survives_a_failure() {
        let directory = tempfile::tempdir().unwrap();
        let raw = directory.path().join("a.trace");
        fs::write(&raw, b"frames").unwrap();
        let nowhere = directory.path().join("absent/a.ktrace");
        assert!(store(&raw, &nowhere).is_err());
        assert_eq!(fs::read(&raw).unwrap(), b"frames");
    }

    #[test]
    fn a_file_that_was_there_is_neither_replaced_nor_written_to() {
        let directory = tempfile::tempdir().unwrap();
        let raw = directory.path().join("a.trace");
        let ktrace = directory.path().join("a.ktrace");
        let elsewhere = directory.path().join("elsewhere");
        let is_refused = || {
            let refused = store(&raw, &ktrace).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&raw).unwrap(), b"frames");
        };
        fs::write(&raw, b"frames").unwrap();

        fs::write(&ktrace, b"mine").unwrap();
        is_refused();
        assert_eq!(fs::read(&ktrace).unwrap(), b"mine");

        fs::remove_file(&ktrace).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &ktrace).unwrap();
        is_refused();
        assert!(ktrace.is_symlink() && !elsewhere.exists());
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
    }

    #[test]
    fn half_a_trace_that_a_killed_process_left_is_not_touched() {
        let directory = tempfile::tempdir().unwrap();
        let raw = directory.path().join("a.trace");
        let ktrace = directory.path().join("a.ktrace");
        let left = directory.path().join("a.ktrace.part");
        fs::write(&raw, b"frames").unwrap();
        fs::write(&left, b"half").unwrap();
        store(&raw, &ktrace).unwrap();
        assert_eq!(fs::read(&left).unwrap(), b"half");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
    }
}
