//! The program's clock and the kernel's probes saw the same thing: the dispatches
//! that begin inside an interval that the program timed are as many as its
//! operations submit there, and together take no longer.

use super::{Objections, Scene};
use crate::stream::Window;

pub(super) fn check(scene: &Scene, objections: &mut Objections) {
    for window in scene.said.iter().flat_map(|said| &said.windows) {
        // Without segment probes there is one instrument.
        let per_operation = submissions(scene, &window.benchmark);
        if let Some(observed) = disagreement(window, per_operation) {
            let name = &window.benchmark;
            let observed = format!("{name}: {observed}");
            objections.one(name, "instrumentsDisagree", observed);
        }
    }
}

/// Submissions of one operation, as the definition declares.
fn submissions(scene: &Scene, row: &str) -> u64 {
    let mut rows = scene.rows.iter();
    let row = rows.find(|known| known.benchmark_name == row);
    let declared = scene.kept.zip(row);
    let declared = declared.and_then(|(kept, row)| kept.benchmark(row.benchmark().0).ok());
    let mechanism = declared.and_then(|mut declared| declared.guests.remove(&scene.boot.guest));
    let submissions = mechanism.and_then(|mechanism| mechanism.submissions);
    u64::from(submissions.unwrap_or(1))
}

fn disagreement(window: &Window, per_operation: u64) -> Option<String> {
    let mut dispatches = window.dispatches.clone();
    if dispatches.is_empty() {
        return None;
    }
    dispatches.sort_unstable();
    let mut samples = window.samples.iter().filter(|sample| sample.metric == 0);
    samples.find_map(|sample| {
        let end = sample.start.saturating_add(sample.ticks);
        let place = |time| dispatches.partition_point(|&(start, _)| start < time);
        let inside = &dispatches[place(sample.start)..place(end)];
        let ticks: u128 = inside.iter().map(|&(_, ticks)| u128::from(ticks)).sum();
        let submitted = u64::from(sample.operations) * per_operation;
        let agree = inside.len() as u64 == submitted && ticks <= u128::from(sample.ticks);
        (!agree).then(|| {
            format!(
                "the sample at {} is {submitted} submissions in {} ticks, the kernel saw {} in {ticks}",
                sample.start,
                sample.ticks,
                inside.len()
            )
        })
    })
}
