//! Every row is of the work that its definition names, and two rows side by side
//! are of work that may stand so.

use std::collections::BTreeSet;

use super::{Answer, Found, count, differ, rows};
use crate::kept::{Benchmark, Kept};
use crate::rows::{Comparison, Measured, Name, Row};
use crate::run::Run;

/// Each row and its definition: size, repetitions, oracle, unit and direction.
pub(super) fn check(run: &Run) -> Found {
    let (record, document, kept) = (run.record()?, run.document()?, run.kept()?);
    let mut faults = Vec::new();
    for row in &document.results {
        let wrong = match kept.benchmark(row.benchmark().0) {
            Ok(benchmark) => {
                let mut wrong = of_row(row, &benchmark);
                if let Some(measured) = &row.measurement {
                    let mode = &record.mode;
                    wrong.extend(of_measurement(run, row, measured, &benchmark, mode));
                }
                wrong
            }
            Err(why) => vec![why],
        };
        let title = row.title();
        faults.extend(wrong.into_iter().map(|wrong| format!("{title}: {wrong}")));
    }
    for comparison in &document.comparisons {
        let (above, below) = (&comparison.numerator, &comparison.denominator);
        if let Some(wrong) = side_by_side(kept, comparison) {
            faults.push(format!("{} : {}: {wrong}", above.title(), below.title()));
        }
    }
    let looked_at = format!(
        "{}, {}",
        count(document.results.len(), "row"),
        count(document.comparisons.len(), "comparison")
    );
    Answer::new(faults, looked_at)
}

fn of_row(row: &Row, benchmark: &Benchmark) -> Vec<String> {
    let verifier = &benchmark.verifier;
    let oracle = format!("{}:{}", verifier.kind, verifier.checks.join("+"));
    let mut wrong: Vec<String> = [
        differ("tier", row.tier, benchmark.tier),
        differ("oracle", &row.correctness_id, &oracle),
        differ("authority", &row.authority_profile, &benchmark.authority),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (_, batch) = row.benchmark();
    if batch.is_none_or(|batch| !benchmark.batches.contains(&batch)) {
        wrong.push("no batch size of its definition".to_owned());
    }
    wrong
}

fn of_measurement(
    run: &Run,
    row: &Row,
    measured: &Measured,
    benchmark: &Benchmark,
    mode: &str,
) -> Vec<String> {
    let kind = if measured.batch == 1 {
        "operations"
    } else {
        "batchMeans"
    };
    let boots = rows::values(run, row, measured.batch, "samples").unwrap_or_default();
    let idled = benchmark.window_idles || boots.iter().any(|boot| boot.idled);
    let unit = match mode {
        "exact" if idled => "virtual_ns",
        "exact" => "instructions",
        _ => "tsc_ticks",
    };
    let lower = benchmark.lower_is_better;
    let mut wrong: Vec<String> = [
        differ("lowerIsBetter", measured.lower_is_better, lower),
        differ("sampleKind", measured.sample_kind.as_str(), kind),
        differ("unit", measured.unit.as_str(), unit),
        differ("batch", Some(measured.batch), row.benchmark().1),
    ]
    .into_iter()
    .flatten()
    .collect();
    // The cold batch is one of the declared warm-up ones.
    let (warm_up, samples) = (benchmark.warmup as usize, benchmark.samples as usize);
    for boot in &boots {
        let before = boot.warm_up + usize::from(boot.cold.is_some());
        wrong.extend(differ("warm-up batches", warm_up, before));
        wrong.extend(differ("samples in a boot", samples, boot.warm.len()));
    }
    wrong
}

/// Two rows stand side by side only as a mapping declares, and are divided only over the
/// same data.
fn side_by_side(kept: &Kept, comparison: &Comparison) -> Option<String> {
    let part = |name: &Name| {
        let (benchmark, batch) = name.benchmark();
        Some((benchmark.to_owned(), batch?))
    };
    let ((above, size_above), (below, size_below)) =
        part(&comparison.numerator).zip(part(&comparison.denominator))?;
    let Some(mapping) = kept.mapping(&above) else {
        return Some("no mapping puts them side by side".to_owned());
    };
    let mut counterparts = mapping.counterparts.iter();
    let Some(counterpart) = counterparts.find(|counterpart| counterpart.benchmark == below) else {
        return Some("no mapping puts them side by side".to_owned());
    };
    let sizes = [size_above, size_below];
    let as_declared = match &counterpart.batches[..] {
        [] => size_above == size_below,
        declared => declared.contains(&sizes),
    };
    if !as_declared {
        return Some(format!("batches of {size_above} beside {size_below}"));
    }
    if counterpart.difference != comparison.difference {
        return Some("another difference than the mapping declares".to_owned());
    }
    let corpus = |name: &str| kept.benchmark(name).ok().and_then(|b| b.corpus);
    let corpora = (corpus(&above), corpus(&below));
    let is_divided = comparison.ratio.is_some();
    (is_divided && corpora.0 != corpora.1).then(|| "they work on different data".to_owned())
}

/// Every row that the definitions stand for is in the results, once.
pub(super) fn all_rows(run: &Run) -> Found {
    let (record, document, kept) = (run.record()?, run.document()?, run.kept()?);
    let suite = kept.suite(&record.selection);
    let guests = record.overrides["guests"].as_array();
    let wanted = |guest: &str| {
        guests.is_none_or(|guests| guests.iter().any(|wanted| wanted.as_str() == Some(guest)))
    };
    let mut due = BTreeSet::new();
    for name in kept.names("benchmarks") {
        let benchmark = kept.benchmark(name)?;
        for (guest, mechanism) in benchmark.guests.iter().filter(|(guest, _)| wanted(guest)) {
            let own = std::slice::from_ref(&mechanism.system);
            let systems = suite.as_ref().and_then(|suite| suite.systems.get(guest));
            for system in systems.map_or(own, Vec::as_slice) {
                due.extend(
                    benchmark
                        .batches
                        .iter()
                        .map(|&batch| (name, Some(batch), guest.clone(), system.clone())),
                );
            }
        }
    }
    let rows = due.len();
    let mut faults = Vec::new();
    for row in &document.results {
        let (name, batch) = row.benchmark();
        if !due.remove(&(name, batch, row.guest.clone(), row.system.clone())) {
            faults.push(format!("{}: twice, or of no definition", row.title()));
        }
    }
    faults.extend(due.iter().map(|(name, batch, guest, system)| {
        let batch = batch.unwrap_or_default();
        format!("{name}/{batch} on {guest}/{system}: missing")
    }));
    Answer::new(faults, count(rows, "row"))
}
