//! The last lines of a boot that did not end as it should, for the reasons of its rows.

use capbench_results::Evidence;

/// The last lines of a boot's logs.
#[derive(Clone, Debug, Default)]
pub struct LastWords {
    /// The boot's name.
    pub boot: String,
    /// Its names in evidence: its stream, its name, its console.
    pub sources: Vec<String>,
    /// Logs that hold anything.
    pub logs: Vec<Log>,
}

/// The end of one log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Its kind, such as `console`.
    pub label: String,
    /// Its path, as the reader of the text can open it.
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
