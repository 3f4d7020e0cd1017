//! What second instruments said of a benchmark that passed.

use crate::document::{Contradiction, finite, require};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a second instrument said of the loop that the program timed, in all the
/// boots of one pass. It agrees: what disagrees leaves no measurement to be part of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstrumentAgreement {
    /// The pass that carried it; agreement is judged within a pass only.
    pub pass: String,
    /// The instrument, or the event that it counts.
    pub instrument: String,
    /// Unit of its readings.
    pub unit: String,
    /// Boots in which it was judged.
    pub agreed: u32,
    /// Boots in which it could not be judged.
    pub not_judged: u32,
    /// Why not; absent where it always was.
    pub why: Option<String>,
    /// The reading that lay farthest off; absent where none was judged.
    pub widest: Option<InstrumentReading>,
}

/// An instrument beside the program's own figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InstrumentReading {
    /// The trace both stand in.
    pub trace: String,
    /// What the program says.
    pub program: f64,
    /// The instrument's reading, its own cost taken out.
    pub observed: f64,
    /// Most that they may differ, in the same unit; 0 for exact counts.
    pub allowed: f64,
}

/// What a pass's instrument costs the benchmark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Perturbation {
    /// The pass.
    pub pass: String,
    /// The benchmark's median under it, from that pass's own samples.
    pub median: f64,
    /// That minus the measurement's median.
    pub effect: f64,
}

impl InstrumentReading {
    /// Whether the two may be taken for the same.
    pub fn agrees(&self) -> bool {
        (self.observed - self.program).abs() <= self.allowed
    }
}

impl InstrumentAgreement {
    pub(crate) fn check(&self) -> Result<(), Contradiction> {
        require(
            self.widest.is_some() == (self.agreed > 0),
            "an instrument has a reading exactly where it was judged",
        )?;
        require(
            self.why.is_some() == (self.not_judged > 0),
            "an instrument that was not judged says why",
        )?;
        let Some(widest) = &self.widest else {
            return Ok(());
        };
        for value in [widest.program, widest.observed, widest.allowed] {
            finite("reading", value)?;
        }
        require(widest.agrees(), "the instruments of a measurement agree")
    }
}
