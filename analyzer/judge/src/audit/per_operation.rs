//! Mispriced executions for each operation of a benchmark.
//!
//! A row's number is what its program measured between two readings of its own
//! around `cap_enter`, so that interval decides. Of each sample that counts for
//! the row, neither cold nor warm-up, the executions inside are summed, and the
//! sum is divided by the operations of those samples. The way into the kernel and
//! back is inside, as it is in the number. Nothing else of the window is: not the
//! calls that open and close it, not what the program does between batches. A
//! whole window divided by its operations would count one more way in and out for
//! each window, a quarter too much in an audit of four batches.
//!
//! The program's own readings are not in the log, which holds only kernel code;
//! an execution is placed by the kernel's readings before and after it. If both
//! are inside of a sample, so is the execution. A kernel that reads the clock when
//! it is entered and before it leaves has only some `push` and `pop` beyond those.
//! An execution between the last reading before a sample's end and the first one
//! after it may be on either side: its kind is reported as present and without a
//! count, because a count that may be wrong is none.
//!
//! Limits: only the kernel's instructions are counted, not those of programs. And
//! they are counted in a boot with all probes and few samples, while the row's
//! number comes from a boot without probes and with many. Probes execute none of
//! these instructions, and exact mode repeats a warm operation to the instruction;
//! what a compiler makes of a copy beside a probe could still differ.

use super::executions::{Counts, Executions};
use super::timeline::Timeline;
use capbench_frames::windows::Window;
use capbench_results::{Mispriced, MispricedKind};
use std::collections::BTreeMap;
use trace_format::{Sample, SampleFlags};

/// What exact mode misprices in each benchmark of an audited boot, by name. A
/// benchmark without a sample that counts has no list.
pub(super) fn mispriced(
    executions: &Executions,
    timeline: &Timeline,
    windows: &[Window],
    counted_by: &str,
) -> BTreeMap<String, Vec<Mispriced>> {
    let mut rows = BTreeMap::new();
    for window in windows {
        let Some(found) = Found::in_samples(window, executions, timeline) else {
            continue;
        };
        // A benchmark's first window is the one its number comes from.
        rows.entry(window.benchmark.clone())
            .or_insert_with(|| found.per_operation(counted_by));
    }
    rows
}

/// What the samples of one window hold.
struct Found {
    operations: u64,
    inside: Counts,
    /// Perhaps inside.
    at_ends: Counts,
}

impl Found {
    fn in_samples(window: &Window, executions: &Executions, timeline: &Timeline) -> Option<Self> {
        let mut found = Self {
            operations: 0,
            inside: Counts::default(),
            at_ends: Counts::default(),
        };
        for sample in window.samples.iter().filter(|sample| counts(sample)) {
            found.operations += u64::from(sample.operations);
            let end = sample.start.saturating_add(sample.ticks);
            // Interval n lies before reading n: that of the first reading begins
            // before the sample, that after the last one ends after it.
            let readings = timeline.readings_within(sample.start, end);
            let (first, after) = (readings.start, readings.end);
            add(&mut found.inside, executions.within(first + 1..after));
            add(&mut found.at_ends, executions.within(first..first + 1));
            if after > first {
                add(&mut found.at_ends, executions.within(after..after + 1));
            }
        }
        (found.operations > 0).then_some(found)
    }

    fn per_operation(&self, counted_by: &str) -> Vec<Mispriced> {
        let of_kind = |&kind: &MispricedKind| {
            let (inside, at_ends) = (self.inside[kind as usize], self.at_ends[kind as usize]);
            let per_operation = (at_ends == 0).then(|| inside as f64 / self.operations as f64);
            (inside + at_ends > 0).then(|| Mispriced {
                kind,
                per_operation,
                counted_by: per_operation.map(|_| counted_by.to_owned()),
            })
        };
        MispricedKind::ALL.iter().filter_map(of_kind).collect()
    }
}

/// Whether a sample is one of those that a row's median is taken of.
fn counts(sample: &Sample) -> bool {
    let set_aside = SampleFlags::COLD | SampleFlags::WARM_UP;
    sample.metric == 0 && !sample.flags.intersects(set_aside)
}

