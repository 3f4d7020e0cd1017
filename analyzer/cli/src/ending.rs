//! How far a run came, and the last words of boots that ended badly, in what reports
//! take.

use std::path::Path;

use capbench_report::{Extent, LastWords, Log};
use capbench_runner::artifact::names;
use capbench_runner::boot::{CapturedBoot, tail};
use capbench_runner::record::RunRecord;

/// How many of its boots took place.
pub fn extent(record: &RunRecord) -> Extent {
    let boots = record.boots.iter();
    let booted = boots.filter(|boot| boot.exit.took_place()).count();
    match record.boots_planned_in_all {
        Some(planned) if booted < planned => Extent::Part { booted, planned },
        _ => Extent::Whole,
    }
}

/// Of every boot that took place and did not end well. `place` says how the reader
/// reaches a file of the run; a log without a place is left out.
pub fn last_words(
    record: &RunRecord,
    directory: &Path,
    place: impl Fn(&Path) -> Option<String>,
) -> Vec<LastWords> {
    let boots = record.boots.iter();
    let bad = boots.filter(|boot| boot.exit.took_place() && !boot.exit.is_clean());
    bad.map(|boot| of_boot(boot, directory, &place)).collect()
}

fn of_boot(
    boot: &CapturedBoot,
    directory: &Path,
    place: &impl Fn(&Path) -> Option<String>,
) -> LastWords {
    let stem = boot.id.stem();
    let sealed = directory.canonicalize();
    let sealed = sealed.as_deref().unwrap_or(directory).display();
    let unsealed = format!("{sealed}.{}/", names::PARTIAL);
    let stream = boot
        .stream()
        .map(|stream| stream.file.display().to_string());
    let console = boot.console.display().to_string();
    let logs = [
        ("emulator's log", &boot.emulator_log),
        ("console", &boot.console),
    ];
    let logs = logs.into_iter().filter_map(|(label, log)| {
        let lines = tail::last_lines(directory, log).into_iter();
        // The emulator names files as they were called before the run was sealed.
        let lines: Vec<String> = lines.map(|line| line.replace(&unsealed, "")).collect();
        let path = place(log)?;
        (!lines.is_empty()).then(|| Log {
            label: label.to_owned(),
            path,
            lines,
        })
    });
    LastWords {
        sources: stream.into_iter().chain([stem.clone(), console]).collect(),
        boot: stem,
        logs: logs.collect(),
    }
}
