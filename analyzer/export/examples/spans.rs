//! How much memory the export of a long trace's spans takes.
//!
//! ```text
//! cargo run --release -p capbench-export --example spans -- [MILLION_RECORDS]
//! ```
//!
//! Writes a synthetic trace into each format for tables and prints time and the
//! peak of resident memory so far.

#![allow(
    clippy::print_stdout,
    reason = "a developer reads it, and a panic tells enough"
)]

use std::error::Error;
use std::fs;
use std::time::Instant;

use capbench_export::{Boot, TableFormat, write_spans};
use capbench_frames::synthetic::{Shape, write};

fn main() -> Result<(), Box<dyn Error>> {
    let millions = std::env::args().nth(1);
    let millions: u64 = millions.map_or(Ok(1), |text| text.parse())?;
    let directory = tempfile::tempdir()?;
    let path = directory.path().join("synthetic.trace");
    let shape = Shape {
        records: millions * 1_000_000,
        ..Shape::default()
    };
    write(
        &shape,
        &mut std::io::BufWriter::new(fs::File::create(&path)?),
    )?;
    let boot = Boot::open("synthetic", &path)?;
    println!("{millions} M records; read: peak {}", peak()?);
    for format in TableFormat::ALL {
        let start = Instant::now();
        let written = write_spans(&boot, format, directory.path())?;
        println!(
            "{}: {:.1} s, {} bytes, peak {}",
            format.extension(),
            start.elapsed().as_secs_f64(),
            fs::metadata(&written.path)?.len(),
            peak()?
        );
        fs::remove_file(written.path)?;
    }
    Ok(())
}

/// Peak of resident memory, as Linux reports it.
fn peak() -> Result<String, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    Ok(line.ok_or("no VmHWM")?.trim().to_owned())
}
