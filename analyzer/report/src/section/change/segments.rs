//! The segments that moved. Rows in which the same segments moved alike share a table.

use super::row_in_words;
use crate::document::{Block, Inlines, Table};
use crate::number::{NONE, number, signed};
use capbench_results::change::{Compared, RowChange, SegmentChange, SegmentSide};

pub(super) fn blocks(rows: &[&RowChange]) -> Vec<Block> {
    let mut alike: Vec<(&Compared, Vec<&RowChange>)> = Vec::new();
    for row in rows {
        let Some(compared) = row.compared().filter(|of| !of.segments.is_empty()) else {
            continue;
        };
        let known = alike.iter_mut().find(|(first, _)| {
            first.segments == compared.segments
                && first.traced_difference == compared.traced_difference
        });
        match known {
            Some((_, rows)) => rows.push(row),
            None => alike.push((compared, vec![row])),
        }
    }
    if alike.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![
        Block::Heading("Segments that moved".into()),
        Block::Text(
            "Per dispatch, each without its children, from boots with all probes compiled in: \
             another image, whose difference need not be the headline's to the last instruction."
                .into(),
        ),
    ];
    for (compared, rows) in alike {
        let names: Vec<String> = rows.iter().map(|row| row_in_words(&row.row)).collect();
        let mut title = names.join(", ");
        if let Some(difference) = compared.traced_difference {
            title.push_str(&format!("; with all probes {}", signed(difference)));
        }
        blocks.push(Block::Table(table(title, &compared.segments)));
    }
    blocks
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
        .number("base", |segment| side(&segment.base))
        .number("head", |segment| side(&segment.head))
        .number("difference", |segment| signed(segment.difference))
        .end()
}
