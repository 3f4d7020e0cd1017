//! How fast a trace is read and judged, stage by stage, beside the budgets.
//!
//! ```text
//! cargo run --release -p capbench-frames --example throughput -- [MILLION_RECORDS] [TAIL]
//! cargo run --release -p capbench-frames --example throughput -- FILE.ktrace
//! ```
//!
//! Makes a trace, or takes one that `generate` made. Every stage does all that the
//! one before it does, and more. Prints the best of a few runs, as time on the CPU
//! so that a busy machine blurs it less, and the peak of resident memory.

#![allow(
    clippy::print_stdout,
    reason = "a developer reads it, and a panic tells enough"
)]

mod support;

use capbench_frames::load::{Event, open};
use capbench_frames::summary::TraceSummary;
use capbench_frames::synthetic::Shape;
use capbench_frames::trace::{Damage, read_file};
use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;
use trace_format::FrameKind;
use trace_format::decode::SpanColumns;

/// Runs of each stage, of which the best counts.
const RUNS: usize = 5;

/// Longest time for 10⁸ records, on one core.
const BUDGET_SECONDS: f64 = 1.0;

/// Most memory for any number of records.
const BUDGET_BYTES: u64 = 256 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().unwrap_or("10".into());
    let tail: f64 = arguments.next().map_or(Ok(0.05), |text| text.parse())?;
    match first.parse::<u64>() {
        Err(_) => stages(Path::new(&first)),
        Ok(millions) => {
            let path = temporary();
            let shape = Shape {
                records: millions * 1_000_000,
                tail,
                batch: support::BATCH,
                ..Shape::default()
            };
            support::store(&shape, &path)?;
            let measured = stages(&path);
            fs::remove_file(&path)?;
            measured
        }
    }
}

fn temporary() -> PathBuf {
    let name = format!("capbench-throughput-{}.ktrace", std::process::id());
    std::env::temp_dir().join(name)
}

fn stages(path: &Path) -> Result<(), Box<dyn Error>> {
    // Once without a clock: the file is in memory then, and its figures are known.
    let totals = read_file(path, "made")?.totals;
    let per_record = |bytes: u64| bytes as f64 / totals.records as f64;
    println!(
        "{} records, {:.2} bytes per record as a stream, {:.2} at rest",
        totals.records,
        per_record(totals.bytes),
        per_record(fs::metadata(path)?.len())
    );
    let report = |stage: &str, took: Duration| {
        let seconds = took.as_secs_f64();
        let rate = totals.records as f64 / seconds / 1e6;
        println!("{stage:26} {seconds:8.3} s {rate:8.1} M records/s");
    };
    report("decompressed", best(|| decompress(path))?);
    report("frames, CRC checked", best(|| walk(path, false))?);
    report("columns", best(|| walk(path, true))?);
    let summary = best(|| summarise(path))?;
    report("summary", summary);

    let seconds = summary.as_secs_f64() * 1e8 / totals.records as f64;
    let share = seconds / BUDGET_SECONDS;
    println!("100 M records: {seconds:.2} s on one core, {share:.2} of the budget");
    let resident = peak_resident()?;
    let share = resident as f64 / BUDGET_BYTES as f64;
    let mebibytes = resident >> 20;
    println!("peak resident memory: {mebibytes} MiB, {share:.2} of the budget");
    Ok(())
}

/// What zstd alone takes.
fn decompress(path: &Path) -> Result<(), Box<dyn Error>> {
    let file = BufReader::with_capacity(1 << 18, File::open(path)?);
    let mut decoder = zstd::stream::read::Decoder::with_buffer(file)?;
    let mut buffer = vec![0; 1 << 18];
    while decoder.read(&mut buffer)? > 0 {
        black_box(&buffer);
    }
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
            black_box(&columns);
        }
    }
    Ok(())
}

/// What `capbench inspect` prints, before it prints it.
fn summarise(path: &Path) -> Result<(), Box<dyn Error>> {
    let trace = read_file(path, "made")?;
    assert_eq!(trace.damage, Damage::default());
    black_box(TraceSummary::new(&trace, Vec::new()));
    Ok(())
}

fn best(mut stage: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<Duration, Box<dyn Error>> {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let started = on_cpu()?;
        stage()?;
        best = best.min(on_cpu()? - started);
    }
    Ok(best)
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
