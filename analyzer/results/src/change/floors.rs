//! How far a base moves without a change of meaning.

use super::Side;
use crate::comparison::RowName;
use crate::document::{Contradiction, finite, require};
use crate::words::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name and version of the shape.
pub const FLOORS_SCHEMA: &str = "capbench.floors/1";

/// The floors of a base: the spread of its values over variants that mean the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Floors {
    schema: String,
    /// What was varied.
    pub base: Side,
    /// The variants, by number.
    pub variants: Vec<u32>,
    /// Rows that every variant has a value of.
    pub rows: Vec<Floor>,
}

/// The floor of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Its name.
    pub row: RowName,
    /// Unit of every number.
    pub unit: Unit,
    /// The value of base itself.
    pub base: f64,
    /// The values of the variants, in their order.
    pub variants: Vec<f64>,
}

impl Floor {
    /// The furthest that a variant lies from base.
    pub fn distance(&self) -> f64 {
        let distances = self.variants.iter().map(|value| (value - self.base).abs());
        distances.fold(0.0, f64::max)
    }
}

impl Floors {
    /// Floors of a base.
    pub fn new(base: Side, variants: Vec<u32>, rows: Vec<Floor>) -> Self {
        Self {
            schema: FLOORS_SCHEMA.to_owned(),
            base,
            variants,
            rows,
        }
    }

    /// As stored.
    ///
    /// # Errors
    ///
    /// It contradicts itself.
    pub fn to_json(&self) -> Result<String, Contradiction> {
        self.check()?;
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n")
            .map_err(|error| Contradiction(error.to_string()))
    }

    /// Reads a stored document.
    ///
    /// # Errors
    ///
    /// It is malformed, of another version, or contradicts itself.
    pub fn from_json(text: &str) -> Result<Self, Contradiction> {
        let floors: Self =
            serde_json::from_str(text).map_err(|error| Contradiction(error.to_string()))?;
        floors.check()?;
        Ok(floors)
    }

    fn check(&self) -> Result<(), Contradiction> {
        if self.schema != FLOORS_SCHEMA {
            return Err(Contradiction(format!(
                "the document is `{}`, this program reads `{FLOORS_SCHEMA}`; measure the floors \
                 again",
                self.schema
            )));
        }
        require(!self.variants.is_empty(), "a floor is measured on variants")?;
        self.rows.iter().try_for_each(|row| {
            require(
                row.variants.len() == self.variants.len(),
                "a floor has a value of every variant",
            )?;
            finite("base of a floor", row.base)?;
            let mut values = row.variants.iter();
            values.try_for_each(|value| finite("value of a variant", *value))
        })
    }
}
