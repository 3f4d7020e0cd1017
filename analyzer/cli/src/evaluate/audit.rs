//! The audit boot: the emulator's own log of executed instructions against the
//! durations the probes recorded in that very boot; and, from the same log, how
//! often each benchmark executed what exact mode misprices.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;

use capbench_frames::audit::{Audit, InstructionLog, MispricedCode, ProbeSites, audit};
use capbench_frames::check::{Finding, Objection};
use capbench_frames::load::{self, Event};
use capbench_frames::trace::read_file;
use capbench_results::{Evidence, InvalidReason, Mispriced};
use capbench_runner::boot::{BootId, CapturedBoot};
use capbench_runner::guest::{Guest, GuestName};
use capbench_runner::run::CapturedRun;
use serde::Serialize;
use trace_format::decode::{SpanColumns, read_records};
use trace_format::{FrameKind, Instant, Span};

/// What an audit boot showed, as stored beside the results.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The boot, as its files are named.
    pub boot: String,
    #[serde(skip)]
    id: BootId,
    /// Spans and roots compared.
    pub compared: u64,
    /// Clock readings before the first record: the calibration's.
    pub readings_before: u64,
    /// Instructions the emulator logged.
    pub instructions: u64,
    /// Spans whose duration is not what the emulator counted.
    pub disagreements: u64,
    /// The first of them, in words; or why nothing could be compared.
    pub detail: Vec<String>,
    /// What exact mode misprices in each benchmark, by result name; an empty list
    /// says that its log holds nothing of the kind. No lists without agreement.
    pub mispriced: BTreeMap<String, Vec<Mispriced>>,
}

impl Report {
    /// Whether every span was compared and agreed.
    pub fn agrees(&self) -> bool {
        self.detail.is_empty() && self.compared > 0
    }

    /// One line for a person.
    pub fn summary(&self) -> String {
        if self.agrees() {
            format!(
                "audit: {} spans equal the emulator's own count of executed instructions ({} logged)",
                self.compared, self.instructions
            )
        } else {
            format!("audit: {}", self.detail.join("; "))
        }
    }

    /// The objection of an audit that does not agree.
    pub fn finding(&self) -> Option<Finding> {
        (!self.agrees()).then(|| Finding {
            check: "audit",
            objection: Objection::Invalid(InvalidReason::InstrumentsDisagree),
            benchmark: None,
            evidence: Evidence {
                source: self.boot.clone(),
                subject: "durations of spans".into(),
                expected: "the emulator's count of executed instructions".into(),
                observed: self.detail.join("; "),
            },
        })
    }

    /// Whether it speaks of this guest's system.
    pub fn is_of(&self, guest: GuestName, system: &str) -> bool {
        self.id.guest == guest && self.id.system == system
    }

    /// What exact mode misprices in a benchmark, as far as this boot ran it.
    pub fn mispriced(&self, benchmark: &str) -> &[Mispriced] {
        self.mispriced.get(benchmark).map_or(&[], Vec::as_slice)
    }

    fn failed(boot: &CapturedBoot, detail: impl ToString) -> Self {
        Self {
            boot: boot.id.stem(),
            id: boot.id.clone(),
            compared: 0,
            readings_before: 0,
            instructions: 0,
            disagreements: 0,
            detail: vec![detail.to_string()],
            mispriced: BTreeMap::new(),
        }
    }

    fn of(boot: &CapturedBoot, found: &Audit, mispriced: BTreeMap<String, Vec<Mispriced>>) -> Self {
        Self {
            boot: boot.id.stem(),
            id: boot.id.clone(),
            compared: found.compared,
            readings_before: found.readings_before,
            instructions: found.instructions,
            disagreements: found.disagreement_count,
            detail: found
                .disagreements
                .iter()
                .map(|disagreement| {
                    let Span {
                        start,
                        duration,
                        segment,
                        ..
                    } = disagreement.span;
                    let executed = disagreement.executed;
                    format!(
                        "segment {segment} at {start}: {duration} recorded, {executed} executed"
                    )
                })
                .collect(),
            mispriced,
        }
    }
}

