//! Second instruments beside the program's own figures, in one table.
//!
//! Agreement is judged within a pass only: each boot's instrument is joined with
//! what the program of that very boot says. Three rules:
//!
//! | instrument | beside | may differ by |
//! |---|---|---|
//! | markers | the loop's time | 0.1 % |
//! | an exact count | what the program knows it caused | nothing |
//! | task clock | the time of a loop that kept the CPU | 1 % |
//!
//! A disagreement is a finding against the benchmark, in whatever boot it is.

use crate::column::Cells;
use crate::rule::{Finding, Objection};
use capbench_frames::figures::{Change, Figures};
use capbench_results::{Evidence, InstrumentAgreement, InstrumentReading, InvalidReason, RowName};
use polars::prelude::*;

/// Markers take both edges of the loop by the kernel's clock, so only the way
/// from one clock to the other lies between: ten times what was ever seen.
const MARKER_TOLERANCE: f64 = 0.001;

/// The kernel accounts CPU time at its own switches, a little outside the loop;
/// ten times what clean loops show.
const TASK_CLOCK_TOLERANCE: f64 = 0.01;

/// A loop is compared only to the clocks' resolution.
const RESOLUTION_NS: f64 = 1.0;

/// `expected.NAME` is what the program knows that `NAME` must count.
const EXPECTED: &str = "expected.";

/// An instrument that takes the loop's time, and how close it has to come.
struct Timekeeper {
    name: &'static str,
    counter: &'static str,
    /// What it reads of an empty loop, to be taken off.
    own_cost: &'static str,
    tolerance: f64,
    /// Which loops it can be held to.
    held_to: HeldTo,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum HeldTo {
    /// Every loop of a boot that placed markers, whether or not a reading came: a
    /// counter that did not change is not sent.
    MarkedLoops,
    /// Loops that kept the CPU; where there is no reading there is nothing to hold.
    UndisturbedLoops,
}

const TIMEKEEPERS: [Timekeeper; 2] = [
    Timekeeper {
        name: "markers",
        counter: "marker_ns",
        own_cost: "marker_self_ns",
        tolerance: MARKER_TOLERANCE,
        held_to: HeldTo::MarkedLoops,
    },
    Timekeeper {
        name: "task clock",
        counter: "task_clock_ns",
        own_cost: "task_clock_self_ns",
        tolerance: TASK_CLOCK_TOLERANCE,
        held_to: HeldTo::UndisturbedLoops,
    },
];

/// The figures of one boot and what it booted.
#[derive(Clone, Debug)]
pub struct BootFigures {
    /// The guest.
    pub guest: String,
    /// The system that it booted.
    pub system: String,
    /// What its loops and instruments say.
    pub figures: Figures,
}

/// Every reading of every boot, judged.
#[derive(Clone, Debug)]
pub struct Instruments {
    table: DataFrame,
}

/// Names a loop: one benchmark in one boot.
const LOOP: [&str; 2] = ["trace", "benchmark"];

impl Instruments {
    /// Joins programs with instruments and judges each pair.
    pub fn join(boots: &[BootFigures]) -> PolarsResult<Self> {
        let (loops, counters, expected) = (loops(boots)?, counters(boots)?, expected(boots)?);
        let mut readings = vec![exact_counts(&loops, &counters, &expected)];
        readings.extend(
            TIMEKEEPERS
                .iter()
                .map(|timekeeper| timed(&loops, &counters, timekeeper)),
        );
        let table = concat(readings, UnionArgs::default())?
            .with_column((col("observed") - col("program")).abs().alias("deviation"))
            .with_column(
                when(col("not_judged").is_null())
                    .then(col("deviation").lt_eq(col("allowed")))
                    .otherwise(lit(NULL))
                    .alias("agrees"),
            )
            .sort(
                ["order"],
                SortMultipleOptions::new().with_maintain_order(true),
            )
            .collect()?;
        Ok(Self { table })
    }

    /// The table: a row for each instrument, benchmark and boot.
    pub const fn table(&self) -> &DataFrame {
        &self.table
    }

