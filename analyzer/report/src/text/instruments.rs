//! What second instruments said of each benchmark, in one table.

use crate::look::Look;
use crate::number::{NONE, signed};
use crate::table::{Align, Cell, Table};
use capbench_results::{InstrumentAgreement, Measurement, Outcome, Results};

/// The table of instruments; empty where no row has any.
pub fn instruments(results: &Results, look: Look) -> String {
    let watched: Vec<(&str, &str, &Measurement)> = results
        .results
        .iter()
        .filter_map(|result| match &result.outcome {
            Outcome::Passed(measurement) if !measurement.instruments.is_empty() => {
                Some((&*result.benchmark_name, &*result.system, measurement))
            }
            _ => None,
        })
        .collect();
    if watched.is_empty() {
        return String::new();
    }
    let mut passes: Vec<&str> = Vec::new();
    for (.., measurement) in &watched {
        for perturbation in &measurement.perturbations {
            if !passes.contains(&perturbation.pass.as_str()) {
                passes.push(&perturbation.pass);
            }
        }
    }
    let mut text = format!(
        "\n{}\n",
        look.bold("second instruments beside the program's own figures")
    );
    text.push_str(&table(&watched, &passes, look));
    let reading = "Each is compared with the program of its own boot: markers within 0.1 %, exact \
                   counts equal, the task clock within 1 % where the loop kept the CPU. The \
                   reading that lies farthest off is shown. Perturbation: what a pass's \
                   instrument adds to the median of one operation.";
    text.push_str(&look.wrap(reading, 0));
    text
}

fn table(watched: &[(&str, &str, &Measurement)], passes: &[&str], look: Look) -> String {
    use Align::{Left, Right};
    let mut columns = vec![
        ("benchmark", Left),
        ("booted", Left),
        ("markers", Right),
        ("exact counts", Right),
        ("task clock", Right),
    ];
    columns.extend(passes.iter().map(|pass| (perturbed_by(pass), Right)));
    let mut table = Table::new(&columns);
    for (name, system, measurement) in watched {
        let mut cells: Vec<Cell> = vec![
            (*name).into(),
            (*system).into(),
            clock(measurement, "markers").into(),
            counts(measurement).into(),
            clock(measurement, "task clock").into(),
        ];
        cells.extend(passes.iter().map(|pass| {
            let found = measurement
                .perturbations
                .iter()
                .find(|perturbation| perturbation.pass == *pass);
            found
                .map_or_else(|| NONE.to_owned(), |found| signed(found.effect))
                .into()
        }));
        table.row(cells);
    }
    table.render(look)
}

/// Column titles are fixed words, so that a table can be searched for them.
fn perturbed_by(pass: &str) -> &'static str {
    match pass {
        "counts" => "perturbed by eBPF",
        "perf" => "perturbed by perf",
        _ => "perturbed",
    }
}

/// The widest deviation of an instrument that takes time.
fn clock(measurement: &Measurement, instrument: &str) -> String {
    let found = measurement
        .instruments
        .iter()
        .find(|agreement| agreement.instrument == instrument);
    match found {
        None => NONE.to_owned(),
        Some(InstrumentAgreement {
            widest: Some(widest),
            ..
        }) => {
            let part = (widest.observed / widest.program - 1.0) * 100.0;
            format!("{part:+.4} %")
        }
        Some(InstrumentAgreement { .. }) => "not judged".to_owned(),
    }
}

fn counts(measurement: &Measurement) -> String {
    let exact = measurement.instruments.iter().filter_map(|agreement| {
        let widest = agreement.widest.as_ref()?;
        (widest.allowed == 0.0).then_some(widest.observed)
    });
    let (mut events, mut counted) = (0u32, 0.0);
    for observed in exact {
        events += 1;
        counted += observed;
    }
    match events {
        0 => NONE.to_owned(),
        1 => format!("{counted:.0} equal"),
        _ => format!("{counted:.0} equal ({events} kinds)"),
    }
}
