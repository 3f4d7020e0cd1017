//! The audit boot, counted again from what the run keeps of it: its stream, the
//! emulator's log of executed instructions and the kernel image that was booted.
//!
//! In exact mode no two readings of the clock have the same time, so the distinct
//! times of all records, in order, are the readings of the log, the calibration's
//! before them apart. Between two readings of one span the log must hold as many
//! instructions as the span lasted. Nothing is tolerated, but that a processor that
//! waits executes less than the clock goes on.

mod code;
mod elf;
mod log;

pub use elf::section;

use std::collections::BTreeMap;
use std::io::{BufReader, Read};

use capbench_results::{AuditReport, EvidenceFile};
use trace_format::decode::{Event, Frames, SpanColumns, read_records};
use trace_format::{FrameKind, Instant, SampleFlags, Span};

use crate::canonical::sha256;
use crate::inside;
use crate::record::{self, Boot};
use crate::rows::Mispriced;
use crate::run::Run;
use crate::stream::{Window, raw};
use code::KINDS;
use log::{Counts, Log};

/// The run's own word on its audits.
pub const STATED: &str = "audit.json";

/// Where a kernel image notes the addresses at which its probes read the clock.
const SITES: &str = ".capbench.sites";

/// The segment in which a processor waits.
const IDLE: &str = "idle";

/// Most bytes of a log that are counted, decompressed: twenty times the longest.
const LOG_BYTES_MAX: u64 = 16 << 30;

/// Disagreements in words.
const WORDS_MAX: usize = 4;

/// What an audit boot shows.
#[derive(Debug)]
pub struct Audit {
    pub boot: String,
    pub guest: String,
    pub system: String,
    pub counted: Result<Counted, Uncounted>,
}

/// An audit, counted.
#[derive(Debug, Default)]
pub struct Counted {
    pub compared: u64,
    pub readings_before: u64,
    pub instructions: u64,
    pub disagreements: u64,
    /// The first of them in words, and whatever else speaks against it.
    pub faults: Vec<String>,
    /// What exact mode misprices, by row.
    pub mispriced: BTreeMap<String, Vec<Mispriced>>,
}

/// Why an audit was not counted.
#[derive(Debug)]
pub enum Uncounted {
    /// The run does not keep what is needed.
    NotKept(String),
    /// What it keeps contradicts itself.
    Broken(String),
}

/// The run's own word on its audits.
pub fn stated(run: &Run) -> Result<Vec<AuditReport>, String> {
    let text = inside::text(&run.directory, STATED);
    let text = text.map_err(|error| format!("{STATED}: {error}"))?;
    let file = EvidenceFile::from_json(text.as_bytes());
    Ok(file.map_err(|error| format!("{STATED}: {error}"))?.entries)
}

/// Counts every audit of a run.
pub fn count(run: &Run) -> Vec<Audit> {
    let Ok(record) = run.record() else {
        return Vec::new();
    };
    let boots = record.boots.iter().filter(|boot| boot.audit);
    boots
        .map(|boot| Audit {
            boot: boot.stem(),
            guest: boot.guest.clone(),
            system: boot.system.clone(),
            counted: count_one(run, record, boot),
        })
        .collect()
}

