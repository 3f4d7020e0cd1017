//! From the raw stream QEMU wrote to a `.ktrace` and two digests.
//!
//! The digest of the raw stream is what boots are compared by; the file at rest
//! is zstd in seekable frames with an index, readable by any zstd. The raw file
//! is removed only after the compressed one is complete on disk; if anything
//! fails before, the raw file stays and is named in the artifact.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeekstd::{EncodeOptions, Encoder, FrameSizePolicy};

use capbench_results::Digest;

use crate::hash::HashingReader;

/// A seek decompresses at most this much to reach its place.
const FRAME_BYTES: u32 = 1 << 20;
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
    let mut source = HashingReader::new(File::open(raw)?);
    let mut target = BufWriter::new(File::create(ktrace)?);
    let options = EncodeOptions::new()
        .compression_level(LEVEL)
        .checksum_flag(true)
        .frame_size_policy(FrameSizePolicy::Uncompressed(FRAME_BYTES));
    let mut encoder = Encoder::with_opts(&mut target, options).map_err(io::Error::other)?;
    let mut buffer = vec![0; 1 << 17];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        encoder.write_all(&buffer[..read])?;
    }
    encoder.finish().map_err(io::Error::other)?;
    target.flush()?;
    target.get_ref().sync_all()?;
    Ok(source.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash;
    use proptest::prelude::*;

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
    fn a_long_stream_has_several_seekable_frames() {
        let directory = tempfile::tempdir().unwrap();
        let raw = directory.path().join("a.trace");
        let ktrace = directory.path().join("a.ktrace");
        fs::write(&raw, vec![3; 3 * FRAME_BYTES as usize + 1]).unwrap();
        store(&raw, &ktrace).unwrap();
        let table = zeekstd::SeekTable::from_seekable(&mut File::open(&ktrace).unwrap()).unwrap();
        assert_eq!(table.num_frames(), 4);
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
