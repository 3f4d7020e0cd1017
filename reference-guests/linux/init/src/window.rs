//! One benchmark window: warm-up, guarded samples, one loop without guards
//! that the boot's instrument sees too, the verdict.

use crate::clock::{self, Clock, Interval};
use crate::guard::Accounts;
use crate::instrument::{Caused, Instrument, Tally};
use crate::machine::Machine;
use crate::primitive::{self, Event, Failure, Primitive};
use crate::report;
use crate::row::Row;
use crate::stream::Stream;
use crate::sys;
use crate::watch::Watch;
use std::io;
use trace_format::control::{
    Message, MetricDeclared, OracleOutcome, Verdict, WindowBegun, WindowEnded,
};
use trace_format::{Sample, SampleFlags};

/// Metric of a sample that holds one batch.
const METRIC_BATCH: u16 = 0;

/// Metric of the one sample that holds the loop the instrument saw.
const METRIC_LOOP: u16 = 1;

/// The windows of a stream.
pub struct Windows<'a> {
    stream: &'a Stream,
    machine: Machine,
    clock: &'a Clock,
    instrument: Option<Box<dyn Instrument>>,
    tally: Tally,
    last: u32,
}

/// How a row ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOutcome {
    /// Every check held.
    Passed,
    /// The kernel lacks or forbids what is to be measured.
    Unsupported,
    /// A check did not hold.
    Failed,
}

impl RowOutcome {
    /// A refusal after operations that went well is a failure like any other.
    fn of(result: &Result<(), Failure>, completed: u64) -> RowOutcome {
        match result {
            Ok(()) => RowOutcome::Passed,
            Err(failure) if completed == 0 && failure.is_refusal() => RowOutcome::Unsupported,
            Err(_) => RowOutcome::Failed,
        }
    }

    fn detail(self, result: &Result<(), Failure>) -> String {
        match (self, result) {
            (RowOutcome::Unsupported, Err(failure)) => format!("unsupported: {failure}"),
            (_, Err(failure)) => failure.to_string(),
            (_, Ok(())) => String::new(),
        }
    }
}

/// What a window has brought so far; holds where it breaks off.
struct Progress {
    window: u32,
    metric: &'static str,
    samples: Vec<Sample>,
    batches: u64,
    submitted: u64,
    completed: u64,
}

impl<'a> Windows<'a> {
    /// No window yet.
    pub fn new(
        stream: &'a Stream,
        machine: Machine,
        clock: &'a Clock,
        instrument: Option<Box<dyn Instrument>>,
    ) -> Self {
        Windows {
            stream,
            machine,
            clock,
            instrument,
            tally: Tally::default(),
            last: 0,
        }
    }

    /// Runs a row in a window of its own. An error is one of the stream.
    pub fn run(&mut self, row: &Row) -> io::Result<RowOutcome> {
        self.last += 1;
        let window = self.last;
        self.tally.begin_window();
        self.stream.control(&[Message::WindowBegun(WindowBegun {
            window,
            benchmark: &row.benchmark,
            tid: sys::thread_id() as u32,
            record_bound: row.record_bound(),
            expected_operations: row.operations(),
            time: clock::now(),
        })])?;
        let mut progress = Progress::new(window, row);
        let result = self.measure(row, &mut progress);
        let time = clock::now();
        self.stream.records(&progress.samples)?;
        if let Some(instrument) = &mut self.instrument {
            self.stream
                .records(&instrument.take_pc_samples(self.clock))?;
        }
        report::histograms(self.stream, &mut self.tally, time)?;
        report::counters(self.stream, &mut self.tally, window)?;
        let outcome = RowOutcome::of(&result, progress.completed);
        let detail = outcome.detail(&result);
        self.stream.control(&[
            metric(window, METRIC_BATCH, progress.metric),
            metric(window, METRIC_LOOP, "loop"),
            Message::WindowEnded(WindowEnded { window, time }),
            Message::Verdict(Verdict {
                window,
                outcome: match outcome {
                    RowOutcome::Passed => OracleOutcome::Passed,
                    RowOutcome::Unsupported | RowOutcome::Failed => OracleOutcome::Failed,
                },
                submitted: progress.submitted,
                completed: progress.completed,
                failures: u64::from(outcome == RowOutcome::Failed),
                detail: &detail,
            }),
        ])?;
        self.machine.say(&progress.line(row, &detail));
        Ok(outcome)
    }

    fn measure(&mut self, row: &Row, progress: &mut Progress) -> Result<(), Failure> {
        let mut primitive = primitive::open(&row.primitive, row.batch)?;
        progress.metric = primitive.metric();
        let lost_ns = unaccounted_ns(primitive.tasks_ended(u64::from(row.batch), 1));
        let mut watch = Watch::guarded(self.clock, lost_ns);
        for index in 0..row.warmup + row.samples {
            let mut flags = SampleFlags::empty();
            flags.set(SampleFlags::COLD, index == 0);
            flags.set(SampleFlags::WARM_UP, index < row.warmup);
            progress.batch(&mut *primitive, row.batch, &mut watch)?;
            progress.push(METRIC_BATCH, row.batch, watch.interval, watch.flags | flags);
        }
        self.measure_loop(row, &mut *primitive, progress)
    }

