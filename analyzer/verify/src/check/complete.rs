//! The run is whole: its files can be read, and it went to its end.

use super::{Answer, Found, count};
use crate::run::Run;

pub(super) fn check(run: &Run) -> Found {
    let unread = [run.record().err(), run.document().err(), run.kept().err()];
    let mut faults: Vec<String> = unread.into_iter().flatten().collect();
    let Ok(record) = run.record() else {
        return Answer::new(faults, "");
    };
    for boot in record.boots.iter().filter(|boot| boot.audit) {
        if boot
            .instruction_log
            .as_deref()
            .unwrap_or_default()
            .is_empty()
        {
            faults.push(format!("{}: an audit boot that names no log", boot.stem()));
        }
    }
    if faults.is_empty() && record.state != "complete" {
        return Err(format!(
            "the run is {}: what did not take place cannot be checked",
            record.state
        ));
    }
    Answer::new(faults, count(record.boots.len(), "boot"))
}
