//! What `inspect` says, for programs. Results have a JSON form of their own.

use capbench_frames::summary::TraceSummary;

/// The summary as indented JSON, with a newline at its end.
pub fn trace_json(summary: &TraceSummary) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(summary)?;
    text.push('\n');
    Ok(text)
}
