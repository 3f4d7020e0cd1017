//! Every denial that is declared was proven, by the program that it is declared for.
//!
//! The definitions in the artifact say what was declared. Where the guest has no
//! capabilities there is nothing to hold anybody to.

use super::{Objections, Scene};

const UNPROVEN: &str = "denialUnproven";

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let (Some(kept), Some(said)) = (scene.kept, scene.said) else {
        return;
    };
    let guest = kept.guest(&scene.boot.guest);
    if !guest.is_ok_and(|guest| guest.capabilities) {
        return;
    }
    let system = match kept.system(&scene.boot.system) {
        Ok(system) => system,
        Err(why) => return objections.all(UNPROVEN, why),
    };
    for program in &system.programs {
        let denials = kept.profile(&program.authority);
        for denial in denials.into_iter().flat_map(|profile| profile.denials) {
            let mut proven = said.statements.denials.iter();
            let by_program = |pid: u32| said.statements.program(pid) == Some(&program.name);
            if !proven.any(|(pid, name)| *name == denial.name && by_program(*pid)) {
                let observed = format!("{}: `{}` was not proven", program.name, denial.name);
                objections.all(UNPROVEN, observed);
            }
        }
    }
}
