//! The Linux guest's program on the host, from its own trace.

use super::{Answer, Found, count};
use crate::run::Run;
use crate::statistics::{extremes, median};
use crate::stream::Damage;

/// The column that comes from a trace of the run; others come from elsewhere.
const COLUMN: &str = "native host";

/// Ticks become time by a factor, and two programs may multiply in two orders.
const TOLERANCE: f64 = 1e-9;

pub(super) fn check(run: &Run) -> Found {
    let (record, document) = (run.record()?, run.document()?);
    let rows = document.context.iter().filter(|row| row.column == COLUMN);
    let rows: Vec<_> = rows
        .filter_map(|row| Some((row, row.value.as_ref()?)))
        .collect();
    if rows.is_empty() {
        return Answer::new(Vec::new(), "the run has no native number");
    }
    let stored = record.native.as_ref().and_then(|run| run.capture.stored());
    let Some(stored) = stored else {
        return Answer::new(vec!["numbers without a trace".to_owned()], "");
    };
    let said = match run.said(&stored.file) {
        Ok(said) => said,
        Err(error) => return Answer::new(vec![error], ""),
    };
    let mut faults = Vec::new();
    let exit = record
        .native
        .as_ref()
        .and_then(|run| run.exit["kind"].as_str());
    // A program whose oracle refused one row says so row by row.
    if !matches!(exit, Some("clean" | "oracleFailed")) {
        faults.push(format!("the program ended {}", exit.unwrap_or("somehow")));
    }
    if said.statements.end.is_none() || said.damage != Damage::default() {
        let words = said.damage.words();
        faults.push(format!(
            "{}: it is damaged or has no end: {words}",
            stored.file
        ));
    }
    for (row, value) in &rows {
        let name = &row.benchmark_name;
        let window = said.window(name);
        let accepted = window.filter(|window| window.verdict.as_ref().is_some_and(|v| v.passed));
        let Some(window) = accepted.filter(|window| window.closed()) else {
            faults.push(format!("{name}: no window that its oracle accepted"));
            continue;
        };
        let (_, batch) = row.parts.of(name);
        let values = window.values(batch.unwrap_or(1));
        let scale = match (value.unit.as_str(), said.statements.ticks_per_second) {
            ("ns", rate) if rate > 0 => 1e9 / rate as f64,
            ("tsc_ticks", _) => 1.0,
            (unit, rate) => {
                faults.push(format!("{name}: in {unit} from a clock of {rate} Hz"));
                continue;
            }
        };
        let middle = median(&values.warm).map_or(f64::NAN, |median| median * scale);
        let low = extremes(&values.warm).map_or(f64::NAN, |(low, _)| low * scale);
        for (what, stored, found) in [("median", value.median, middle), ("min", value.min, low)] {
            // Where nothing was found it is no number, and equals none.
            let near = (stored - found).abs() <= TOLERANCE * found.abs();
            if !near {
                faults.push(format!("{name}: {what}: stored {stored}, found {found}"));
            }
        }
        let n = values.warm.len() as u64;
        faults.extend(super::differ(&format!("{name}: n"), value.n, n));
    }
    Answer::new(faults, count(rows.len(), "number"))
}
