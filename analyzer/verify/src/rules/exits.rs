//! Every boot ended as its guest meant it to, and the run went to its end.

use super::{Objections, Scene};

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    let boot = scene.boot;
    let reason = match boot.exit["kind"].as_str() {
        Some("clean") => None,
        Some("programFailed") => Some("programFailed"),
        Some("kernelPanic") => Some("kernelPanic"),
        Some("timedOut") => Some("timedOut"),
        // The hypervisor gave up on this boot, or on one before it.
        Some("internalError" | "notTried") => Some("internalError"),
        Some("interrupted") => Some("interrupted"),
        Some("notStarted") => Some("notStarted"),
        // A status that no guest asks for, a signal, output without end, or a word
        // that this version does not know.
        _ => Some("abnormalExit"),
    };
    if let Some(reason) = reason {
        objections.all(reason, format!("it ended {}", boot.end()));
    }
    if scene.record.state != "complete" {
        let state = &scene.record.state;
        objections.all("interrupted", format!("the run is {state}"));
    }
}
