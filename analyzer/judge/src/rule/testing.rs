//! What the rules find in a story.

use super::{Expectation, Objection, check};
pub use capbench_frames::story::{BENCHMARK, Story};
use capbench_frames::trace::read_bytes;

/// The findings for a story, by rule.
pub fn objections(story: &Story, expected: &Expectation) -> Vec<(&'static str, Objection)> {
    objections_in(&story.bytes(), expected)
}

/// The findings for a stream, by rule.
pub fn objections_in(bytes: &[u8], expected: &Expectation) -> Vec<(&'static str, Objection)> {
    let trace = read_bytes(bytes, "test").unwrap();
    check(&trace, expected)
        .into_iter()
        .map(|f| (f.check, f.objection))
        .collect()
}