fn count_one(run: &Run, record: &record::Record, boot: &Boot) -> Result<Counted, Uncounted> {
    if !boot.ended_clean() {
        return Err(Uncounted::Broken(format!("it ended {}", boot.end())));
    }
    let name = boot.instruction_log.as_ref();
    let name = name.ok_or_else(|| Uncounted::Broken("it logged nothing".to_owned()))?;
    let name = format!("{name}.zst");
    let file = inside::open(&run.directory, &name).map_err(|error| match error.is_missing() {
        true => Uncounted::NotKept(why_not_kept(run, boot)),
        false => Uncounted::Broken(format!("{name}: {error}")),
    })?;
    let image = kernel(run, record, boot)?;
    let count = || -> Result<Counted, String> {
        let text = section(&image, ".text")?;
        let sites = sites(section(&image, SITES)?.bytes);
        let decoder = zstd::stream::read::Decoder::new(file).map_err(|error| error.to_string())?;
        let log = BufReader::with_capacity(1 << 20, decoder.take(LOG_BYTES_MAX));
        let log = Log::count(log, &sites, text).map_err(|error| format!("{name}: {error}"))?;
        let stored = boot.stored().ok_or("it left no stream")?;
        let stored_file = inside::open(&run.directory, &stored.file);
        let stream = raw(
            stored_file.map_err(|error| error.to_string())?,
            stored.bytes,
        )?;
        let said = run.said(&stored.file)?;
        let segments = said.statements.segments.iter();
        let idle = segments.filter(|(_, segment)| segment.name == IDLE);
        let mut counted = compare(&log, &stream, idle.map(|(id, _)| *id).next())?;
        if counted.disagreements == 0 {
            counted.mispriced = mispriced(&log, &stream, &said.windows, &boot.stem())?;
        }
        // A log of half the code counts half of what was executed.
        let range = format!("{:#x}..{:#x}", text.address, last(text));
        if !boot.arguments.contains(&range) {
            let fault = format!("the emulator was not asked to log all of {range}");
            counted.faults.push(fault);
        }
        Ok(counted)
    };
    count().map_err(Uncounted::Broken)
}

fn last(text: elf::Section) -> u64 {
    text.address + (text.bytes.len() as u64).saturating_sub(1)
}

fn why_not_kept(run: &Run, boot: &Boot) -> String {
    let stated = stated(run).unwrap_or_default();
    let own = stated.into_iter().find(|stated| stated.boot == boot.stem());
    let why = own.and_then(|stated| stated.log_left_out);
    let why = why.unwrap_or_else(|| "it was removed".to_owned());
    format!("the instruction log is not kept: {why}")
}

/// The kernel image that the record says was booted, checked by its hash.
fn kernel(run: &Run, record: &record::Record, boot: &Boot) -> Result<Vec<u8>, Uncounted> {
    let mut guests = record.guests.iter();
    let guest = guests.find(|guest| guest.guest == boot.guest && guest.variant == boot.variant);
    let images = guest.map_or(&[][..], |guest| &guest.images);
    let kernel = images.iter().find(|image| image.name.starts_with("kernel"));
    let kernel =
        kernel.ok_or_else(|| Uncounted::Broken("the record names no kernel".to_owned()))?;
    let short = kernel.sha256.get(..12).unwrap_or_default();
    let name = format!("images/{short}.elf");
    let image = inside::read(&run.directory, &name).map_err(|error| {
        let why = format!("the kernel image {name}: {error}");
        match error.is_missing() {
            true => Uncounted::NotKept(why),
            false => Uncounted::Broken(why),
        }
    })?;
    let found = sha256(&image);
    if found != kernel.sha256 {
        let why = format!("{name} has the hash {found}, booted was {}", kernel.sha256);
        return Err(Uncounted::Broken(why));
    }
    Ok(image)
}

/// Addresses of the probes' readings; what the linker dropped left zeros.
fn sites(bytes: &[u8]) -> Vec<u64> {
    let (words, _) = bytes.as_chunks::<8>();
    let mut sites: Vec<u64> = words.iter().map(|word| u64::from_le_bytes(*word)).collect();
    sites.retain(|&site| site != 0);
    sites.sort_unstable();
    sites.dedup();
    sites
}

/// What reads the clock at a probe.
enum Record {
    Span(Span),
    Instant(Instant),
}

/// The times of all records in a stream, each once, in order.
fn times(stream: &[u8]) -> Result<Vec<u64>, String> {
    let mut times = Vec::new();
    records(stream, |record| match record {
        Record::Span(span) => times.extend([span.start, span.start + span.duration]),
        Record::Instant(instant) => times.push(instant.time),
    })?;
    times.sort_unstable();
    times.dedup();
    Ok(times)
}

