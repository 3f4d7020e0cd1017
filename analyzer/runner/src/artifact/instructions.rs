//! The emulator's instruction log at rest.
//!
//! An audit boot's log is near a gigabyte of lines that repeat one another, and a
//! six-hundredth of that compressed. So it is kept byte for byte, and a
//! reader who doubts the audit counts again.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Largest compressed log that a run keeps: ten times what the `ring` suite's
/// takes. A larger one would outweigh everything else in the artifact.
const MOST_BYTES: u64 = 16 << 20;

/// Fast, and already a six-hundredth.
const LEVEL: i32 = 3;

/// Where the compressed form of a log lies.
pub fn compressed(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".zst");
    name.into()
}

/// Compresses a log in place of itself. A log that stays too large is removed, and
/// its compressed size returned.
///
/// # Errors
///
/// It cannot be read or written; then it lies as it was.
pub fn keep(log: &Path) -> io::Result<Option<u64>> {
    let target = compressed(log);
    let written = compress(log, &target);
    let too_large = *written.as_ref().unwrap_or(&0) > MOST_BYTES;
    if written.is_err() || too_large {
        let _ = fs::remove_file(&target);
    }
    let bytes = written?;
    fs::remove_file(log)?;
    Ok(too_large.then_some(bytes))
}

fn compress(log: &Path, target: &Path) -> io::Result<u64> {
    let mut source = BufReader::with_capacity(1 << 20, File::open(log)?);
    let mut encoder = zstd::Encoder::new(BufWriter::new(File::create(target)?), LEVEL)?;
    encoder.include_checksum(true)?;
    io::copy(&mut source, &mut encoder)?;
    let mut file = encoder.finish()?;
    file.flush()?;
    file.get_ref().sync_all()?;
    Ok(file.get_ref().metadata()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_kept_byte_for_byte_in_place_of_itself() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("x.instructions.log");
        let text = "Trace 0: 0x7f [0/ffffffff80200000/0/0] kernel_main\n".repeat(10_000);
        fs::write(&log, &text).unwrap();
        assert_eq!(keep(&log).unwrap(), None);
        assert!(!log.exists());
        let kept = fs::read(compressed(&log)).unwrap();
        assert!(kept.len() < text.len() / 100);
        assert_eq!(zstd::decode_all(&kept[..]).unwrap(), text.as_bytes());
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let log = directory.path().join("none");
        assert!(keep(&log).is_err());
        assert!(!compressed(&log).exists());
    }
}
