//! Chrome's trace JSON, which Perfetto opens: one process per boot.
//!
//! | track | holds |
//! |---|---|
//! | benchmarks | a slice per window, with the verdict of its oracle |
//! | samples | a slice per timed batch; a track per metric |
//! | cpu N, context | segments as nested slices, dispatch roots with their arguments; instants; PC samples as instants |
//! | counters | readings in the stream and at the windows' edges |
//!
//! Arrows lead from a dispatch that blocked to the one that resumed it: flow events
//! of one id for all dispatches of a submission.
//!
//! Each boot's time begins at its first record. The format's `ts` and `dur` are in
//! microseconds; where ticks are instructions or of unknown rate, one tick is drawn
//! as one nanosecond, and the process is labelled so: such a track shows no time.
//!
//! Every slice is a complete event (`X`), parents before their children. Memory: a
//! tree at a time, and what [`Boot`] keeps.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use capbench_frames::nesting::{Ring, Top, Tree};
use serde::Serialize;
use serde_json::{Map, Value, json};
use trace_format::decode::RootAt;
use trace_format::{Counter, Instant, Outcome, PcSample, Sample, SampleFlags};

use crate::boot::{Boot, Tick, Visitor, context_name, instant_names};
use crate::error::ExportError;
use crate::file::{OutFile, Written};
use crate::spans::{Names, outcome_name};
use crate::symbols::Symbols;
use crate::write::count;

/// Track of the windows.
const WINDOWS: u32 = 1;
/// First track of the samples.
const SAMPLES: u32 = 2;
/// Metrics with a track of their own.
const METRICS: u32 = 14;
/// First track of the rings.
const RINGS: u32 = SAMPLES + METRICS;

/// Writes `trace.json` with the given boots side by side, each with the symbols of
/// its kernel where there are any.
///
/// # Errors
///
/// A trace could not be read or the file not written.
pub fn write(boots: &[(Boot, Option<Symbols>)], to: &Path) -> Result<Written, ExportError> {
    let mut out = OutFile::create(to, "trace.json")?;
    let about = json!({
        "tool": concat!("capbench ", env!("CARGO_PKG_VERSION")),
        "boots": boots.iter().map(|(boot, _)| &boot.stem).collect::<Vec<_>>(),
    });
    out.text("{\"displayTimeUnit\":\"ns\",\"otherData\":")?;
    out.text(&about.to_string())?;
    out.text(",\"traceEvents\":[")?;
    let mut events = 0;
    for ((boot, symbols), pid) in boots.iter().zip(1..) {
        let mut process = Process {
            boot,
            symbols: symbols.as_ref(),
            names: Names::of(boot),
            pid,
            begin: begin(boot)?,
            tick: boot.unit(),
            tracks: BTreeSet::new(),
            events,
            out: &mut out,
        };
        process.write()?;
        events = process.events;
    }
    out.text("\n]}\n")?;
    let boots = count(boots.len() as u64, "boot");
    out.commit(format!("{boots}, {}", count(events, "event")))
}

/// An event as the format has it.
#[derive(Serialize)]
struct Event<'a> {
    name: &'a str,
    cat: &'a str,
    ph: &'a str,
    ts: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<f64>,
    pid: u32,
    tid: u32,
    /// Scope of an instant.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'a str>,
    /// What a flow's events share.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    /// Where a flow's last event binds: to the slice around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    bp: Option<&'a str>,
    args: Value,
}

impl<'a> Event<'a> {
    /// An event of a phase; what only some phases have is absent.
    fn new((name, cat): (&'a str, &'a str), ph: &'a str, pid: u32, tid: u32, args: Value) -> Self {
        Self {
            name,
            cat,
            ph,
            ts: 0.0,
            dur: None,
            pid,
            tid,
            s: None,
            id: None,
            bp: None,
            args,
        }
    }
}

/// When a boot's first record begins.
fn begin(boot: &Boot) -> Result<u64, ExportError> {
    let mut first = First(None);
    boot.walk(&mut first)?;
    for window in &boot.trace.windows {
        first.at(window.begun);
        for sample in &window.samples {
            first.at(sample.start);
        }
    }
    Ok(first.0.unwrap_or(0))
}

struct First(Option<u64>);

impl First {
    fn at(&mut self, time: u64) {
        self.0 = Some(self.0.map_or(time, |first| first.min(time)));
    }
}

impl Visitor for First {
    fn tree(&mut self, _ring: Ring, tree: &Tree) -> Result<(), ExportError> {
        tree.nodes.iter().for_each(|node| self.at(node.start));
        Ok(())
    }

    fn instant(&mut self, _ring: Ring, instant: &Instant) -> Result<(), ExportError> {
        self.at(instant.time);
        Ok(())
    }

    fn counter(&mut self, _ring: Ring, counter: &Counter) -> Result<(), ExportError> {
        self.at(counter.time);
        Ok(())
    }

    fn pc_sample(&mut self, _ring: Ring, sample: &PcSample) -> Result<(), ExportError> {
        self.at(sample.time);
        Ok(())
    }
}

