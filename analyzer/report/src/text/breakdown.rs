//! Where a dispatch spends itself, one table per benchmark.

use crate::look::Look;
use crate::number::{NONE, number, of_segment, percent, signed};
use crate::table::{Align, Cell, Table};
use capbench_results::{Breakdown, Outcome, Results, SegmentSummary, Unit};

/// The breakdown of every benchmark that has one; empty without any.
pub fn breakdowns(results: &Results, look: Look) -> String {
    let mut text = String::new();
    for result in &results.results {
        let Outcome::Passed(measurement) = &result.outcome else {
            continue;
        };
        let Some(breakdown) = &measurement.breakdown else {
            continue;
        };
        let title = format!(
            "{} on {} ({})",
            result.benchmark_name, result.guest, result.system
        );
        text.push_str(&format!("\n{}\n", look.bold(&title)));
        text.push_str(&body(breakdown, measurement.unit, look));
        if let (Some(effect), Some(traced)) = (breakdown.tracing_effect, breakdown.traced_median) {
            let effect = format!(
                "tracing on/off: {} per operation ({} with all probes, {} without)",
                signed(effect),
                number(traced),
                number(measurement.median)
            );
            text.push_str(&look.wrap(&effect, 0));
        }
    }
    text
}

/// Counts, the table, and how far corrected figures may be off.
pub(crate) fn body(breakdown: &Breakdown, unit: Unit, look: Look) -> String {
    let counts = format!(
        "{} dispatches with all probes on, {} incomplete, in {unit}",
        breakdown.dispatches, breakdown.incomplete
    );
    let mut text = look.wrap(&counts, 0);
    text.push_str(&table(&breakdown.segments, look));
    if let Some(bound) = breakdown.self_bound {
        let bound = format!(
            "corrected self times are within ±{} of the truth",
            number(bound)
        );
        text.push_str(&look.wrap(&bound, 0));
    }
    if breakdown.segments.iter().any(|segment| segment.bucketed) {
        text.push_str(&look.wrap("~ values above 65535 are known to 0.1 %", 0));
    }
    text
}

fn table(segments: &[SegmentSummary], look: Look) -> String {
    use Align::{Left, Right};
    let mut table = Table::new(&[
        ("segment", Left),
        ("count", Right),
        ("median", Right),
        ("p95", Right),
        ("share", Right),
        ("self", Right),
        ("self, corrected", Right),
    ]);
    for (index, segment) in segments.iter().enumerate() {
        let name = format!("{}{}", "  ".repeat(depth(segments, index)), segment.name);
        let figure = |value: f64| of_segment(value, segment);
        let optional = |value: Option<f64>| value.map_or(NONE.to_owned(), figure);
        let cells: Vec<Cell> = vec![
            name.into(),
            segment.count.to_string().into(),
            figure(segment.median).into(),
            optional(segment.p95).into(),
            percent(segment.share).into(),
            optional(segment.self_raw).into(),
            optional(segment.self_corrected).into(),
        ];
        table.row(cells);
    }
    table.render(look)
}

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
