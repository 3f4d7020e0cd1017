//! The audit boot: the emulator's own log of executed instructions against the
//! durations the probes recorded in that very boot; and, from the same log, how
//! often each benchmark executed what exact mode misprices.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::thread;

use capbench_frames::audit::{
    Audit, InstructionLog, MispricedCode, ProbeSites, Report as Stated, audit,
};
use capbench_frames::check::{Finding, Objection};
use capbench_frames::load::{self, Event};
use capbench_frames::trace::read_file;
use capbench_results::{Evidence, InvalidReason, Mispriced};
use capbench_runner::artifact::instructions;
use capbench_runner::boot::{BootId, CapturedBoot};
use capbench_runner::guest::{Guest, GuestName};
use capbench_runner::run::CapturedRun;
use serde::Serialize;
use trace_format::decode::{SpanColumns, read_records};
use trace_format::{FrameKind, Instant, Span};

/// What an audit boot showed, and which system it speaks of.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Report {
    /// As stored beside the results.
    stated: Stated,
    #[serde(skip)]
    id: BootId,
}

impl Report {
    /// One line for a person.
    pub fn summary(&self) -> String {
        format!("audit: {}", self.stated.summary())
    }

    /// The objection of an audit that does not agree.
    pub fn finding(&self) -> Option<Finding> {
        (!self.stated.agrees()).then(|| Finding {
            check: "audit",
            objection: Objection::Invalid(InvalidReason::InstrumentsDisagree),
            benchmark: None,
            evidence: Evidence {
                source: self.stated.boot.clone(),
                subject: "durations of spans".into(),
                expected: "the emulator's count of executed instructions".into(),
                observed: self.stated.detail.join("; "),
            },
        })
    }

    /// Whether it speaks of this guest's system.
    pub fn is_of(&self, guest: GuestName, system: &str) -> bool {
        self.id.guest == guest && self.id.system == system
    }

    /// What exact mode misprices in a benchmark, as far as this boot ran it.
    pub fn mispriced(&self, benchmark: &str) -> &[Mispriced] {
        let mispriced = self.stated.mispriced.get(benchmark);
        mispriced.map_or(&[], Vec::as_slice)
    }

    /// Keeps the log, for a second count.
    fn keep_log(&mut self, run: &CapturedRun, boot: &CapturedBoot) {
        let Some(log) = &boot.instruction_log else {
            return;
        };
        match instructions::keep(&run.locate(log)) {
            Ok(None) => self.stated.log = Some(instructions::compressed(log).display().to_string()),
            Ok(Some(bytes)) => self.leave_out(format!("compressed it still has {bytes} bytes")),
            Err(why) => self.leave_out(why.to_string()),
        }
    }

    /// Keeps the kernel image, which tells what of a kept log reads the clock.
    fn keep_kernel(&mut self, run: &CapturedRun, boot: &CapturedBoot) {
        if self.stated.log.is_none() {
            return;
        }
        let kept = kernel_of(run, boot).and_then(|image| {
            let written = run.directory.write_kernel(&image);
            written.map_err(|error| error.to_string())
        });
        if let Err(why) = kept {
            self.leave_out(why);
        }
    }

    fn leave_out(&mut self, why: String) {
        self.stated.log = None;
        self.stated.log_left_out = Some(why);
    }
}

/// Addresses of the code whose execution an audit boot logs, if the kernel has
/// probes at all.
pub fn range(guest: &Guest) -> Option<(u64, u64)> {
    let text = ProbeSites::from_elf(&image(guest).ok()?).ok()?.text();
    Some((text.start, text.end - 1))
}

/// Audits every audit boot of the run, and keeps the logs.
pub fn reports(run: &CapturedRun) -> Vec<Report> {
    let boots = || run.record.boots.iter().filter(|boot| boot.id.audit);
    // A log has hundreds of megabytes and is read line by line, so each has a thread.
    let mut reports: Vec<Report> = thread::scope(|scope| {
        let readers: Vec<_> = boots()
            .map(|boot| scope.spawn(move || report(run, boot)))
            .collect();
        let reports = readers.into_iter().map(|reader| reader.join());
        reports
            .map(|report| report.expect("no reader panics"))
            .collect()
    });
    // One after the other: most boots have the same kernel, hence the same file.
    for (report, boot) in reports.iter_mut().zip(boots()) {
        report.keep_kernel(run, boot);
    }
    reports
}

fn report(run: &CapturedRun, boot: &CapturedBoot) -> Report {
    let stem = boot.id.stem();
    let stated = match compare(run, boot) {
        Ok((found, mispriced)) => Stated::of(stem, &found, mispriced),
        Err(detail) => Stated::failed(stem, run.directory.without_its_place(detail)),
    };
    let mut report = Report {
        stated,
        id: boot.id.clone(),
    };
    report.keep_log(run, boot);
    report
}

/// The audit of a boot, and what exact mode misprices in its benchmarks.
type Compared = (Audit, BTreeMap<String, Vec<Mispriced>>);

fn compare(run: &CapturedRun, boot: &CapturedBoot) -> Result<Compared, String> {
    if !boot.exit.is_clean() {
        return Err(boot.exit.to_string());
    }
    let log = boot.instruction_log.as_ref().ok_or("no instruction log")?;
    let log = read_log(&run.locate(log), &kernel_of(run, boot)?)?;
    let stream = boot.stream().ok_or("no stream")?;
    let file = run.locate(&stream.file);
    let (spans, instants) = records(&file)?;
    let stem = boot.id.stem();
    let trace = read_file(&file, &stem).map_err(|error| error.to_string())?;
    let idle = trace.statements.idle_segment();
    let found = audit(&log, spans.iter().copied(), instants.into_iter(), idle)
        .map_err(|error| error.to_string())?;
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

/// The kernel image that a boot ran.
fn kernel_of(run: &CapturedRun, boot: &CapturedBoot) -> Result<Vec<u8>, String> {
    let mut guests = run.record.guests.iter();
    let guest = guests
        .find(|guest| guest.guest == boot.id.guest && guest.variant == boot.id.variant)
        .ok_or("its guest is not in the record")?;
    image(guest)
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
