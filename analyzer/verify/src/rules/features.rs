//! The kernel says of no feature that nobody declared.
//!
//! A feature may carry a parameter, `inject=body:7`; what the command line declared
//! is the part before it. A guest's passes each declare their instrument, and a system
//! whose kernel is given a terminal script declares that its input is scripted.

use super::{Objections, Scene};
use crate::kept::TERMINAL_SCRIPT;

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let Some(session) = scene.said.and_then(|said| said.statements.session.as_ref()) else {
        return;
    };
    let boot = scene.boot;
    let kept = scene.kept.and_then(|kept| kept.guest(&boot.guest).ok());
    let instrument = kept.and_then(|guest| guest.instruments?.remove(&boot.variant));
    let extra = scene.record.overrides["extra"]["features"].as_array();
    let extra = extra.into_iter().flatten().filter_map(|name| name.as_str());
    let script = has_script(scene).then_some("scripted-input");
    let declared: Vec<&str> = extra.chain(instrument.as_deref()).chain(script).collect();
    for feature in &session.features {
        let name = feature.split('=').next().unwrap_or_default();
        if !declared.contains(&name) {
            let observed = format!("the kernel has the undeclared feature `{feature}`");
            objections.all("undeclaredFeature", observed);
        }
    }
}

fn has_script(scene: &Scene) -> bool {
    let kept = scene.kept.map(|kept| kept.system(&scene.boot.system));
    let record = scene.record;
    match kept {
        Some(Ok(system)) => system.parameter(record, TERMINAL_SCRIPT).is_some(),
        _ => record.given_parameter(TERMINAL_SCRIPT).is_some(),
    }
}
