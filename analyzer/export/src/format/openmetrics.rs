//! OpenMetrics 1.0 text: what passed, as gauges for a monitoring system.
//!
//! Only rows that passed, and only in modes whose numbers are published at all: a
//! series that is missing is the alarm, a wrong one would be a lie. Labels are
//! `benchmark`, `guest`, `system`, `unit` and, where the row has any, `labels`, so that
//! series are as many as rows and do not grow with runs. Each unit has metrics of its
//! own, since OpenMetrics gives a metric one unit and its name that unit's suffix.

use std::collections::BTreeSet;
use std::path::Path;

use capbench_results::{BenchmarkResult, Measurement, Mode, Results, Unit};

use crate::error::ExportError;
use crate::file::{OutFile, Written};
use crate::write::count;

/// A gauge of every row.
struct Gauge {
    name: &'static str,
    help: &'static str,
    value: fn(&Measurement) -> Option<f64>,
}

const GAUGES: &[Gauge] = &[
    Gauge {
        name: "capbench_median",
        help: "Median of the boots' medians, per operation.",
        value: |measurement| Some(measurement.median),
    },
    Gauge {
        name: "capbench_headline",
        help: "The headline of the row: the median, or the mean per operation where two modes leave no robust median.",
        value: |measurement| Some(measurement.headline().value),
    },
    Gauge {
        name: "capbench_p95",
        help: "95th percentile of the samples, which are batch means where a batch holds several operations.",
        value: |measurement| measurement.p95,
    },
    Gauge {
        name: "capbench_range_low",
        help: "Smallest median of a boot, per operation.",
        value: |measurement| Some(measurement.range.low),
    },
    Gauge {
        name: "capbench_range_high",
        help: "Largest median of a boot, per operation.",
        value: |measurement| Some(measurement.range.high),
    },
];

/// Writes `metrics.txt`.
///
/// # Errors
///
/// Two rows have one name, or the file could not be written.
pub fn write(results: &Results, to: &Path) -> Result<Written, ExportError> {
    let rows = published(results)?;
    let mut out = OutFile::create(to, "metrics.txt")?;
    for unit in Unit::ALL {
        let rows: Vec<_> = rows.iter().filter(|(_, m)| m.unit == *unit).collect();
        for gauge in GAUGES {
            out.text(&family(gauge, *unit, &rows))?;
        }
    }
    out.text("# EOF\n")?;
    out.commit(count(rows.len() as u64, "row"))
}

type Row<'a> = (&'a BenchmarkResult, &'a Measurement);

fn published(results: &Results) -> Result<Vec<Row<'_>>, ExportError> {
    if results.run.mode == Mode::Emulated {
        return Ok(Vec::new());
    }
    let mut series = BTreeSet::new();
    let mut rows = Vec::new();
    for result in &results.results {
        let Some(measurement) = result.outcome.measurement() else {
            continue;
        };
        if !series.insert((&result.benchmark_name, &result.guest, &result.system)) {
            return Err(ExportError::DoubleSeries {
                benchmark: result.benchmark_name.to_string(),
                guest: result.guest.clone(),
                system: result.system.clone(),
            });
        }
        rows.push((result, measurement));
    }
    Ok(rows)
}

/// A metric family, or nothing where no row has a value.
fn family(gauge: &Gauge, unit: Unit, rows: &[&Row]) -> String {
    let name = format!("{}_{unit}", gauge.name);
    let values = rows.iter().filter_map(|(result, measurement)| {
        let value = (gauge.value)(measurement)?;
        Some(format!(
            "{name}{{benchmark=\"{}\",guest=\"{}\",system=\"{}\",unit=\"{unit}\"{}}} {value:?}\n",
            label(&result.benchmark_name),
            label(&result.guest),
            label(&result.system),
            labels(result),
        ))
    });
    let values: String = values.collect();
    if values.is_empty() {
        return values;
    }
    let caution = match unit {
        Unit::Instructions => " Counted in guest instructions, not a time.",
        Unit::VirtualNs => " On the emulator's virtual clock, not a time of any machine.",
        Unit::TscTicks | Unit::Ns => "",
    };
    let help = gauge.help;
    format!("# TYPE {name} gauge\n# UNIT {name} {unit}\n# HELP {name} {help}{caution}\n{values}")
}

/// What the document calls labels, as one of OpenMetrics'. An empty one is as none.
fn labels(result: &BenchmarkResult) -> String {
    match result.labels_in_words() {
        words if words.is_empty() => words,
        words => format!(",labels=\"{words}\""),
    }
}

/// A label's value: the three characters that OpenMetrics escapes.
fn label(text: &str) -> String {
    text.replace('\\', r"\\")
        .replace('"', "\\\"")
        .replace('\n', r"\n")
}
