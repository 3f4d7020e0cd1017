//! Floors, from runs of a base and of variants that mean the same.

use crate::reading::{Reading, Source};
use capbench_results::change::{Floor, Floors};

/// There is no floor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoFloor {
    /// Nothing was varied.
    #[error("a floor is measured on variants of base, and there is none")]
    NoVariant,
    /// A variant lacks a value that base has.
    #[error(
        "variant {variant} has no value of `{row}`, which base has: a variant means the same, \
         so that its run must pass too"
    )]
    NoValue {
        /// The variant's number.
        variant: u32,
        /// The row.
        row: String,
    },
}

/// The floors of every row of base that has a value.
///
/// # Errors
///
/// There is no variant, or one has no value of a row that base has.
pub fn measured(base: &Source, variants: &[(u32, Source)]) -> Result<Floors, NoFloor> {
    if variants.is_empty() {
        return Err(NoFloor::NoVariant);
    }
    let with_value = base.readings.iter();
    let rows = with_value.filter_map(|reading| Some((reading, reading.value.as_ref().ok()?)));
    let rows = rows.map(|(reading, value)| {
        let of_variants = variants
            .iter()
            .map(|(number, variant)| of_variant(*number, variant, reading));
        Ok(Floor {
            row: reading.row.clone(),
            unit: value.unit,
            base: value.headline.value,
            variants: of_variants.collect::<Result<_, _>>()?,
        })
    });
    let numbers = variants.iter().map(|(number, _)| *number).collect();
    Ok(Floors::new(
        base.side.clone(),
        numbers,
        rows.collect::<Result<_, _>>()?,
    ))
}

fn of_variant(number: u32, variant: &Source, base: &Reading) -> Result<f64, NoFloor> {
    let mut readings = variant.readings.iter();
    let found = readings.find(|reading| reading.row == base.row);
    let value = found.and_then(|reading| reading.value.as_ref().ok());
    match value {
        Some(value) => Ok(value.headline.value),
        None => Err(NoFloor::NoValue {
            variant: number,
            row: base.row.benchmark_name.to_string(),
        }),
    }
}
