//! Every audit boot of a run, compared with its log.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::thread;

use capbench_frames::trace::{Recorded, Trace};
use capbench_results::{AuditReport, Evidence, InvalidReason, Mispriced};
use capbench_runner::artifact::{inside, instructions, kept_kernel};
use capbench_runner::boot::{BootId, CapturedBoot};
use capbench_runner::guest::{Guest, GuestName};
use capbench_runner::hash;
use trace_format::Span;

use super::{Audit, Disagreement, InstructionLog, MispricedCode, ProbeSites, audit};
use crate::Run;
use crate::rule::{Finding, Objection};

/// Most of a kept log that is read, decompressed: twenty times the longest.
const LOG_BYTES_MAX: u64 = 16 << 30;

/// What an audit boot showed, and which system it speaks of.
#[derive(Debug)]
pub struct Audited {
    /// As stored beside the results.
    pub report: AuditReport,
    /// The boot.
    pub id: BootId,
    /// Its stream, where it could be read.
    pub(crate) trace: Option<Trace>,
    /// The objections of the rules to it.
    pub(crate) findings: Vec<Finding>,
}

impl Audited {
    /// One line for a person.
    pub fn summary(&self) -> String {
        format!("audit: {}", self.report.summary())
    }

    /// The objection of an audit that does not agree.
    pub(crate) fn finding(&self) -> Option<Finding> {
        (!self.report.agrees()).then(|| Finding {
            check: "audit",
            objection: Objection::Invalid(InvalidReason::InstrumentsDisagree),
            benchmark: None,
            evidence: Evidence {
                source: self.report.boot.clone(),
                subject: "durations of spans".into(),
                expected: "the emulator's count of executed instructions".into(),
                observed: self.report.detail.join("; "),
            },
        })
    }

    /// Whether it speaks of this guest's system.
    pub(crate) fn is_of(&self, guest: GuestName, system: &str) -> bool {
        self.id.guest == guest && self.id.system == system
    }

    /// What exact mode misprices in a benchmark, as far as this boot ran it.
    pub(crate) fn mispriced(&self, benchmark: &str) -> &[Mispriced] {
        let mispriced = self.report.mispriced.get(benchmark);
        mispriced.map_or(&[], Vec::as_slice)
    }
}

/// Addresses of the code whose execution an audit boot logs, if the kernel has
/// probes at all.
pub fn logged_addresses(guest: &Guest) -> Option<(u64, u64)> {
    let image = fs::read(&guest.kernel().path).ok()?;
    let text = ProbeSites::from_elf(&image).ok()?.text();
    Some((text.start, text.end - 1))
}

/// Audits every audit boot of the run.
pub(crate) fn all(run: &Run) -> Vec<Audited> {
    let boots = run.record.boots.iter().filter(|boot| boot.id.audit);
    // A log has hundreds of megabytes and is read line by line, so each has a thread.
    thread::scope(|scope| {
        let readers: Vec<_> = boots
            .map(|boot| scope.spawn(move || one(run, boot)))
            .collect();
        let audited = readers.into_iter().map(|reader| reader.join());
        audited
            .map(|audited| audited.expect("no reader panics"))
            .collect()
    })
}

fn one(run: &Run, boot: &CapturedBoot) -> Audited {
    let stem = boot.id.stem();
    let (trace, compared) = match read(run, boot) {
        Ok((trace, recorded)) => {
            let compared = compare(run, boot, &trace, recorded);
            (Some(trace), compared)
        }
        Err(why) => (None, Err(why)),
    };
    let stated = run.stated_audits.iter().find(|stated| stated.boot == stem);
    if let Some(stated) = stated.filter(|stated| stated.log_left_out.is_some()) {
        // Its log is not there to be counted again.
        return Audited {
            report: stated.clone(),
            id: boot.id.clone(),
            trace,
            findings: Vec::new(),
        };
    }
    let report = match compared {
        Ok((found, mispriced)) => AuditReport {
            boot: stem,
            compared: found.compared,
            readings_before: found.readings_before,
            instructions: found.instructions,
            disagreements: found.disagreement_count,
            detail: found.disagreements.iter().map(in_words).collect(),
            mispriced,
            log: None,
            log_left_out: None,
        },
        Err(why) => AuditReport::failed(stem, run.without_its_place(&why)),
    };
    Audited {
        report,
        id: boot.id.clone(),
        trace,
        findings: Vec::new(),
    }
}

