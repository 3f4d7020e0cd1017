//! Every byte of a stream lies in a frame whose CRC holds, every record was
//! understood, and the last message says that nothing can follow.

use super::{Objections, Scene};
use crate::stream::STATEMENTS_MAX;

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    if scene.boot.stored().is_some()
        && let Some(why) = &scene.unread
    {
        objections.all("frameDamaged", format!("it cannot be read: {why}"));
    }
    let Some(said) = scene.said else { return };
    let (damage, words) = (&said.damage, said.damage.words());
    if damage.cut {
        objections.all("traceCutOff", format!("it ends inside a frame: {words}"));
    }
    let tables = said.windows.iter().map(|window| &window.tables);
    let too_much = tables.chain([&said.outside]).map(|tables| tables.left_out);
    let no_place = format!(
        "statements that belong to nothing or found no place: of a kind {STATEMENTS_MAX} are kept"
    );
    let counts = [
        (too_much.sum(), "values more than are kept"),
        (damage.bytes, "bytes in no intact frame"),
        (damage.malformed, "frames with records that make no sense"),
        (damage.left_out, &no_place),
    ];
    for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
        objections.all("frameDamaged", format!("{count} {what} ({words})"));
    }
    if said.statements.session.is_none() {
        objections.all("frameDamaged", "it has no session header");
    }
}

/// A boot whose build speaks left a stream, and the stream has an end.
pub(super) fn end_of_stream(scene: &Scene, objections: &mut Objections) {
    if !scene.boot.speaks() {
        return;
    }
    let observed = match scene.said {
        Some(said) if said.statements.end.is_some() => return,
        Some(said) => format!("{} frames without an end message", said.totals.frames),
        None => scene.unread.clone().unwrap_or_default(),
    };
    objections.all("missingEndOfStream", observed);
}
