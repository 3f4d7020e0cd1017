//! The kernel did not panic, no program faulted, and each exited with 0, or with what
//! its system says that it leaves.

use super::{Objections, Scene};

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let Some(said) = scene.said else { return };
    let statements = &said.statements;
    let program = |pid| statements.program(pid).unwrap_or("nameless");
    if let Some(panic) = &statements.panic {
        objections.all("kernelPanic", format!("the kernel panicked: {panic}"));
    }
    for fault in &statements.faults {
        let (pid, vector, at) = (fault.pid, fault.vector, fault.instruction);
        let name = program(pid);
        let observed = format!("process {pid} ({name}): exception {vector} at {at:#x}");
        objections.all("kernelPanic", observed);
    }
    let system = scene.kept.map(|kept| kept.system(&scene.boot.system));
    let children = match &system {
        Some(Ok(system)) => &system.children[..],
        _ => &[],
    };
    for exit in &statements.exits {
        let (pid, code) = (exit.pid, exit.code);
        let child = children.iter().find(|child| child.name == program(pid));
        if code == child.map_or(0, |child| child.exit_code) {
            continue;
        }
        let observed = format!("process {pid} ({}) exited with {code}", program(pid));
        objections.all("programFailed", observed);
    }
}
