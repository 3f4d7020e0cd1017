//! How fast a trace is made, read and judged, stage by stage.
//!
//! ```text
//! cargo run --release -p capbench-frames --example throughput -- [MILLION_RECORDS] [TAIL]
//! ```
//!
//! Prints the best of three runs per stage, as time on the CPU so that a busy
//! machine blurs it less, and the peak of resident memory.

use capbench_frames::check::{Expectation, check};
use capbench_frames::load::{Event, open};
use capbench_frames::synthetic::{Shape, write};
use capbench_frames::trace::read_file;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;
use trace_format::FrameKind;
use trace_format::decode::SpanColumns;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let millions: u64 = arguments.next().map_or(Ok(10), |text| text.parse())?;
    let tail: f64 = arguments.next().map_or(Ok(0.05), |text| text.parse())?;
    let shape = Shape {
        records: millions * 1_000_000,
        tail,
        ..Shape::default()
    };
    let folder = std::env::temp_dir().join(format!("capbench-throughput-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (raw, archive) = (folder.join("made.trace"), folder.join("made.ktrace"));

    let started = on_cpu()?;
    let mut file = BufWriter::new(File::create(&raw)?);
    write(&shape, &mut file)?;
    file.flush()?;
    report("make", on_cpu()? - started, shape.records);
    compress(&raw, &archive)?;
    let (stream, stored) = (fs::metadata(&raw)?.len(), fs::metadata(&archive)?.len());
    let per = |bytes: u64| bytes as f64 / shape.records as f64;
    println!(
        "bytes per record: {:.2} as a stream, {:.2} at rest",
        per(stream),
        per(stored)
    );

    report(
        "frames of a stream",
        best(|| walk(&raw, false))?,
        shape.records,
    );
    report(
        "columns of a stream",
        best(|| walk(&raw, true))?,
        shape.records,
    );
    report(
        "columns of a .ktrace",
        best(|| walk(&archive, true))?,
        shape.records,
    );
    let summary = best(|| {
        let trace = read_file(&archive, "made")?;
        let findings = check(&trace, &Expectation::default());
        assert!(findings.is_empty(), "{findings:?}");
        Ok(())
    })?;
    report("summary of a .ktrace", summary, shape.records);
    println!("peak resident memory: {} MiB", peak_resident()? >> 20);
    fs::remove_dir_all(&folder)?;
    Ok(())
}

fn compress(from: &Path, to: &Path) -> Result<(), Box<dyn Error>> {
    zstd::stream::copy_encode(File::open(from)?, File::create(to)?, 1)?;
    Ok(())
}

fn walk(path: &Path, decode: bool) -> Result<(), Box<dyn Error>> {
    let mut frames = open(path)?;
    let mut columns = SpanColumns::default();
    while let Some(event) = frames.next_event()? {
        if let Event::Frame(frame) = event
            && decode
            && frame.header.kind == FrameKind::Spans
        {
            columns.clear();
            columns.read(&frame)?;
        }
    }
    Ok(())
}

fn best(mut stage: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let started = on_cpu()?;
        stage()?;
        best = best.min(on_cpu()? - started);
    }
    Ok(best)
}

fn report(stage: &str, took: Duration, records: u64) {
    let seconds = took.as_secs_f64();
    println!(
        "{stage:24} {seconds:8.3} s {:8.1} M records/s",
        records as f64 / seconds / 1e6
    );
}

/// Time this thread spent on a CPU, as Linux counts it.
fn on_cpu() -> Result<Duration, Box<dyn Error>> {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = statistics.split_whitespace().next().ok_or("no schedstat")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}

/// High-water mark of this process, as Linux counts it.
fn peak_resident() -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kibibytes = line
        .and_then(|line| line.split_whitespace().nth(1))
        .ok_or("no VmHWM")?;
    Ok(kibibytes.parse::<u64>()? * 1024)
}