fn records(stream: &[u8], mut each: impl FnMut(Record)) -> Result<(), String> {
    let mut columns = SpanColumns::default();
    for event in Frames::new(stream) {
        let Event::Frame(frame) = event else { continue };
        let read = match frame.header.kind {
            FrameKind::Spans => {
                columns.clear();
                let read = columns.read(&frame);
                (0..columns.len()).for_each(|index| each(Record::Span(columns.span(index))));
                read
            }
            FrameKind::Instants => {
                let mut instants: Vec<Instant> = Vec::new();
                let read = read_records(&frame, &mut instants);
                instants
                    .into_iter()
                    .map(Record::Instant)
                    .for_each(&mut each);
                read
            }
            _ => continue,
        };
        read.map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn compare(log: &Log, stream: &[u8], idle: Option<u16>) -> Result<Counted, String> {
    let times = times(stream)?;
    let before = before(log, &times)?;
    let mut counted = Counted {
        readings_before: before as u64,
        instructions: log.instructions,
        ..Counted::default()
    };
    let place = |time: u64| {
        let reading = times.binary_search(&time).unwrap_or_default();
        log.readings[before + reading]
    };
    records(stream, |record| {
        let Record::Span(span) = record else { return };
        let Span {
            start,
            duration,
            segment,
        } = span;
        let executed = place(start + duration) - place(start);
        let waits = idle == Some(segment);
        counted.compared += u64::from(!waits);
        if !lasted(duration, executed, waits) {
            counted.disagreements += 1;
            if counted.faults.len() < WORDS_MAX {
                counted.faults.push(format!(
                    "segment {segment} at {start}: {duration} recorded, {executed} executed"
                ));
            }
        }
    })?;
    if counted.compared == 0 {
        return Err("its stream holds no span".to_owned());
    }
    Ok(counted)
}

/// Whether a span can have lasted so long and executed so much.
fn lasted(duration: u64, executed: u64, waits: bool) -> bool {
    executed == duration || waits && executed < duration
}

/// Readings of the log before the first record's.
fn before(log: &Log, times: &[u64]) -> Result<usize, String> {
    let (readings, stamps) = (log.readings.len(), times.len());
    readings
        .checked_sub(stamps)
        .ok_or_else(|| format!("{stamps} times in its stream, {readings} readings in its log"))
}

/// What exact mode misprices in each row: executions inside of the measured
/// samples, for each of their operations.
///
/// The program's own readings of the clock are not in the log, so an execution
/// between the last of the kernel's readings in a sample and the first one outside
/// of it may be on either side: its kind then has no count.
fn mispriced(
    log: &Log,
    stream: &[u8],
    windows: &[Window],
    boot: &str,
) -> Result<BTreeMap<String, Vec<Mispriced>>, String> {
    let times = times(stream)?;
    let before = before(log, &times)?;
    let mut rows = BTreeMap::new();
    for window in windows {
        let (mut operations, mut inside, mut at_ends) = (0, Counts::default(), Counts::default());
        let aside = SampleFlags::COLD | SampleFlags::WARM_UP;
        let samples = window.samples.iter();
        for sample in samples.filter(|s| s.metric == 0 && !s.flags.intersects(aside)) {
            operations += u64::from(sample.operations);
            let end = sample.start.saturating_add(sample.ticks);
            let first = before + times.partition_point(|&time| time < sample.start);
            let after = before + times.partition_point(|&time| time <= end);
            add(&mut inside, log.mispriced(first + 1, after));
            add(&mut at_ends, log.mispriced(first, first + 1));
            if after > first {
                add(&mut at_ends, log.mispriced(after, after + 1));
            }
        }
        if operations == 0 {
            continue;
        }
        let kinds = KINDS.iter().zip(inside).zip(at_ends);
        let found = kinds.filter(|((_, inside), at_ends)| inside + at_ends > 0);
        let found = found.map(|((kind, inside), at_ends)| {
            let sure = at_ends == 0;
            Mispriced {
                kind: (*kind).to_owned(),
                per_operation: sure.then(|| inside as f64 / operations as f64),
                counted_by: sure.then(|| format!("instruction log of {boot}")),
            }
        });
        let found = found.collect();
        rows.entry(window.benchmark.clone()).or_insert(found);
    }
    Ok(rows)
}

fn add(sums: &mut Counts, counts: Counts) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}

#[cfg(test)]
mod tests {
    use super::lasted;

    #[test]
    fn only_a_wait_lasts_longer_than_it_executes() {
        assert!(lasted(10, 10, false));
        assert!(!lasted(11, 10, false));
        assert!(lasted(11, 10, true));
        assert!(!lasted(9, 10, true));
    }
}
