//! The same operations as others measure them: `perf bench`, if the image
//! holds it, timed by its own clock. An independent check on demand, not a
//! primitive of its own.

use super::{Failure, Primitive, expect};
use crate::clock::{self, Interval};
use crate::watch::Watch;
use std::process::Command;

const PROGRAM: &str = "/usr/bin/perf";

/// One of perf's benchmarks.
pub struct PerfBench {
    arguments: &'static [&'static str],
    /// Tasks of one run: the process and its threads.
    tasks: u32,
}

impl PerfBench {
    /// `getppid` in a loop.
    pub fn syscall() -> PerfBench {
        PerfBench {
            arguments: &["bench", "syscall", "basic", "--loop"],
            tasks: 1,
        }
    }

    /// Two threads and two pipes.
    pub fn pipe() -> PerfBench {
        PerfBench {
            arguments: &["bench", "sched", "pipe", "--threaded", "--loop"],
            tasks: 3,
        }
    }
}

impl Primitive for PerfBench {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        watch.begin();
        let start = clock::now();
        let output = Command::new(PROGRAM)
            .args(self.arguments)
            .arg(operations.to_string())
            .output()
            .map_err(Failure::of("run perf"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let ns = nanoseconds_per_operation(&text).map(|ns| ns * f64::from(operations));
        watch.end_timed_within(Interval {
            start,
            ticks: watch
                .clock()
                .ns_to_ticks(ns.unwrap_or_default().round() as u64),
        });
        expect(output.status.success() && ns.is_some(), || {
            let errors = String::from_utf8_lossy(&output.stderr);
            format!(
                "perf bench: {}: {}{}",
                output.status,
                text.trim(),
                errors.trim()
            )
        })
    }

    fn tasks_ended(&self, _operations: u64, batches: u64) -> u64 {
        batches * u64::from(self.tasks)
    }
}

/// The number before `usecs/op`.
fn nanoseconds_per_operation(text: &str) -> Option<f64> {
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_suffix("usecs/op"))?;
    let microseconds: f64 = line.trim().parse().ok()?;
    Some(microseconds * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_per_operation_is_found_among_the_rest() {
        let text = "# Running 'syscall/basic' benchmark:\n# Executed 1,000 getppid() calls\n     \
                    Total time: 0.000 [sec]\n\n       0.328765 usecs/op\n      3,041,686 ops/sec\n";
        assert_eq!(nanoseconds_per_operation(text), Some(328.765));
        assert_eq!(nanoseconds_per_operation("no such benchmark"), None);
    }
}
