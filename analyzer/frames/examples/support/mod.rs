//! What the examples share: writing a made trace as the runner stores one.

use capbench_frames::synthetic::{Shape, write};
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use zeekstd::{EncodeOptions, Encoder, FrameSizePolicy};

/// As in the runner's captures.
const PART_BYTES: u32 = 1 << 20;
const LEVEL: i32 = 3;

/// Operations in a sample. Samples are kept one by one, so a billion records in the
/// default batches would take more memory than is budgeted for everything; real
/// windows hold some hundred samples.
pub const BATCH: u32 = 1024;

/// Writes a made stream as a `.ktrace`, as it is made. Returns the length of the
/// stream inside.
pub fn store(shape: &Shape, path: &Path) -> Result<u64, Box<dyn Error>> {
    let mut file = BufWriter::new(File::create(path)?);
    let options = EncodeOptions::new()
        .compression_level(LEVEL)
        .checksum_flag(true)
        .frame_size_policy(FrameSizePolicy::Uncompressed(PART_BYTES));
    let mut archive = Counting {
        to: Encoder::with_opts(&mut file, options)?,
        bytes: 0,
    };
    write(shape, &mut archive)?;
    let bytes = archive.bytes;
    archive.to.finish()?;
    file.flush()?;
    Ok(bytes)
}

struct Counting<W> {
    to: W,
    bytes: u64,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.to.flush()
    }
}
