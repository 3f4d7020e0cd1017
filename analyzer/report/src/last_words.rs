//! The last lines of a boot that did not end as it should, for the reasons of its rows.

use capbench_results::Evidence;

/// What a boot left in its logs before its end.
#[derive(Clone, Debug, Default)]
pub struct LastWords {
    /// The boot's name.
    pub boot: String,
    /// What evidence calls it by: its stream, its name, its console.
    pub sources: Vec<String>,
    /// Logs that hold anything.
    pub logs: Vec<Log>,
}

/// The end of one log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// What it is, such as `console`.
    pub label: String,
    /// Where it lies, as the reader of the text can open it.
    pub path: String,
    /// Its last lines.
    pub lines: Vec<String>,
}

impl LastWords {
    pub(crate) fn belong_to(&self, evidence: &[&Evidence]) -> bool {
        let mut sources = self.sources.iter();
        sources.any(|source| evidence.iter().any(|piece| piece.source == *source))
    }
}
