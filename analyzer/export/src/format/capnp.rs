//! The results as the message that the run stored, once it is proven to say the
//! same as `results.json`.

use std::io::Write;
use std::path::Path;

use capbench_results::Results;

use crate::error::ExportError;
use crate::file::{OutFile, Written};

/// Copies the message at `message`, which must hold `results`.
///
/// # Errors
///
/// The message cannot be read, or says something else.
pub fn write(results: &Results, message: &Path, to: &Path) -> Result<Written, ExportError> {
    let bytes = std::fs::read(message).map_err(ExportError::io(message))?;
    let stored = Results::from_message(&bytes).map_err(|error| ExportError::Message {
        path: message.to_owned(),
        reason: error.to_string(),
    })?;
    if stored != *results {
        return Err(ExportError::FormsDiffer {
            path: message.to_owned(),
        });
    }
    let mut out = OutFile::create(to, "results.capnp")?;
    out.write_all(&bytes).map_err(ExportError::io(out.path()))?;
    out.commit(format!(
        "{} rows, checked against results.json",
        results.results.len()
    ))
}
