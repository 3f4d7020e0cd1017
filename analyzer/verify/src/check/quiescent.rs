//! The host did nothing else while hardware was measured.

use super::{Answer, Found, count};
use crate::run::Run;

pub(super) fn check(run: &Run) -> Found {
    let (record, document) = (run.record()?, run.document()?);
    let rows = count(document.passed().count(), "row");
    match record.mode.as_str() {
        "hardware" => Err(format!(
            "{rows} from hardware; no run records yet what else its host did"
        )),
        mode => Answer::new(
            Vec::new(),
            format!("{rows} in {mode} mode, whose clock no other load of the host moves"),
        ),
    }
}