fn add(sums: &mut Counts, counts: Counts) {
    for (sum, count) in sums.iter_mut().zip(counts) {
        *sum += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{InstructionLog, MispricedCode, ProbeSites};

    const NONE: u64 = 0x0;
    const CLOCK: u64 = 0x10;
    const SAVE: u64 = 0x20;
    const REP: u64 = 0x30;
    const SWITCH: u64 = 0x40;

    fn log(addresses: &[u64]) -> InstructionLog {
        let mut code = [0x90; 0x50];
        code[SAVE as usize..][..3].copy_from_slice(&[0x0f, 0xae, 0x07]);
        code[REP as usize..][..2].copy_from_slice(&[0xf3, 0xa4]);
        code[SWITCH as usize..][..3].copy_from_slice(&[0x0f, 0x22, 0xd8]);
        let lines: String = addresses
            .iter()
            .map(|address| format!("Trace 0: 0x1 [0/{address:016x}/0/0] kernel\n"))
            .collect();
        InstructionLog::read(
            lines.as_bytes(),
            &ProbeSites::from_addresses(&[CLOCK]),
            &MispricedCode::of(0, &code),
        )
        .unwrap()
    }

    fn sample(start: u64, end: u64, operations: u32) -> Sample {
        Sample {
            start,
            ticks: end - start,
            window: 1,
            operations,
            metric: 0,
            flags: SampleFlags::empty(),
        }
    }

    fn window(samples: Vec<Sample>) -> Window {
        Window {
            benchmark: "ring/nop/2".into(),
            samples,
            ..Window::default()
        }
    }

    /// Kernel clock readings at 100, 200, …
    fn found(addresses: &[u64], windows: &[Window]) -> BTreeMap<String, Vec<Mispriced>> {
        let log = log(addresses);
        let times = (1..=log.readings().len() as u64).map(|reading| reading * 100);
        let timeline = Timeline::new(&log, times).unwrap();
        mispriced(log.mispriced(), &timeline, windows, "a log")
    }

    fn counted(kind: MispricedKind, per_operation: f64) -> Mispriced {
        Mispriced {
            kind,
            per_operation: Some(per_operation),
            counted_by: Some("a log".into()),
        }
    }

    #[test]
    fn executions_in_samples_are_divided_by_their_operations() {
        // Two calls of two readings each: save, four iterations, restore.
        let call = [NONE, CLOCK, SAVE, REP, REP, REP, REP, SAVE, CLOCK, NONE];
        let samples = vec![sample(90, 210, 2), sample(290, 410, 2)];
        let found = found(&[call, call].concat(), &[window(samples)]);
        assert_eq!(
            found["ring/nop/2"],
            [
                counted(MispricedKind::RepeatedString, 2.0),
                counted(MispricedKind::FpuState, 1.0)
            ]
        );
    }

    #[test]
    fn what_warms_up_or_lies_between_samples_is_left_out() {
        let log = [
            CLOCK, SWITCH, CLOCK, // warm-up
            CLOCK, SWITCH, CLOCK, // a call between batches
            CLOCK, SAVE, CLOCK,
        ];
        let warm_up = Sample {
            flags: SampleFlags::COLD | SampleFlags::WARM_UP,
            ..sample(90, 210, 2)
        };
        let found = found(&log, &[window(vec![warm_up, sample(490, 610, 2)])]);
        assert_eq!(found["ring/nop/2"], [counted(MispricedKind::FpuState, 0.5)]);
    }

    #[test]
    fn an_execution_over_the_end_of_a_sample_takes_its_kind_the_count() {
        let log = [CLOCK, SAVE, SWITCH, CLOCK, SWITCH, CLOCK];
        let found = found(&log, &[window(vec![sample(90, 210, 1)])]);
        let present = Mispriced {
            kind: MispricedKind::AddressSpaceSwitch,
            per_operation: None,
            counted_by: None,
        };
        assert_eq!(
            found["ring/nop/2"],
            [counted(MispricedKind::FpuState, 1.0), present]
        );
    }

    #[test]
    fn a_sample_without_kernel_readings_holds_perhaps_what_is_around_it() {
        let found = found(&[CLOCK, REP, CLOCK], &[window(vec![sample(110, 190, 1)])]);
        assert_eq!(found["ring/nop/2"][0].per_operation, None);
    }

    #[test]
    fn nothing_found_is_not_the_same_as_nothing_looked_at() {
        let clean = window(vec![sample(90, 210, 1)]);
        let unmeasured = Window {
            benchmark: "ring/null/1".into(),
            ..Window::default()
        };
        let log = [CLOCK, NONE, CLOCK, CLOCK, SAVE, CLOCK];
        let found = found(&log, &[clean, unmeasured]);
        assert_eq!(found.get("ring/nop/2"), Some(&Vec::new()));
        assert_eq!(found.get("ring/null/1"), None);
    }

    #[test]
    fn the_first_window_of_a_benchmark_is_the_one() {
        let first = window(vec![sample(90, 210, 1)]);
        let second = window(vec![sample(290, 410, 1)]);
        let log = [CLOCK, SAVE, CLOCK, CLOCK, SWITCH, CLOCK];
        let found = found(&log, &[first, second]);
        assert_eq!(found["ring/nop/2"], [counted(MispricedKind::FpuState, 1.0)]);
    }
}
