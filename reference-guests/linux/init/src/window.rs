//! One benchmark window: warm-up, guarded samples, one loop without guards
//! that the boot's instrument sees too, the verdict.

use crate::clock::{self, Clock, Interval};
use crate::guard::Accounts;
use crate::instrument::{Instrument, Tally};
use crate::machine::Machine;
use crate::primitive::{self, Failure, Primitive};
use crate::report;
use crate::row::Row;
use crate::stream::Stream;
use crate::sys;
use crate::watch::Watch;
use std::io;
use trace_format::control::{
    Edge, Message, MetricDeclared, OracleOutcome, Verdict, WindowBegun, WindowEnded,
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

/// What a window has brought so far; holds where it breaks off.
struct Progress {
    window: u32,
    metric: &'static str,
    samples: Vec<Sample>,
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
    pub fn run(&mut self, row: &Row) -> io::Result<Result<(), Failure>> {
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
            self.stream.records(&instrument.take_pc_samples(self.clock))?;
        }
        report::histograms(self.stream, &mut self.tally, time)?;
        report::counters(self.stream, &mut self.tally, window)?;
        let (outcome, detail) = match &result {
            Ok(()) => (OracleOutcome::Passed, String::new()),
            Err(failure) => (OracleOutcome::Failed, failure.to_string()),
        };
        self.stream.control(&[
            metric(window, METRIC_BATCH, progress.metric),
            metric(window, METRIC_LOOP, "loop"),
            Message::WindowEnded(WindowEnded { window, time }),
            Message::Verdict(Verdict {
                window,
                outcome,
                submitted: progress.submitted,
                completed: progress.completed,
                failures: u64::from(matches!(result, Err(Failure::Oracle(_)))),
                detail: &detail,
            }),
        ])?;
        self.machine.say(&progress.line(row, &detail));
        Ok(result)
    }

    fn measure(&mut self, row: &Row, progress: &mut Progress) -> Result<(), Failure> {
        let mut primitive = primitive::open(&row.primitive, row.batch)?;
        progress.metric = primitive.metric();
        let mut watch = Watch::guarded(self.clock);
        for index in 0..row.warmup + row.samples {
            let mut flags = SampleFlags::empty();
            flags.set(SampleFlags::COLD, index == 0);
            flags.set(SampleFlags::WARM_UP, index < row.warmup);
            progress.batch(&mut *primitive, row.batch, &mut watch)?;
            progress.push(METRIC_BATCH, row.batch, watch.interval, watch.flags | flags);
        }
        self.measure_loop(row, &mut *primitive, progress)?;
        primitive.finish()
    }

    /// All measured batches once more, back to back.
    fn measure_loop(
        &mut self,
        row: &Row,
        primitive: &mut dyn Primitive,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let mut watch = Watch::bare(self.clock);
        primitive.settle()?;
        let before = Accounts::read();
        if let Some(instrument) = &mut self.instrument {
            instrument.open().map_err(Failure::of("instrument"))?;
        }
        let start = clock::now();
        let result = (0..row.samples)
            .try_for_each(|_| progress.batch(primitive, row.batch, &mut watch));
        let end = clock::now();
        primitive.settle()?;
        if let Some(instrument) = &mut self.instrument {
            instrument.close().map_err(Failure::of("instrument"))?;
        }
        let after = Accounts::read();
        result?;
        let interval = Interval::between(start, end);
        let flags = before.flags(&after, self.clock.ticks_to_ns(interval.ticks));
        let operations = u32::try_from(row.loop_operations()).unwrap_or(u32::MAX);
        progress.push(METRIC_LOOP, operations, interval, flags);
        if let Some(instrument) = &mut self.instrument {
            instrument
                .collect(&mut self.tally)
                .map_err(Failure::of("instrument"))?;
        }
        Ok(())
    }
}
