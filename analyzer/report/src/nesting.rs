//! How deep a segment lies in the list of a breakdown.

use capbench_results::SegmentSummary;

/// How many of the segments listed before this one it lies inside of.
pub(crate) fn depth(segments: &[SegmentSummary], index: usize) -> usize {
    let mut depth = 0;
    let mut at = index;
    // Parents stand before their children, so this walks to the front and ends.
    while let Some(parent) = segments[..at]
        .iter()
        .rposition(|segment| segment.name == segments[at].parent)
    {
        depth += 1;
        at = parent;
    }
    depth
}