    /// An objection for each reading that disagrees.
    pub fn disagreements(&self) -> PolarsResult<Vec<Finding>> {
        let table = self.table.clone().lazy().filter(col("agrees").not());
        let table = table.collect()?;
        let cells = Cells(&table);
        (0..cells.rows())
            .map(|row| {
                let [program, observed, allowed] =
                    ["program", "observed", "allowed"].map(|column| cells.number(column, row));
                let (program, observed, allowed) = (
                    program?.unwrap_or(f64::NAN),
                    observed?.unwrap_or(f64::NAN),
                    allowed?.unwrap_or(0.0),
                );
                let unit = cells.text("unit", row)?;
                Ok(Finding {
                    check: "instruments",
                    objection: Objection::Invalid(InvalidReason::InstrumentsDisagree),
                    benchmark: Some(cells.text("benchmark", row)?),
                    evidence: Evidence {
                        source: cells.text("trace", row)?,
                        subject: format!(
                            "{} beside the program, pass {}",
                            cells.text("instrument", row)?,
                            cells.text("pass", row)?
                        ),
                        expected: format!("{program:.0} {unit} ± {allowed:.0}"),
                        observed: format!("{observed:.0} {unit}{}", deviation(program, observed)),
                    },
                })
            })
            .collect()
    }

