//! Flame graphs of the folded stacks: SVG that searches and zooms in a browser.

use std::path::Path;

use inferno::flamegraph::{Options, from_lines};

use super::folded::{Stacks, fold, frame};
use crate::boot::Boot;
use crate::error::ExportError;
use crate::file::{Exported, OutFile, Written, name_part};
use crate::symbols::Symbols;

/// Writes the flame graphs of a boot: `<stem>.segments.svg` and
/// `<stem>.samples.svg`, as far as it has stacks. The same stacks give the same
/// bytes.
///
/// # Errors
///
/// The trace could not be read or a file not written.
pub fn write(boot: &Boot, symbols: Option<&Symbols>, to: &Path) -> Result<Exported, ExportError> {
    let (stacks, notes) = fold(boot, symbols)?;
    let draw = |stacks: &Stacks| draw(boot, stacks, to);
    Ok(Exported {
        written: stacks.iter().map(draw).collect::<Result<_, _>>()?,
        notes,
    })
}

fn draw(boot: &Boot, stacks: &Stacks, to: &Path) -> Result<Written, ExportError> {
    let stem = &boot.stem;
    let mut options = Options::default();
    // XML cannot hold every character, not even escaped.
    let name = frame(stem);
    options.title = match stacks.unit {
        "instructions" => format!("{name}: {} in instructions, not time", stacks.kind),
        "samples" => format!("{name}: PC samples"),
        unit => format!("{name}: {} in {unit}", stacks.kind),
    };
    options.subtitle = Some(frame(&format!("features: {}", boot.features())));
    stacks.unit.clone_into(&mut options.count_name);
    // Colours from names instead of from chance.
    options.hash = true;
    let mut out = OutFile::create(to, &format!("{}.{}.svg", name_part(stem), stacks.kind))?;
    let lines = stacks.lines.iter().map(String::as_str);
    let drawn = from_lines(&mut options, lines, &mut out);
    drawn.map_err(ExportError::io(out.path()))?;
    out.commit(stacks.holds())
}
