//! The run judged again by the code that judges runs, and held against what it keeps.
//!
//! Every rule of validity is in there. Nothing of it counts as held: the same code says
//! the same of the same bytes.

use capbench_judge::{Difference, judge_stored};
use capbench_runner::artifact::{Artifact, names};

use super::{Answer, Check, Found, Verdict, conclude};
use crate::run::Run;

/// What of a run is held against a second judging, by the file that keeps it.
const FILES: [(&str, &str, &str); 4] = [
    (
        "judged-results",
        "the rules of validity come to the stored results, row by row",
        names::RESULTS_JSON,
    ),
    (
        "judged-audits",
        "audit.json says what the audits show",
        names::AUDITS,
    ),
    (
        "judged-exercised",
        "exercised.json says what programs did with their authority",
        names::EXERCISED,
    ),
    (
        "judged-privileged",
        "privileged.json lists the privileged acts that the streams note",
        names::PRIVILEGED,
    ),
];

pub(super) fn checks(run: &Run) -> Vec<Check> {
    let judged = judge(run);
    let checks = FILES.iter().map(|&(name, asks, file)| {
        let found = match &judged {
            Ok(Ok(judged)) => of_file(judged, file),
            Ok(Err(fault)) => Answer::new(vec![fault.clone()], ""),
            Err(why) => Err(why.clone()),
        };
        let (verdict, evidence) = conclude(found, Verdict::JudgedAlike);
        Check {
            name,
            asks,
            verdict,
            evidence,
        }
    });
    checks.collect()
}

struct Judged {
    rows: usize,
    differences: Vec<Difference>,
    as_stated: Vec<String>,
}

/// `Err` where the run cannot be opened, which is another check's fault; an inner one
/// where its definitions give no plan.
fn judge(run: &Run) -> Result<Result<Judged, String>, String> {
    let artifact = Artifact::open(&run.directory).map_err(|error| error.to_string())?;
    Ok(match judge_stored(&artifact) {
        Ok(again) => Ok(Judged {
            rows: again.judgement.results.results.len(),
            differences: again.differences,
            as_stated: again.as_stated,
        }),
        Err(error) => Err(error.to_string()),
    })
}

fn of_file(judged: &Judged, file: &str) -> Found {
    let own = judged.differences.iter();
    let own = own.filter(|difference| difference.place.starts_with(file));
    let faults = own.map(|difference| {
        let Difference {
            place,
            stored,
            judged,
        } = difference;
        format!("{place}: stored {stored}; judged {judged}")
    });
    let faults: Vec<String> = faults.collect();
    let mut looked_at = super::count(judged.rows, "row");
    if file == names::AUDITS && !judged.as_stated.is_empty() {
        looked_at = judged.as_stated.join("; ");
    }
    Answer::new(faults, looked_at)
}
