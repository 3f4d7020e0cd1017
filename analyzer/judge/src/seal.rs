//! Keeps what judging came to beside the raw data, and seals the run.

use std::fs;
use std::path::PathBuf;

use capbench_results::{AuditReport, Contradiction, EvidenceFile, EvidenceKind, MessageError};
use capbench_runner::artifact::{ArtifactError, instructions, names};
use capbench_runner::boot::{BootId, CapturedBoot};
use capbench_runner::run::CapturedRun;

use crate::Judgement;

/// What judging came to cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum SealError<E = ArtifactError> {
    /// A file cannot be written.
    #[error("{0}")]
    Unwritten(E),
    /// The results contradict themselves, which is a fault of ours.
    #[error("the results: {0}")]
    Results(#[from] Contradiction),
    /// Evidence has no JSON form.
    #[error("the evidence: {0}")]
    Evidence(#[from] serde_json::Error),
    /// A result has no Cap'n Proto form.
    #[error("the results as a message: {0}")]
    Message(#[from] MessageError),
}

/// Writes results and evidence, keeps the instruction logs, and seals the run. Returns
/// where it lies then.
///
/// # Errors
///
/// Something cannot be written; what had arrived stays in the unsealed directory.
pub fn seal(captured: CapturedRun, judgement: &mut Judgement) -> Result<PathBuf, SealError> {
    for audited in &mut judgement.audits {
        keep_log(&captured, &audited.id, &mut audited.report);
    }
    write_judgement(judgement, |name, bytes| {
        captured.directory.write(name, bytes).map(|_| ())
    })?;
    captured.directory.seal().map_err(SealError::Unwritten)
}

/// Writes results and evidence by their names in a run.
///
/// # Errors
///
/// A file cannot be written.
pub fn write_judgement<E>(
    judgement: &Judgement,
    mut write: impl FnMut(&str, &[u8]) -> Result<(), E>,
) -> Result<(), SealError<E>> {
    let results = &judgement.results;
    let mut keep = |name, bytes: &[u8]| write(name, bytes).map_err(SealError::Unwritten);
    keep(names::RESULTS_JSON, results.to_json()?.as_bytes())?;
    keep(names::RESULTS_MESSAGE, &results.to_message()?)?;
    keep(names::AUDITS, &file(judgement.reports())?)?;
    keep(names::PRIVILEGED, &file(judgement.privileged.clone())?)?;
    keep(names::EXERCISED, &file(judgement.exercised.clone())?)
}

fn file<T: EvidenceKind>(entries: Vec<T>) -> Result<Vec<u8>, serde_json::Error> {
    Ok(EvidenceFile::new(entries).to_json()?.into_bytes())
}

/// Keeps an audit boot's log, for a second count, and the kernel image that shows what
/// of it reads the clock. The report says where the log lies, or why it is left out.
fn keep_log(captured: &CapturedRun, id: &BootId, report: &mut AuditReport) {
    let boots = captured.record.boots.iter();
    let Some(boot) = boots.into_iter().find(|boot| boot.id == *id) else {
        return;
    };
    let Some(log) = &boot.instruction_log else {
        return;
    };
    let kept = match instructions::keep(&captured.locate(log)) {
        Ok(None) => keep_kernel(captured, boot),
        Ok(Some(bytes)) => Err(format!("compressed it still has {bytes} bytes")),
        Err(why) => Err(why.to_string()),
    };
    match kept {
        Ok(()) => report.log = Some(instructions::compressed(log).display().to_string()),
        Err(why) => report.log_left_out = Some(why),
    }
}

fn keep_kernel(captured: &CapturedRun, boot: &CapturedBoot) -> Result<(), String> {
    let mut guests = captured.record.guests.iter();
    let guest = guests
        .find(|guest| guest.guest == boot.id.guest && guest.variant == boot.id.variant)
        .ok_or("its guest is not in the record")?;
    let image = fs::read(&guest.kernel().path).map_err(|error| error.to_string())?;
    let written = captured.directory.write_kernel(&image);
    written.map_err(|error| error.to_string())
}
