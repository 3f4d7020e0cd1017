//! Decides what may be believed: from a captured run to its results and their evidence.
//!
//! ```text
//! boots ─ boot ─► streams, each read once ─ rule ─► findings ─┐
//!   │                      └─ instruments (one join) ─────────┤
//!   └─ audit ─► spans against the emulator's own count ───────┤
//!                                                             ▼
//!                            row ─ outcome ─► results ─ smokes ─► side by side
//! ```
//!
//! Promises one result for every row of the plan, and no number that a rule objects
//! to. The same call judges a run that was just captured and one that was stored, so
//! both come to the same results. Judging writes nothing; [`seal`] keeps what it came to.
//!
//! Tables see polars: what comes before decodes without, and reports show what they are
//! given. They are small (rows of a run, not records of a trace), so queries are written
//! for reading, not for speed.

pub mod audit;
mod bare;
mod boot;
mod column;
mod context;
mod exercised;
pub mod instruments;
mod join;
mod labels;
mod not_tried;
pub mod outcome;
mod privileged;
mod row;
pub mod rule;
mod run;
mod seal;
pub mod side_by_side;
mod smokes;
mod stored;

pub use bare::trace;
pub use polars::error::PolarsError;
pub use run::Run;
pub use seal::{SealError, seal, write_judgement};
pub use stored::{Difference, JudgeError, JudgedAgain, judge_stored};

use capbench_frames::trace::Trace;
use capbench_results::{AuditReport, BenchmarkResult, Exercised, PrivilegedAct, Results};
use capbench_runner::manifest::Catalogue;

use audit::Audited;
use boot::Judged;
use instruments::Instruments;
use row::Evaluation;

/// The outcome of a run.
#[derive(Debug)]
pub struct Judgement {
    /// One result per row of the plan, and the rows that mappings put side by side.
    pub results: Results,
    /// The observations of each audit boot.
    pub audits: Vec<Audited>,
    /// The use that programs made of their authority.
    pub exercised: Vec<Exercised>,
    /// Privileged acts that the guests noted.
    pub privileged: Vec<PrivilegedAct>,
}

impl Judgement {
    /// What the audits showed, as a run keeps it.
    pub fn reports(&self) -> Vec<AuditReport> {
        let audits = self.audits.iter();
        audits.map(|audited| audited.report.clone()).collect()
    }
}

/// Judges a run. An audit that does not agree is an objection to every row of its
/// guest's system, and a smoke that did not pass to every row that stands on it.
///
/// # Errors
///
/// A join fails, which is a fault of ours.
pub fn judge(run: &Run, catalogue: &Catalogue) -> Result<Judgement, PolarsError> {
    let mut audits = audit::all(run);
    for audited in &mut audits {
        let mut boots = run.record.boots.iter();
        let boot = boots.find(|boot| boot.id == audited.id);
        if let (Some(boot), Some(trace)) = (boot, &audited.trace) {
            audited.findings = boot::audited(boot, trace, run, catalogue);
        }
    }
    let boots = run.record.counted_boots().filter(|boot| !boot.id.audit);
    let mut judged: Vec<Judged> = boots
        .map(|boot| boot::judge(boot, run, catalogue))
        .collect();
    let figures = join::figures(&judged);
    let instruments = Instruments::join(&figures)?;
    join::object(&mut judged, instruments.disagreements()?);
    let evaluation = Evaluation {
        run,
        catalogue,
        audits: &audits,
        figures,
        instruments,
    };
    let rows = run.plan.rows.iter();
    let mut results: Vec<BenchmarkResult> = rows
        .map(|row| evaluation.result(row, &judged))
        .collect::<Result<_, _>>()?;
    // Before anything is made of the numbers.
    smokes::enforce(&run.plan.rows, &mut results);
    let traces = || traces(run, &judged, &audits);
    Ok(Judgement {
        exercised: exercised::of_boots(traces()),
        privileged: privileged::of_boots(traces()),
        results: Results {
            run: run.record.summary(&run.plan.guests()),
            comparisons: join::comparisons(&run.plan.rows, &results, catalogue)?,
            results,
            context: context::native(run),
        },
        audits,
    })
}

/// Every readable stream of the boots that count, audits included, in the record's
/// order.
fn traces<'a>(
    run: &'a Run,
    judged: &'a [Judged],
    audits: &'a [Audited],
) -> impl Iterator<Item = (String, &'a Trace)> {
    run.record.counted_boots().filter_map(|boot| {
        let trace = match boot.id.audit {
            true => audits
                .iter()
                .find(|audited| audited.id == boot.id)?
                .trace
                .as_ref(),
            false => judged
                .iter()
                .find(|judged| judged.boot.id == boot.id)?
                .trace
                .as_ref(),
        };
        Some((boot.id.stem(), trace?))
    })
}