fn read(run: &Run, boot: &CapturedBoot) -> Result<(Trace, Recorded), String> {
    if !boot.exit.is_clean() {
        return Err(boot.exit.to_string());
    }
    let stream = boot.stream().ok_or("no stream")?;
    let read = run.records(&stream.file, &boot.id.stem());
    read.map_err(|error| error.to_string())
}

/// The audit of a boot, and what exact mode misprices in its benchmarks.
type Compared = (Audit, BTreeMap<String, Vec<Mispriced>>);

fn compare(
    run: &Run,
    boot: &CapturedBoot,
    trace: &Trace,
    recorded: Recorded,
) -> Result<Compared, String> {
    let log = boot.instruction_log.as_ref().ok_or("no instruction log")?;
    let log = read_log(run, log, &kernel_of(run, boot)?)?;
    let idle = trace.statements.idle_segment();
    let spans = recorded.spans.iter().copied();
    let found = audit(&log, spans, recorded.instants.into_iter(), idle)
        .map_err(|error| error.to_string())?;
    let counted_by = format!("instruction log of {}", boot.id.stem());
    let mispriced = found.mispriced(&log, &trace.windows, &counted_by);
    Ok((found, mispriced))
}

fn read_log(run: &Run, log: &Path, image: &[u8]) -> Result<InstructionLog, String> {
    let sites = ProbeSites::from_elf(image).map_err(|error| error.to_string())?;
    let code = MispricedCode::from_elf(image).map_err(|error| error.to_string())?;
    let log = open_log(run, log)?;
    InstructionLog::read(log, &sites, &code).map_err(|error| error.to_string())
}

/// As the emulator wrote it, or as a sealed run keeps it.
fn open_log(run: &Run, log: &Path) -> Result<Box<dyn BufRead>, String> {
    const READ_AT_ONCE: usize = 1 << 20;
    match run.open_at_most(log, LOG_BYTES_MAX) {
        Err(error) if error.is_missing() => {
            let kept = run.open(&instructions::compressed(log));
            let kept = kept.map_err(|error| error.to_string())?;
            let kept = zstd::Decoder::new(kept).map_err(|error| error.to_string())?;
            let kept = kept.take(LOG_BYTES_MAX);
            Ok(Box::new(BufReader::with_capacity(READ_AT_ONCE, kept)))
        }
        log => {
            let log = log.map_err(|error| error.to_string())?;
            Ok(Box::new(BufReader::with_capacity(READ_AT_ONCE, log)))
        }
    }
}

/// The kernel image that a boot ran: the run's own copy, or the one that was built.
fn kernel_of(run: &Run, boot: &CapturedBoot) -> Result<Vec<u8>, String> {
    let mut guests = run.record.guests.iter();
    let guest = guests
        .find(|guest| guest.guest == boot.id.guest && guest.variant == boot.id.variant)
        .ok_or("its guest is not in the record")?;
    let kernel = guest.kernel();
    let kept = inside::read(run.directory, &kept_kernel(kernel.sha256));
    let image = kept.or_else(|error| match error.is_missing() {
        // Not sealed yet.
        true => fs::read(&kernel.path).map_err(|error| error.to_string()),
        false => Err(error.to_string()),
    });
    let image = image.map_err(|error| format!("the kernel's image: {error}"))?;
    if hash::of(&image) != kernel.sha256 {
        return Err("the kernel's image is not the one that was booted".to_owned());
    }
    Ok(image)
}

fn in_words(disagreement: &Disagreement) -> String {
    let Span {
        start,
        duration,
        segment,
    } = disagreement.span;
    let executed = disagreement.executed;
    format!("segment {segment} at {start}: {duration} recorded, {executed} executed")
}
