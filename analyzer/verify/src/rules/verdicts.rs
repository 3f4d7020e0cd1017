//! The program's own oracle accepted what it saw.

use super::{Objections, Scene};

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let windows = scene.said.iter().flat_map(|said| &said.windows);
    for window in windows.filter(|window| window.closed()) {
        let name = &window.benchmark;
        match &window.verdict {
            None => objections.one(name, "verifierFailed", format!("{name}: no verdict")),
            Some(verdict) if verdict.passed || verdict.unsupported().is_some() => {}
            Some(verdict) => {
                let observed = format!("{name}: the oracle refused: {}", verdict.detail);
                objections.one(name, "verifierFailed", observed);
            }
        }
    }
}