/// Addresses of the code whose execution an audit boot logs, if the kernel has
/// probes at all.
pub fn range(guest: &Guest) -> Option<(u64, u64)> {
    let text = ProbeSites::from_elf(&image(guest).ok()?).ok()?.text();
    Some((text.start, text.end - 1))
}

/// Audits every audit boot of the run. A log is removed once it agreed: it has
/// tens of millions of lines, and its boot can be repeated to the byte.
pub fn reports(run: &CapturedRun) -> Vec<Report> {
    let boots = run.record.boots.iter().filter(|boot| boot.id.audit);
    boots
        .map(|boot| {
            let report = match compare(run, boot) {
                Ok((found, mispriced)) => Report::of(boot, &found, mispriced),
                Err(detail) => Report::failed(boot, detail),
            };
            if let (true, Some(log)) = (report.agrees(), &boot.instruction_log) {
                let _ = fs::remove_file(run.locate(log));
            }
            report
        })
        .collect()
}

/// The audit of a boot, and what exact mode misprices in its benchmarks.
type Compared = (Audit, BTreeMap<String, Vec<Mispriced>>);

fn compare(run: &CapturedRun, boot: &CapturedBoot) -> Result<Compared, String> {
    if !boot.exit.is_clean() {
        return Err(boot.exit.to_string());
    }
    let guest = run
        .record
        .guests
        .iter()
        .find(|guest| guest.guest == boot.id.guest && guest.variant == boot.id.variant)
        .ok_or("its guest is not in the record")?;
    let log = boot.instruction_log.as_ref().ok_or("no instruction log")?;
    let log = read_log(&run.locate(log), &image(guest)?)?;
    let stream = boot.stream().ok_or("no stream")?;
    let file = run.locate(&stream.file);
    let (spans, instants) = records(&file)?;
    let found = audit(&log, spans.iter().copied(), instants.into_iter())
        .map_err(|error| error.to_string())?;
    let stem = boot.id.stem();
    let trace = read_file(&file, &stem).map_err(|error| error.to_string())?;
    let counted_by = format!("instruction log of {stem}");
    let mispriced = found.mispriced(&log, &trace.windows, &counted_by);
    Ok((found, mispriced))
}

fn read_log(path: &Path, image: &[u8]) -> Result<InstructionLog, String> {
    let sites = ProbeSites::from_elf(image).map_err(|error| error.to_string())?;
    let code = MispricedCode::from_elf(image).map_err(|error| error.to_string())?;
    let log = File::open(path).map_err(|error| error.to_string())?;
    InstructionLog::read(BufReader::with_capacity(1 << 20, log), &sites, &code)
        .map_err(|error| error.to_string())
}

fn image(guest: &Guest) -> Result<Vec<u8>, String> {
    fs::read(&guest.kernel().path).map_err(|error| error.to_string())
}

/// All spans and the times of all instants of a trace.
fn records(trace: &Path) -> Result<(Vec<Span>, Vec<u64>), String> {
    let mut frames = load::open(trace).map_err(|error| error.to_string())?;
    let (mut spans, mut times) = (Vec::new(), Vec::new());
    let mut columns = SpanColumns::default();
    let mut instants: Vec<Instant> = Vec::new();
    while let Some(event) = frames.next_event().map_err(|error| error.to_string())? {
        let Event::Frame(frame) = event else { continue };
        let read = match frame.header.kind {
            FrameKind::Spans => {
                columns.clear();
                let read = columns.read(&frame);
                spans.extend((0..columns.len()).map(|index| columns.span(index)));
                read
            }
            FrameKind::Instants => {
                instants.clear();
                let read = read_records(&frame, &mut instants);
                times.extend(instants.iter().map(|instant| instant.time));
                read
            }
            _ => continue,
        };
        read.map_err(|error| error.to_string())?;
    }
    Ok((spans, times))
}
