//! One row per warm sample of what passed, boots in order.

use polars_core::prelude::Column;

use super::{Rows, column, identity};

pub(super) fn columns(rows: &Rows) -> Vec<Column> {
    let mut of = Vec::new();
    let (mut boots, mut samples, mut batches, mut kinds, mut values) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for row in &rows.rows {
        let Some(measurement) = row.outcome.measurement() else {
            continue;
        };
        let mut rest = measurement.samples.iter();
        for (boot, place) in measurement.boots.iter().zip(1u64..) {
            for (sample, value) in (1..=boot.n).zip(&mut rest) {
                of.push(*row);
                boots.push(Some(place));
                samples.push(Some(sample));
                batches.push(Some(u64::from(measurement.batch)));
                kinds.push(Some(measurement.sample_kind.as_str().to_owned()));
                values.push(Some(*value));
            }
        }
    }
    let mut columns = identity(rows.run, &of);
    columns.extend([
        column("boot", boots),
        column("sample", samples),
        column("batch", batches),
        column("sample_kind", kinds),
        column("value", values),
    ]);
    columns
}
