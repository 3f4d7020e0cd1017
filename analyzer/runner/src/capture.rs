//! From the raw stream QEMU wrote to a `.ktrace` and two digests.
//!
//! The digest of the raw stream is what boots are compared by; the file at rest
//! is zstd in seekable frames with an index, readable by any zstd. The raw file
//! is removed only after the compressed one is complete on disk; if anything
//! fails before, the raw file stays and is named in the artifact.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
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
    let temporary = ktrace.with_extension("ktrace.part");
    let stream = compress(raw, &temporary);
    if stream.is_err() {
        // Half a trace is worth nothing while the raw bytes are there.
        let _ = fs::remove_file(&temporary);
    }
    let (bytes, sha256) = stream?;
    fs::rename(&temporary, ktrace)?;
    fs::remove_file(raw)?;
    Ok(Stream {
        file: ktrace.to_owned(),
        sha256,
        bytes,
    })
}

fn compress(raw: &Path, ktrace: &Path) -> io::Result<(u64, Digest)> {
    let mut source = HashingReader::new(BufReader::with_capacity(1 << 17, File::open(raw)?));
    let mut target = BufWriter::new(File::create(ktrace)?);
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
    target.get_ref().sync_all()?;
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
}
