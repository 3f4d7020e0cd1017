//! Frames arrived once each, in order, all of them.

use super::{Objections, Scene};

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let Some(said) = scene.said else { return };
    let damage = &said.damage;
    if damage.missing > 0 {
        objections.all(
            "sequenceBroken",
            format!("{} frames missing", damage.missing),
        );
    }
    if damage.out_of_order > 0 {
        let observed = format!("{} frames again or late", damage.out_of_order);
        objections.all("sequenceBroken", observed);
    }
    if let Some(end) = said.statements.end
        && u64::from(end.frames) != said.totals.frames
    {
        let (sent, came) = (end.frames, said.totals.frames);
        objections.all("sequenceBroken", format!("{sent} frames sent, {came} came"));
    }
}
