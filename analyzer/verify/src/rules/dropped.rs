//! Nothing was lost inside a window.

use super::{Objections, Scene};

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    for window in scene.said.iter().flat_map(|said| &said.windows) {
        let name = &window.benchmark;
        for ((cpu, context), edges) in &window.dropped {
            if let (Some(begin), Some(end)) = (edges.begin, edges.end)
                && begin != end
            {
                let lost = end.wrapping_sub(begin);
                let observed = format!("{name}: ring of cpu {cpu} {context:?} dropped {lost}");
                objections.one(name, "recordsDropped", observed);
            }
        }
        if window.lost > 0 {
            let observed = format!("{name}: frames say that {} records were lost", window.lost);
            objections.one(name, "recordsDropped", observed);
        }
    }
}
