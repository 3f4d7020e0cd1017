//! What is not computed a second time, so that nobody takes silence for a check.

use super::{Found, count};
use crate::run::Run;

pub(super) fn check(run: &Run) -> Found {
    let passed = run.document()?.passed();
    let stated: usize = passed.map(|(_, measured)| measured.instruments.len()).sum();
    Err(match stated {
        0 => "no row was watched by a second instrument".to_owned(),
        stated => format!(
            "{} stand in the results as the run's own code found them; `capbench inspect TRACE` \
             judges each boot's again, by that same code",
            count(stated, "agreement")
        ),
    })
}

pub(super) fn refusals(run: &Run) -> Found {
    let rows = &run.document()?.results;
    let refused = rows.iter().filter(|row| row.measurement.is_none());
    Err(match refused.count() {
        0 => "every row has a number".to_owned(),
        refused => format!(
            "{} without a number; its reason and evidence are not judged again, `capbench explain` \
             shows them",
            count(refused, "row")
        ),
    })
}

pub(super) fn audit(run: &Run) -> Found {
    let audited = run.record()?.boots.iter().filter(|boot| boot.audit);
    Err(match audited.count() {
        0 => "the run has no audit boot".to_owned(),
        _ => "an instruction log is removed once it agreed; the audit boot can be repeated, and \
              its stream must then have the hash that run.json names"
            .to_owned(),
    })
}
