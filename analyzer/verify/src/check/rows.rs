//! What a row with a number says, from the traces of its own boots.

use serde_json::json;

use super::{Answer, Found, count};
use crate::canonical;
use crate::record::{Boot, Record};
use crate::rows::{Measured, Row};
use crate::run::Run;
use crate::statistics::{extremes, mean, median, p95, standard_deviation};
use crate::stream::Values;

/// Deviations are sums of many terms, and two programs may add them in two orders.
const DEVIATION_TOLERANCE: f64 = 1e-9;

/// Fewest boots from which an interval is drawn; below it the range says all.
const INTERVAL_BOOTS: usize = 8;

/// The variant whose samples are a row's.
const MEASURED: &str = "samples";

/// The files of a row's boots of one variant, in the record's order.
fn traces<'a>(record: &'a Record, row: &Row, variant: &str) -> Vec<&'a str> {
    let boots = record.boots_of(&row.guest, &row.system).into_iter();
    let boots = boots.filter(|boot| boot.variant == variant);
    let files = boots.filter_map(Boot::stored);
    files.map(|stored| stored.file.as_str()).collect()
}

/// A row's values in each boot of a variant.
pub(super) fn values(
    run: &Run,
    row: &Row,
    batch: u32,
    variant: &str,
) -> Result<Vec<Values>, String> {
    let files = traces(run.record()?, row, variant).into_iter();
    files
        .map(|file| {
            let window = run.said(file)?.window(&row.benchmark_name);
            let window =
                window.ok_or_else(|| format!("{file}: no window of {}", row.benchmark_name))?;
            Ok(window.values(batch))
        })
        .collect()
}

/// Mean of the boots' means, as the reader of samples adds them up.
pub(super) fn mean_of_boots(boots: &[Values]) -> Option<f64> {
    let means: Option<Vec<f64>> = boots.iter().map(|boot| mean(&boot.warm)).collect();
    mean(&means?)
}

/// Median of the boots' medians; `None` without a boot, or when one has no values.
pub(super) fn median_of_boots(boots: &[Values]) -> Option<f64> {
    let medians: Option<Vec<f64>> = boots.iter().map(|boot| median(&boot.warm)).collect();
    median(&medians?)
}

pub(super) fn boots(run: &Run) -> Found {
    let (record, document) = (run.record()?, run.document()?);
    let (mut faults, mut rows) = (Vec::new(), 0);
    for (row, measured) in document.passed() {
        rows += 1;
        let captured = traces(record, row, MEASURED);
        let listed: Vec<&str> = measured.boots.iter().map(|b| b.trace.as_str()).collect();
        if captured != listed {
            faults.push(format!(
                "{}: lists {}, captured were {}",
                row.title(),
                listed.join(", "),
                captured.join(", ")
            ));
        }
    }
    for row in document.results.iter().filter(|row| row.attempts > 0) {
        let boots = record.boots.iter().filter(|boot| !boot.audit);
        let own = boots.filter(|boot| (&boot.guest, &boot.system) == (&row.guest, &row.system));
        let took_place = own.count();
        faults.extend(super::differ(&row.title(), &row.attempts, &took_place));
    }
    Answer::new(faults, passed(rows))
}

pub(super) fn artifact_hash(run: &Run) -> Found {
    let (record, document) = (run.record()?, run.document()?);
    let mut faults = Vec::new();
    for row in &document.results {
        let boots = record.boots_of(&row.guest, &row.system).into_iter();
        let streams: Vec<(String, &str)> = boots
            .filter_map(|boot| Some((boot.stem(), boot.stored()?.sha256.as_str())))
            .collect();
        let found = (!streams.is_empty()).then(|| canonical::hash(&json!(streams)));
        let title = row.title();
        faults.extend(super::differ(&title, &row.artifact_hash, &found));
    }
    Answer::new(faults, count(document.results.len(), "row"))
}

pub(super) fn samples(run: &Run) -> Found {
    each(run, "sample", |row, measured, boots| {
        let found: Vec<f64> = boots.iter().flat_map(|boot| &boot.warm).copied().collect();
        let mut faults = Vec::new();
        let differs = found
            .iter()
            .zip(&measured.samples)
            .position(|(found, stored)| found != stored);
        if found.len() != measured.samples.len() {
            faults.push(format!(
                "{} samples are stored, the traces hold {}",
                measured.samples.len(),
                found.len()
            ));
        } else if let Some(at) = differs {
            faults.push(format!(
                "sample {at}: stored {}, the traces say {}",
                measured.samples[at], found[at]
            ));
        }
        if boots.iter().any(|boot| !boot.of_batch) {
            faults.push(format!("a sample is not of {} operations", measured.batch));
        }
        if measured.unit == "instructions" && boots.iter().any(|boot| boot.idled) {
            faults.push("the processor idled, so these are no instructions".to_owned());
        }
        if row.benchmark().1 != Some(measured.batch) {
            faults.push(format!("its batch is {}, not its name's", measured.batch));
        }
        (faults, found.len())
    })
}