    /// All measured batches once more, back to back.
    fn measure_loop(
        &mut self,
        row: &Row,
        primitive: &mut dyn Primitive,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let failed = Failure::of("instrument");
        let mut watch = Watch::bare(self.clock);
        let instrument = &mut self.instrument;
        primitive.settle()?;
        let events_before = progress.events(primitive);
        if let Some(instrument) = instrument {
            instrument.prepare().map_err(&failed)?;
        }
        let before = Accounts::before();
        if let Some(instrument) = instrument {
            instrument.open().map_err(&failed)?;
        }
        let start = clock::now();
        let result =
            (0..row.samples).try_for_each(|_| progress.batch(primitive, row.batch, &mut watch));
        let end = clock::now();
        if let Some(instrument) = instrument {
            instrument.close().map_err(&failed)?;
        }
        let after = Accounts::after();
        result?;
        let interval = Interval::between(start, end);
        let operations = row.loop_operations();
        let ended = primitive.tasks_ended(u64::from(operations), u64::from(row.samples));
        let lost_ns = unaccounted_ns(ended);
        let wall_ns = self.clock.ticks_to_ns(interval.ticks);
        let flags = before.flags(&after, wall_ns.saturating_sub(lost_ns));
        progress.push(METRIC_LOOP, operations, interval, flags);
        primitive.settle()?;
        if let Some(instrument) = instrument {
            let caused = Caused {
                events: progress.events_since(&events_before, primitive),
                ends_tasks: ended > 0,
            };
            instrument
                .collect(&caused, &mut self.tally)
                .map_err(&failed)?;
        }
        Ok(())
    }
}

impl Progress {
    fn new(window: u32, row: &Row) -> Progress {
        const EMPTY: Sample = Sample {
            start: 0,
            ticks: 0,
            window: 0,
            operations: 0,
            metric: 0,
            flags: SampleFlags::empty(),
        };
        // Written now: pages that fault in between samples would be noise.
        let mut samples = vec![EMPTY; row.record_bound() as usize];
        samples.fill(EMPTY);
        samples.clear();
        Progress {
            window,
            metric: "duration",
            samples,
            batches: 0,
            submitted: 0,
            completed: 0,
        }
    }

    fn batch(
        &mut self,
        primitive: &mut dyn Primitive,
        operations: u32,
        watch: &mut Watch<'_>,
    ) -> Result<(), Failure> {
        self.submitted += u64::from(operations);
        self.batches += 1;
        primitive.batch(operations, watch)?;
        self.completed += u64::from(operations);
        Ok(())
    }

    fn events(&self, primitive: &dyn Primitive) -> Vec<(Event, u64)> {
        primitive.events(self.submitted, self.batches)
    }

    fn events_since(
        &self,
        before: &[(Event, u64)],
        primitive: &dyn Primitive,
    ) -> Vec<(Event, u64)> {
        let now = self.events(primitive);
        let pairs = now.into_iter().zip(before);
        pairs
            .map(|((event, now), (_, before))| (event, now - before))
            .collect()
    }

    fn push(&mut self, metric: u16, operations: u32, interval: Interval, flags: SampleFlags) {
        self.samples.push(Sample {
            start: interval.start,
            ticks: interval.ticks,
            window: self.window,
            operations,
            metric,
            flags,
        });
    }

    /// What a person sees of the window.
    fn line(&self, row: &Row, detail: &str) -> String {
        let measured = |sample: &&Sample| {
            sample.metric == METRIC_BATCH && !sample.flags.contains(SampleFlags::WARM_UP)
        };
        let mut ticks: Vec<u64> = self
            .samples
            .iter()
            .filter(measured)
            .map(|s| s.ticks)
            .collect();
        ticks.sort_unstable();
        match ticks.get(ticks.len() / 2) {
            Some(median) if detail.is_empty() => {
                let each = *median as f64 / f64::from(row.batch);
                format!("{}: median {each:.1} ticks", row.benchmark)
            }
            _ => format!("{}: {detail}", row.benchmark),
        }
    }
}

/// CPU time that the kernel charges to nobody, of so many tasks that end.
fn unaccounted_ns(tasks_ended: u64) -> u64 {
    /// Twice what the last steps of a task were seen to take.
    const LAST_STEPS_NS: u64 = 20_000;
    tasks_ended * LAST_STEPS_NS
}

fn metric(window: u32, metric: u16, name: &'static str) -> Message<'static> {
    Message::MetricDeclared(MetricDeclared {
        window,
        metric,
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal() -> Result<(), Failure> {
        Err(Failure::of("io_uring_setup")(io::Error::from_raw_os_error(
            libc::EPERM,
        )))
    }

    #[test]
    fn a_refusal_is_unsupported_only_where_nothing_has_worked_yet() {
        let outcome = RowOutcome::of(&refusal(), 0);
        assert_eq!(outcome, RowOutcome::Unsupported);
        assert_eq!(
            outcome.detail(&refusal()),
            "unsupported: io_uring_setup: EPERM (1)"
        );
        assert_eq!(RowOutcome::of(&refusal(), 1), RowOutcome::Failed);
    }

    #[test]
    fn a_broken_oracle_is_a_failure_at_once() {
        let result = Err(Failure::Oracle("wrong reply".into()));
        let outcome = RowOutcome::of(&result, 0);
        assert_eq!(outcome, RowOutcome::Failed);
        assert_eq!(outcome.detail(&result), "wrong reply");
    }
}
