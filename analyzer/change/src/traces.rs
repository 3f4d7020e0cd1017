//! Traces: of windows with samples the row, of every other place each segment.

use crate::attribution::path;
use crate::reading::{Identity, Reading, Source, Value};
use capbench_frames::summary::{SampleSummary, TraceSummary, WindowSummary};
use capbench_results::change::{Side, Subject, TraceSide};
use capbench_results::{Breakdown, Headline, HeadlineKind, RowName, SegmentSummary, Status, Unit};
use std::collections::BTreeMap;

/// What lies in no window.
const OUTSIDE: &str = "outside of windows";

impl Source {
    /// A trace, as it is named. A window whose program measured itself is a row; where
    /// none did, each segment is one, and its median duration the value.
    pub fn of_trace(source: impl Into<String>, trace: &TraceSummary) -> Self {
        let identity = Identity(vec![
            ("kernel", trace.kernel.clone()),
            ("probes", trace.variant.clone()),
        ]);
        let place = Place {
            trace,
            identity: &identity,
        };
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        let mut readings = Vec::new();
        for window in &trace.windows {
            let time = times.entry(&window.benchmark).or_default();
            *time += 1;
            let name = match time {
                1 => window.benchmark.clone(),
                time => format!("{} (window {time})", window.benchmark),
            };
            readings.extend(place.window(name, window));
        }
        if let Some(breakdown) = &trace.outside {
            readings.extend(place.segments(OUTSIDE, breakdown, None));
        }
        Self {
            side: Side {
                source: source.into(),
                subject: Subject::Trace(TraceSide {
                    kernel: trace.kernel.clone(),
                    build_id: trace.build_id.clone(),
                    variant: trace.variant.clone(),
                }),
            },
            readings,
        }
    }
}

/// Where readings of a trace come from.
struct Place<'a> {
    trace: &'a TraceSummary,
    identity: &'a Identity,
}

impl Place<'_> {
    fn window(&self, name: String, window: &WindowSummary) -> Vec<Reading> {
        let of = Some(window.benchmark.as_str());
        match (&window.samples, &window.breakdown) {
            (Some(samples), _) => vec![self.reading(name, "", self.row(samples, window), of)],
            (None, Some(breakdown)) => self.segments(&name, breakdown, of),
            (None, None) => Vec::new(),
        }
    }

    fn row(&self, samples: &SampleSummary, window: &WindowSummary) -> Value {
        Value {
            breakdown: window.breakdown.clone(),
            ..median(self.trace.unit, samples.median)
        }
    }

    fn segments(&self, place: &str, breakdown: &Breakdown, of: Option<&str>) -> Vec<Reading> {
        let segments = &breakdown.segments;
        let reading = |(index, segment): (usize, &SegmentSummary)| {
            let name = path(segments, index).join(" › ");
            self.reading(name, place, median(self.trace.unit, segment.median), of)
        };
        segments.iter().enumerate().map(reading).collect()
    }

    /// No value is taken from what a rule objects to.
    fn reading(&self, name: String, place: &str, value: Value, of: Option<&str>) -> Reading {
        Reading {
            row: RowName {
                benchmark_name: name.into(),
                guest: String::new(),
                system: place.to_owned(),
            },
            identity: self.identity.clone(),
            value: match self.objection(of) {
                Some(reason) => Err((Status::Invalid, reason.to_owned())),
                None => Ok(value),
            },
        }
    }

    /// The first objection of a rule to a benchmark, or to all that is in the trace.
    fn objection(&self, benchmark: Option<&str>) -> Option<&str> {
        let touches = |of: &Option<String>| of.is_none() || of.as_deref() == benchmark;
        let mut findings = self.trace.findings.iter();
        let found = findings.find(|finding| touches(&finding.benchmark))?;
        Some(&found.reason)
    }
}

fn median(unit: Unit, value: f64) -> Value {
    Value {
        unit,
        lower_is_better: true,
        headline: Headline {
            kind: HeadlineKind::Median,
            value,
        },
        mean: None,
        breakdown: None,
    }
}

#[cfg(test)]
#[path = "traces_tests.rs"]
mod tests;
