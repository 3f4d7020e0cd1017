//! Programs held and used what their profile declares and nothing else; the
//! denials it declares were proven.
//!
//! The definitions in the artifact say what was declared. Where the guest has no
//! capabilities there is nothing to hold anybody to.

use super::{Objections, Scene};
use crate::kept::{Grant, Kept, Profile, System};
use crate::stream::Statements;

const EXCEEDED: &str = "authorityExceeded";

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let Some((kept, statements)) = told(scene) else {
        return;
    };
    let system = match kept.system(&scene.boot.system) {
        Ok(system) => system,
        Err(why) => return objections.all(EXCEEDED, why),
    };
    let profiles: Vec<(&str, Profile)> = profiles(kept, &system);
    granted(statements, &system, &profiles, objections);
    exercised(statements, objections);
}

pub(super) fn denials(scene: &Scene, objections: &mut Objections) {
    let Some((kept, statements)) = told(scene) else {
        return;
    };
    let system = match kept.system(&scene.boot.system) {
        Ok(system) => system,
        Err(why) => return objections.all("denialUnproven", why),
    };
    for (program, profile) in profiles(kept, &system) {
        for denial in profile.denials {
            if !statements.denials.contains(&denial.name) {
                let observed = format!("{program}: `{}` was not proven", denial.name);
                objections.all("denialUnproven", observed);
            }
        }
    }
}

/// What a stream says of authority, where its guest has any.
fn told<'a>(scene: &Scene<'a>) -> Option<(&'a Kept, &'a Statements)> {
    let kept = scene.kept?;
    let guest = kept.guest(&scene.boot.guest);
    let has = guest.is_ok_and(|guest| guest.capabilities);
    has.then_some((kept, &scene.said?.statements))
}

/// Each program with its profile; one whose profile is not kept may hold nothing.
fn profiles<'a>(kept: &Kept, system: &'a System) -> Vec<(&'a str, Profile)> {
    let nothing = || Profile {
        grants: Vec::new(),
        denials: Vec::new(),
    };
    let programs = system.programs.iter();
    programs
        .map(|program| {
            let profile = kept.profile(&program.authority);
            (program.name.as_str(), profile.unwrap_or_else(|_| nothing()))
        })
        .collect()
}

fn granted(
    statements: &Statements,
    system: &System,
    profiles: &[(&str, Profile)],
    objections: &mut Objections,
) {
    for grant in &statements.granted {
        let Some(name) = statements.program(grant.pid) else {
            let observed = format!("process {} is nameless and holds capabilities", grant.pid);
            objections.all(EXCEEDED, observed);
            continue;
        };
        let declared = |grants: &[Grant]| {
            let mut grants = grants.iter();
            grants.any(|declared| declared.name == grant.name && declared.source == grant.source)
        };
        let init = (system.init.binary.as_str(), &system.init.grants);
        let children = system.children.iter();
        let children = children.map(|child| (child.name.as_str(), &child.grants));
        let programs = profiles
            .iter()
            .map(|(name, profile)| (*name, &profile.grants));
        let mut all = programs.chain(children).chain([init]);
        if !all.any(|(of, grants)| of == name && declared(grants)) {
            let (grant, source) = (&grant.name, &grant.source);
            let observed = format!("{name} holds `{grant}` from {source}, which nobody declared");
            objections.all(EXCEEDED, observed);
        }
    }
}

fn exercised(statements: &Statements, objections: &mut Objections) {
    for used in statements.exercised.iter().filter(|used| used.calls > 0) {
        let mut grants = statements.granted.iter();
        if !grants.any(|grant| grant.pid == used.pid && grant.interface == used.interface) {
            let name = statements.program(used.pid).unwrap_or("nameless");
            let (pid, calls, interface) = (used.pid, used.calls, used.interface);
            let observed = format!(
                "process {pid} ({name}) used interface {interface:#x} {calls} times ungranted"
            );
            objections.all(EXCEEDED, observed);
        }
    }
}