    /// What results keep of a row: each instrument once, with the reading that lay
    /// farthest off. Meant for rows without a disagreement.
    pub fn agreements(&self, name: &RowName) -> PolarsResult<Vec<InstrumentAgreement>> {
        let own = col("guest").eq(lit(name.guest.as_str()));
        let own = own.and(col("system").eq(lit(name.system.as_str())));
        let own = own.and(col("benchmark").eq(lit(name.benchmark_name.as_str())));
        let judged = col("not_judged").is_null();
        let summary = self
            .table
            .clone()
            .lazy()
            .filter(own)
            // Readings that were not judged last: `first` then is the widest of those
            // that were, if any was.
            .sort(
                ["deviation"],
                SortMultipleOptions::new()
                    .with_order_descending(true)
                    .with_maintain_order(true),
            )
            .sort_by_exprs(
                [judged.clone()],
                SortMultipleOptions::new()
                    .with_order_descending(true)
                    .with_maintain_order(true),
            )
            .group_by_stable([col("order"), col("pass"), col("instrument"), col("unit")])
            .agg([
                judged.clone().sum().alias("agreed"),
                judged.not().sum().alias("unjudged"),
                col("not_judged").drop_nulls().first().alias("why"),
                col("trace").first(),
                col("program").first(),
                col("observed").first(),
                col("allowed").first(),
            ])
            .sort(
                ["order", "pass", "instrument"],
                SortMultipleOptions::default(),
            )
            .collect()?;
        let cells = Cells(&summary);
        (0..cells.rows())
            .map(|row| agreement(&cells, row))
            .collect()
    }
}

fn agreement(cells: &Cells, row: usize) -> PolarsResult<InstrumentAgreement> {
    let agreed = cells.count("agreed", row)?;
    let widest = if agreed > 0 {
        let number = |column| Ok::<_, PolarsError>(cells.number(column, row)?.unwrap_or(f64::NAN));
        Some(InstrumentReading {
            trace: cells.text("trace", row)?,
            program: number("program")?,
            observed: number("observed")?,
            allowed: number("allowed")?,
        })
    } else {
        None
    };
    Ok(InstrumentAgreement {
        pass: cells.text("pass", row)?,
        instrument: cells.text("instrument", row)?,
        unit: cells.text("unit", row)?,
        agreed,
        not_judged: cells.count("unjudged", row)?,
        why: cells.optional_text("why", row)?,
        widest,
    })
}

fn deviation(program: f64, observed: f64) -> String {
    if program == 0.0 {
        return String::new();
    }
    format!(" ({:+.3} %)", (observed / program - 1.0) * 100.0)
}

/// A row for each loop: what the program says of it.
fn loops(boots: &[BootFigures]) -> PolarsResult<LazyFrame> {
    let each = || {
        let boots = boots.iter();
        boots.flat_map(|boot| boot.figures.loops.iter().map(move |looped| (boot, looped)))
    };
    let text = |of: fn(&BootFigures) -> &str| each().map(|(boot, _)| of(boot)).collect::<Vec<_>>();
    let benchmarks: Vec<&str> = each().map(|(_, l)| l.benchmark.as_str()).collect();
    let marked: Vec<bool> = each().map(|(boot, _)| boot.figures.marked).collect();
    let ns: Vec<Option<f64>> = each().map(|(_, looped)| looped.program_ns).collect();
    let disturbed: Vec<Option<&str>> = each().map(|(_, looped)| looped.disturbed).collect();
    Ok(df! {
        "guest" => text(|boot| &boot.guest),
        "system" => text(|boot| &boot.system),
        "pass" => text(|boot| &boot.figures.pass),
        "trace" => text(|boot| &boot.figures.source),
        "benchmark" => benchmarks,
        "marked" => marked,
        "program_ns" => ns,
        "disturbed" => disturbed,
    }?
    .lazy())
}

/// A row for each counter of each loop.
fn counters(boots: &[BootFigures]) -> PolarsResult<LazyFrame> {
    named_counters(boots, |name| (!name.starts_with(EXPECTED)).then_some(name))
}

/// A row for each count that a program knows beforehand, under the event's name.
fn expected(boots: &[BootFigures]) -> PolarsResult<LazyFrame> {
    named_counters(boots, |name| name.strip_prefix(EXPECTED))
}

fn named_counters(
    boots: &[BootFigures],
    name: fn(&str) -> Option<&str>,
) -> PolarsResult<LazyFrame> {
    let loops = boots.iter().map(|boot| &boot.figures).flat_map(|figures| {
        figures
            .loops
            .iter()
            .map(|looped| (&*figures.source, looped))
    });
    let rows: Vec<(&str, &str, &str, &Change)> = loops
        .flat_map(|(source, looped)| {
            let counters = looped.counters.iter();
            // A time in another unit is no reading.
            let counters =
                counters.filter(|(name, change)| !name.ends_with("_ns") || change.unit == "ns");
            counters.filter_map(move |(counter, change)| {
                Some((source, &*looped.benchmark, name(counter)?, change))
            })
        })
        .collect();
    let text = |of: fn(&(&'_ str, &'_ str, &'_ str, &Change)) -> String| {
        rows.iter().map(of).collect::<Vec<_>>()
    };
    Ok(df! {
        "trace" => text(|row| row.0.to_owned()),
        "benchmark" => text(|row| row.1.to_owned()),
        "counter" => text(|row| row.2.to_owned()),
        "unit" => text(|row| row.3.unit.clone()),
        "value" => rows.iter().map(|row| row.3.value as f64).collect::<Vec<_>>(),
    }?
    .lazy())
}

/// Counts beside what the program knows. An event that was not counted at all is a
/// count of none.
fn exact_counts(loops: &LazyFrame, counters: &LazyFrame, expected: &LazyFrame) -> LazyFrame {
    let counted = counters.clone().select([
        col("trace"),
        col("benchmark"),
        col("counter"),
        col("value").alias("counted"),
    ]);
    let keys = [col("trace"), col("benchmark"), col("counter")];
    expected
        .clone()
        .join(counted, keys.clone(), keys, JoinArgs::new(JoinType::Left))
        .join(
            loops.clone(),
            LOOP.map(col),
            LOOP.map(col),
            JoinArgs::new(JoinType::Inner),
        )
        .select([
            lit(0u32).alias("order"),
            col("guest"),
            col("system"),
            col("pass"),
            col("trace"),
            col("benchmark"),
            col("counter").alias("instrument"),
            col("unit"),
            col("value").alias("program"),
            col("counted").fill_null(lit(0.0)).alias("observed"),
            lit(0.0).alias("allowed"),
            lit(NULL).cast(DataType::String).alias("not_judged"),
        ])
}

/// An instrument's time of each loop beside the program's.
fn timed(loops: &LazyFrame, counters: &LazyFrame, timekeeper: &Timekeeper) -> LazyFrame {
    let reading = |counter: &str, name: &str| {
        counters
            .clone()
            .filter(col("counter").eq(lit(counter)))
            .select([col("trace"), col("benchmark"), col("value").alias(name)])
    };
    let with = |left: LazyFrame, right| {
        left.join(
            right,
            LOOP.map(col),
            LOOP.map(col),
            JoinArgs::new(JoinType::Left),
        )
    };
    let loops = loops.clone().filter(col("program_ns").is_not_null());
    let joined = with(
        with(loops, reading(timekeeper.counter, "reading")),
        reading(timekeeper.own_cost, "own_cost"),
    );
    let (held, not_judged) = match timekeeper.held_to {
        HeldTo::MarkedLoops => (
            col("marked").or(col("reading").is_not_null()),
            lit(NULL).cast(DataType::String),
        ),
        HeldTo::UndisturbedLoops => (col("reading").is_not_null(), col("disturbed")),
    };
    let observed = col("reading").fill_null(lit(0.0)) - col("own_cost").fill_null(lit(0.0));
    let allowed = col("program_ns") * lit(timekeeper.tolerance);
    joined.filter(held).select([
        lit(1u32).alias("order"),
        col("guest"),
        col("system"),
        col("pass"),
        col("trace"),
        col("benchmark"),
        lit(timekeeper.name).alias("instrument"),
        lit("ns").alias("unit"),
        col("program_ns").alias("program"),
        observed.alias("observed"),
        when(allowed.clone().gt(lit(RESOLUTION_NS)))
            .then(allowed)
            .otherwise(lit(RESOLUTION_NS))
            .alias("allowed"),
        not_judged.alias("not_judged"),
    ])
}

#[cfg(test)]
#[path = "instruments_tests.rs"]
mod tests;