pub(super) fn statistics(run: &Run) -> Found {
    each(run, "figure", |_, measured, boots| {
        let mut figures = Figures::default();
        let all: Vec<f64> = boots.iter().flat_map(|boot| &boot.warm).copied().collect();
        let of_boots = |figure: fn(&Values) -> Option<f64>| {
            let figures: Option<Vec<f64>> = boots.iter().map(figure).collect();
            figures.and_then(|figures| median(&figures))
        };
        let medians: Vec<f64> = boots.iter().filter_map(|boot| median(&boot.warm)).collect();
        figures.hold("n", Some(measured.n as f64), Some(all.len() as f64));
        figures.hold("median", Some(measured.median), median_of_boots(boots));
        figures.hold("p95", measured.p95, of_boots(|boot| p95(&boot.warm)));
        figures.hold("cold", measured.cold, of_boots(|boot| boot.cold));
        figures.hold("min", Some(measured.min), extremes(&all).map(|e| e.0));
        figures.hold("max", Some(measured.max), extremes(&all).map(|e| e.1));
        let (low, high) = extremes(&medians).unzip();
        figures.hold("range's low end", Some(measured.range.low), low);
        figures.hold("range's high end", Some(measured.range.high), high);
        figures.hold_nearly("deviation", measured.sd, standard_deviation(&all));
        if measured.mean.is_some() {
            figures.hold_nearly("mean", measured.mean, mean_of_boots(boots));
        }
        figures.hold_modes(measured, &all);
        figures.hold_interval(measured, low.zip(high), medians.len());
        for (line, boot) in measured.boots.iter().zip(boots) {
            let trace = &line.trace;
            let mut hold = |what: &str, stored, found| {
                figures.hold(&format!("{what} of {trace}"), stored, found);
            };
            hold("n", Some(line.n as f64), Some(boot.warm.len() as f64));
            hold("median", Some(line.median), median(&boot.warm));
            hold("p95", line.p95, p95(&boot.warm));
            hold("cold", line.cold, boot.cold);
        }
        (figures.faults, figures.held)
    })
}

pub(super) fn perturbations(run: &Run) -> Found {
    let (_, document) = (run.record()?, run.document()?);
    let (mut faults, mut held) = (Vec::new(), 0);
    for (row, measured) in document.passed() {
        for perturbation in &measured.perturbations {
            held += 1;
            let found = values(run, row, measured.batch, &perturbation.pass);
            match found.map(|boots| median_of_boots(&boots)) {
                Ok(found) => {
                    let what = format!("{} under {}", row.title(), perturbation.pass);
                    faults.extend(super::differ(&what, Some(perturbation.median), found));
                    let what = format!("{what}, effect");
                    let effect = found.map(|found| found - measured.median);
                    faults.extend(super::differ(&what, Some(perturbation.effect), effect));
                }
                Err(error) => faults.push(format!("{}: {error}", row.title())),
            }
        }
    }
    Answer::new(faults, count(held, "median"))
}

/// Holds a row against its boots; says what is wrong and how much was looked at.
type Held = fn(&Row, &Measured, &[Values]) -> (Vec<String>, usize);

fn each(run: &Run, what: &str, hold: Held) -> Found {
    let (_, document) = (run.record()?, run.document()?);
    let (mut faults, mut rows, mut held) = (Vec::new(), 0, 0);
    for (row, measured) in document.passed() {
        rows += 1;
        let boots = match values(run, row, measured.batch, MEASURED) {
            Ok(boots) => boots,
            Err(error) => {
                faults.push(format!("{}: {error}", row.title()));
                continue;
            }
        };
        let (wrong, number) = hold(row, measured, &boots);
        held += number;
        faults.extend(
            wrong
                .iter()
                .map(|wrong| format!("{}: {wrong}", row.title())),
        );
    }
    Answer::new(faults, format!("{}, {}", passed(rows), count(held, what)))
}

fn passed(rows: usize) -> String {
    format!("{} with a number", count(rows, "row"))
}

/// Figures held against what was found.
#[derive(Default)]
struct Figures {
    faults: Vec<String>,
    held: usize,
}

impl Figures {
    fn hold(&mut self, what: &str, stored: Option<f64>, found: Option<f64>) {
        self.held += 1;
        self.faults.extend(super::differ(what, stored, found));
    }

    /// The interval is drawn at random from the boots, and drawing it again takes the
    /// same generator; what any draw must keep can be held.
    fn hold_interval(&mut self, measured: &Measured, range: Option<(f64, f64)>, boots: usize) {
        let due = boots >= INTERVAL_BOOTS;
        let fits = match (&measured.interval, range) {
            (Some(found), Some((low, high))) => {
                let ordered = low <= found.low && found.low <= found.high && found.high <= high;
                due && ordered
            }
            (None, _) => !due,
            (Some(_), None) => false,
        };
        self.held += 1;
        if !fits {
            let stored = measured.interval.as_ref().map(|i| (i.low, i.high));
            let fault = format!("interval: stored {stored:?}, from {boots} boots in {range:?}");
            self.faults.push(fault);
        }
    }

    /// Each mode is the middle of the samples nearer to it, and holds their share. That
    /// there are two is the judge's word.
    fn hold_modes(&mut self, measured: &Measured, all: &[f64]) {
        let [low, high] = &measured.modes[..] else {
            return;
        };
        let middle = low.value + (high.value - low.value) / 2.0;
        let (below, above): (Vec<f64>, Vec<f64>) = all.iter().partition(|value| **value <= middle);
        for (mode, part) in [(low, below), (high, above)] {
            self.hold("mode", Some(mode.value), median(&part));
            let share = part.len() as f64 / all.len() as f64;
            self.hold_nearly("mode's share", Some(mode.share), Some(share));
        }
    }

    fn hold_nearly(&mut self, what: &str, stored: Option<f64>, found: Option<f64>) {
        let near = match (stored, found) {
            (Some(stored), Some(found)) => {
                (stored - found).abs() <= DEVIATION_TOLERANCE * found.abs().max(1.0)
            }
            _ => false,
        };
        if near {
            self.held += 1;
        } else {
            self.hold(what, stored, found);
        }
    }
}