/// A boot as a process.
struct Process<'a> {
    boot: &'a Boot,
    symbols: Option<&'a Symbols>,
    names: Names<'a>,
    pid: u32,
    /// Ticks at its time zero.
    begin: u64,
    tick: Tick,
    /// Tracks that have their name.
    tracks: BTreeSet<u32>,
    /// Events in the file so far.
    events: u64,
    out: &'a mut OutFile,
}

impl Process<'_> {
    fn write(&mut self) -> Result<(), ExportError> {
        let boot = self.boot;
        self.metadata("process_name", 0, json!({ "name": boot.stem }))?;
        self.metadata("process_sort_index", 0, json!({ "sort_index": self.pid }))?;
        let drawn = match self.tick {
            Tick::Instruction => "1 instruction drawn as 1 ns; not time",
            Tick::Unknown => "1 tsc tick drawn as 1 ns; rate unknown, not time",
            Tick::Counted { .. } => "time-stamp counter",
        };
        let labels = format!("{drawn}; features: {}", boot.features());
        self.metadata("process_labels", 0, json!({ "labels": labels }))?;
        self.windows()?;
        boot.walk(self)
    }

    /// Nanoseconds since time zero. Rounded down, so that what nests in ticks nests
    /// here.
    fn nanoseconds(&self, ticks: u64) -> u64 {
        let since = ticks.saturating_sub(self.begin);
        match self.tick {
            Tick::Instruction | Tick::Unknown => since,
            Tick::Counted { hz } => {
                let ns = u128::from(since) * 1_000_000_000 / u128::from(hz);
                u64::try_from(ns).unwrap_or(u64::MAX)
            }
        }
    }

    fn event(&mut self, event: &Event) -> Result<(), ExportError> {
        let separator: &[u8] = if self.events == 0 { b"\n" } else { b",\n" };
        let path = self.out.path().to_owned();
        let written = self
            .out
            .write_all(separator)
            .and_then(|()| Ok(serde_json::to_writer(&mut *self.out, event)?));
        written.map_err(ExportError::io(&path))?;
        self.events += 1;
        Ok(())
    }

    fn metadata(&mut self, name: &str, tid: u32, args: Value) -> Result<(), ExportError> {
        self.event(&Event::new((name, "__metadata"), "M", self.pid, tid, args))
    }

    /// Names a track when something first stands on it.
    fn track(&mut self, tid: u32, name: impl FnOnce() -> String) -> Result<u32, ExportError> {
        if self.tracks.insert(tid) {
            self.metadata("thread_name", tid, json!({ "name": name() }))?;
            self.metadata("thread_sort_index", tid, json!({ "sort_index": tid }))?;
        }
        Ok(tid)
    }

    fn ring(&mut self, (cpu, context): Ring) -> Result<u32, ExportError> {
        let tid = RINGS + 3 * u32::from(cpu) + context as u32;
        self.track(tid, || format!("cpu {cpu} {}", context_name(context)))
    }

    fn slice(
        &mut self,
        name: (&str, &str),
        (start, end): (u64, u64),
        tid: u32,
        args: Value,
    ) -> Result<(), ExportError> {
        let (from, to) = (self.nanoseconds(start), self.nanoseconds(end));
        self.event(&Event {
            ts: microseconds(from),
            dur: Some(microseconds(to.saturating_sub(from))),
            ..Event::new(name, "X", self.pid, tid, args)
        })
    }

    fn mark(
        &mut self,
        name: (&str, &str),
        time: u64,
        tid: u32,
        args: Value,
    ) -> Result<(), ExportError> {
        self.event(&Event {
            ts: microseconds(self.nanoseconds(time)),
            s: Some("t"),
            ..Event::new(name, "i", self.pid, tid, args)
        })
    }

    /// The end of an arrow on a dispatch that blocked or was resumed. It binds to the
    /// slice that was written right before, for both begin at the same time.
    fn arrow(&mut self, root: &RootAt, start: u64, tid: u32) -> Result<(), ExportError> {
        let (phase, binding) = match root.outcome {
            Outcome::Complete => return Ok(()),
            Outcome::Pending => ("s", None),
            Outcome::ResumedPending => ("t", None),
            Outcome::Resumed => ("f", Some("e")),
        };
        // Flows are numbered by boot, ids are of the whole file.
        let id = u64::from(self.pid) << 32 | u64::from(root.dispatch.flow);
        self.event(&Event {
            ts: microseconds(self.nanoseconds(start)),
            id: Some(id),
            bp: binding,
            ..Event::new(("resume", "flow"), phase, self.pid, tid, json!({}))
        })
    }

    fn reading(&mut self, cpu: u16, id: u16, time: u64, value: u64) -> Result<(), ExportError> {
        let statements = self.boot.statements();
        let Some(counter) = statements.counters.get(&id) else {
            return Ok(());
        };
        let name = format!("{} (cpu {cpu})", counter.name);
        let mut args = Map::new();
        args.insert(counter.unit.clone(), value.into());
        self.event(&Event {
            ts: microseconds(self.nanoseconds(time)),
            ..Event::new((&name, "counter"), "C", self.pid, 0, args.into())
        })
    }

    fn windows(&mut self) -> Result<(), ExportError> {
        let boot = self.boot;
        for window in &boot.trace.windows {
            let tid = self.track(WINDOWS, || "benchmarks".into())?;
            let verdict = window.verdict.as_ref();
            let args = json!({
                "passed": verdict.map(|verdict| verdict.passed),
                "detail": verdict.map(|verdict| &verdict.detail),
                "tid": window.tid,
                "expected_operations": window.expected_operations,
            });
            let name = (window.benchmark.as_str(), "benchmark");
            match window.ended {
                Some(ended) => self.slice(name, (window.begun, ended), tid, args)?,
                None => self.mark(name, window.begun, tid, args)?,
            }
            for ((cpu, id), edges) in &window.counters {
                let ends = [(Some(window.begun), edges.begin), (window.ended, edges.end)];
                for (time, value) in ends {
                    if let (Some(time), Some(value)) = (time, value) {
                        self.reading(*cpu, *id, time, value)?;
                    }
                }
            }
            for sample in &window.samples {
                self.sample(sample, &window.metrics)?;
            }
        }
        Ok(())
    }

    fn sample(
        &mut self,
        sample: &Sample,
        metrics: &std::collections::BTreeMap<u16, String>,
    ) -> Result<(), ExportError> {
        let metric = metrics.get(&sample.metric);
        let lane = u32::from(sample.metric).min(METRICS - 1);
        let tid = self.track(SAMPLES + lane, || match lane {
            0 => "samples".into(),
            lane => format!("samples, metric {lane}"),
        })?;
        let has = |flag| sample.flags.contains(flag);
        let name = if has(SampleFlags::COLD) {
            "cold"
        } else if has(SampleFlags::WARM_UP) {
            "warm-up"
        } else {
            "sample"
        };
        let args = json!({
            "operations": sample.operations,
            "ticks": sample.ticks,
            "metric": metric,
            "preempted": has(SampleFlags::PREEMPTED),
            "idled": has(SampleFlags::IDLED),
        });
        let end = sample.start.saturating_add(sample.ticks);
        self.slice((name, "sample"), (sample.start, end), tid, args)
    }

    fn dispatch_args(&self, root: &RootAt) -> Value {
        let dispatch = &root.dispatch;
        let thread = self.boot.statements().threads.get(&dispatch.tid);
        json!({
            "tid": dispatch.tid,
            "program": thread.map(|(_, program)| program),
            "flow": dispatch.flow,
            "opcode": dispatch.opcode,
            "interface": self.names.interface(dispatch),
            "method": dispatch.method,
            "result": dispatch.result,
            "outcome": outcome_name(root),
            "spans": root.spans_inside,
        })
    }
}

