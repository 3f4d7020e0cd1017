//! Writes a made trace of any length, as the runner stores one, in flat memory.
//!
//! ```text
//! cargo run --release -p capbench-frames --example generate -- \
//!     [--records N] [--seed N] [--tail PART] [--windows N] [--batch N] FILE.ktrace
//! ```
//!
//! The same options make the same bytes everywhere; `capbench inspect` reads them.
//! Writing takes far longer than reading: most of it is compression.

#![allow(
    clippy::print_stdout,
    reason = "a developer reads it, and a panic tells enough"
)]

mod support;

use capbench_frames::synthetic::Shape;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let mut shape = Shape {
        records: 100_000_000,
        batch: support::BATCH,
        ..Shape::default()
    };
    let mut path = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--records" => shape.records = value()?.parse()?,
            "--seed" => shape.seed = value()?.parse()?,
            "--tail" => shape.tail = value()?.parse()?,
            "--windows" => shape.windows = value()?.parse()?,
            "--batch" => shape.batch = value()?.parse()?,
            option if option.starts_with('-') => return Err(format!("what is {option}?").into()),
            file => path = Some(PathBuf::from(file)),
        }
    }
    let path = path.ok_or("say which file to write")?;
    let stream = support::store(&shape, &path)?;
    let stored = fs::metadata(&path)?.len();
    let per_record = |bytes: u64| bytes as f64 / shape.records as f64;
    println!(
        "{} records from seed {}: {:.2} bytes per record as a stream, {:.2} at rest",
        shape.records,
        shape.seed,
        per_record(stream),
        per_record(stored)
    );
    Ok(())
}
