//! Which sample of a row is shown: all of its window must be there.

use serde::Serialize;
use trace_format::{Sample, SampleFlags};

use super::StitchError;
use crate::trace::Trace;
use crate::windows::Window;

/// Which sample it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Chosen {
    /// Its number in the window, from 1.
    pub number: usize,
    /// Samples of the window.
    pub of: usize,
    /// TSC ticks at its start.
    pub start: u64,
    /// The reading of the program's own clock.
    pub ticks: u64,
    /// Operations in it.
    pub operations: u32,
    /// It is the middle one of those that count.
    pub median: bool,
    /// It is cold or a warm-up, and does not count.
    pub unmeasured: bool,
}

/// The row's window, if all of it is there.
pub(super) fn window<'a>(trace: &'a Trace, row: &str) -> Result<&'a Window, StitchError> {
    let Some(window) = trace.windows.iter().find(|w| w.benchmark == row) else {
        let rows: Vec<&str> = trace.windows.iter().map(|w| w.benchmark.as_str()).collect();
        return Err(StitchError::NoRow {
            row: row.to_owned(),
            rows: match rows.is_empty() {
                true => "no rows".to_owned(),
                false => rows.join(", "),
            },
        });
    };
    if trace.totals.records == 0 {
        let variant = trace.statements.session.as_ref();
        return Err(StitchError::NoSegments {
            variant: variant.map_or(String::new(), |session| session.variant.clone()),
        });
    }
    match missing(trace, window) {
        None => Ok(window),
        Some(why) => Err(StitchError::Incomplete {
            row: row.to_owned(),
            why,
        }),
    }
}

/// What of a window is missing.
fn missing(trace: &Trace, window: &Window) -> Option<String> {
    if window.ended.is_none() {
        return Some("it never ended".to_owned());
    }
    let dropped: u64 = window
        .rings
        .values()
        .filter_map(|ring| Some((ring.begin?.dropped, ring.end?.dropped)))
        .map(|(begin, end)| end.saturating_sub(begin))
        .sum();
    let lost = dropped.max(window.lost);
    if lost > 0 {
        return Some(format!("{lost} records were dropped or lost in it"));
    }
    // Where in the stream the damage is, nobody kept.
    let damage = &trace.damage;
    let damaged = damage.missing + damage.malformed + damage.archive;
    (damaged > 0 || damage.bytes > 0)
        .then(|| "parts of the stream are damaged or missing".to_owned())
}

pub(super) fn choose(window: &Window, number: Option<usize>) -> Result<Chosen, StitchError> {
    let of = window.samples.len();
    let unmeasured =
        |sample: &Sample| (sample.flags).intersects(SampleFlags::COLD | SampleFlags::WARM_UP);
    let index = match number {
        Some(number) if (1..=of).contains(&number) => number - 1,
        Some(number) => {
            return Err(StitchError::NoSample {
                row: window.benchmark.clone(),
                count: of,
                number,
            });
        }
        None => middle(window, unmeasured).ok_or_else(|| StitchError::NoSamples {
            row: window.benchmark.clone(),
        })?,
    };
    let sample = &window.samples[index];
    Ok(Chosen {
        number: index + 1,
        of,
        start: sample.start,
        ticks: sample.ticks,
        operations: sample.operations,
        median: number.is_none(),
        unmeasured: unmeasured(sample),
    })
}

/// The first of the samples of the row's first metric that have the middle value,
/// the lower of two.
fn middle(window: &Window, unmeasured: impl Fn(&Sample) -> bool) -> Option<usize> {
    let samples = || window.samples.iter().enumerate();
    let all_unmeasured = window.samples.iter().all(&unmeasured);
    let metric = window.samples.iter().map(|sample| sample.metric).min()?;
    let mut order: Vec<(f64, usize)> = samples()
        .filter(|(_, s)| s.metric == metric && (all_unmeasured || !unmeasured(s)))
        .map(|(index, s)| (s.ticks as f64 / f64::from(s.operations.max(1)), index))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let value = order.get(order.len().checked_sub(1)? / 2)?.0;
    order.iter().find(|(v, _)| *v == value).map(|(_, i)| *i)
}
