//! A row as one line, for boots without `MeasureControl`.

use crate::{Record, Row};
use alloc::vec::Vec;
use guest_runtime::console;
use guest_runtime::measure::Sample;
use guest_runtime::ring::Ring;

/// Prints the row: ticks of whole batches, by the program's own clock.
pub fn print(program: &str, ring: &mut Ring, console: u32, row: &Row<'_>, record: &Record) {
    let set_aside = Sample::COLD | Sample::WARM_UP;
    let measured = record.samples.iter().filter(|s| s.flags & set_aside == 0);
    let mut ticks: Vec<u64> = measured.map(|sample| sample.ticks).collect();
    ticks.sort_unstable();
    let cold = record.samples.first().map_or(0, |sample| sample.ticks);
    let line = format_args!(
        "{program}: benchmark={} operations={} samples={} cold={cold} min={} median={} \
         submitted={} completed={} failures={}",
        row.benchmark,
        row.batch,
        ticks.len(),
        ticks.first().copied().unwrap_or(0),
        median(&ticks),
        record.oracle.submitted,
        record.oracle.completed,
        record.oracle.failures,
    );
    // A line that is missing is noticed by whoever counts rows.
    let _ = console::write_line(ring, console, line);
}

/// The median of sorted values; of an even number, the lower of the middle two.
fn median(sorted: &[u64]) -> u64 {
    sorted
        .get(sorted.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(0)
}
