//! The segments that moved, row by row.

use super::place;
use crate::document::{Block, Inlines, Table};
use crate::number::{NONE, number, signed};
use capbench_results::change::{RowChange, SegmentChange, SegmentSide};

pub(super) fn blocks(rows: &[&RowChange]) -> Vec<Block> {
    let moved = rows.iter().filter_map(|row| {
        let compared = row.compared()?;
        (!compared.segments.is_empty()).then_some((*row, &compared.segments[..]))
    });
    let tables = moved.map(|(row, segments)| {
        let title = format!(
            "Segments of {} on {} that moved, per dispatch",
            row.row.benchmark_name,
            place(&row.row)
        );
        Block::Table(table(title, segments))
    });
    tables.collect()
}

fn table(title: String, segments: &[SegmentChange]) -> Table {
    let side = |side: &Option<SegmentSide>| match side {
        Some(side) if number(side.per_dispatch) == "1" => number(side.self_time),
        Some(side) => format!("{} × {}", number(side.per_dispatch), number(side.self_time)),
        None => NONE.to_owned(),
    };
    Table::of(title, segments)
        .words("segment", |segment| Inlines::code(segment.name()))
        .words("inside of", |segment| {
            let parents = &segment.path[..segment.path.len() - 1];
            match parents.is_empty() {
                true => NONE.to_owned(),
                false => parents.join(" › "),
            }
        })
        .number("self, base", |segment| side(&segment.base))
        .number("self, head", |segment| side(&segment.head))
        .number("difference", |segment| signed(segment.difference))
        .end()
}