impl Visitor for Process<'_> {
    fn tree(&mut self, ring: Ring, tree: &Tree) -> Result<(), ExportError> {
        let tid = self.ring(ring)?;
        let cat = match tree.top {
            Top::Dispatch(_) => "dispatch",
            Top::Segment => "segment",
            Top::Undeclared | Top::Missing => "orphan",
        };
        for position in tree.pre_order() {
            let node = &tree.nodes[position.node];
            let root = tree.root().filter(|_| position.parent.is_none());
            let mut args = root.map_or_else(|| json!({}), |root| self.dispatch_args(root));
            args["ticks"] = node.duration.into();
            if tree.complete {
                args["self_ticks"] = node.self_raw.into();
            } else {
                args["incomplete"] = true.into();
            }
            let name = self.names.segment(node.segment).to_owned();
            self.slice((&name, cat), (node.start, node.end()), tid, args)?;
            if let Some(root) = root {
                self.arrow(root, node.start, tid)?;
            }
        }
        Ok(())
    }

    fn instant(&mut self, ring: Ring, instant: &Instant) -> Result<(), ExportError> {
        let tid = self.ring(ring)?;
        let (name, a, b) = instant_names(self.boot.statements(), instant.id);
        let mut args = Map::new();
        // An argument without a name is unused.
        for (name, value) in [(a, u64::from(instant.a)), (b, instant.b)] {
            if !name.is_empty() {
                args.insert(name, value.into());
            }
        }
        self.mark((&name, "instant"), instant.time, tid, args.into())
    }

    fn counter(&mut self, (cpu, _): Ring, counter: &Counter) -> Result<(), ExportError> {
        self.reading(cpu, counter.id, counter.time, counter.value)
    }

    fn pc_sample(&mut self, ring: Ring, sample: &PcSample) -> Result<(), ExportError> {
        let tid = self.ring(ring)?;
        let address = format!("{:#x}", sample.address);
        let kernel = sample.address >> 63 == 1;
        let symbols = self.symbols.filter(|_| kernel);
        let function = symbols.and_then(|symbols| symbols.name(sample.address));
        let args = json!({ "address": address, "tid": sample.tid });
        let name = function.unwrap_or(&address).to_owned();
        self.mark((&name, "pc"), sample.time, tid, args)
    }
}

fn microseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1000.0
}
