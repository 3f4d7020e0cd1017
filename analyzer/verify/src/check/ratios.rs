//! Ratios, from headlines that were computed here.

use std::collections::BTreeMap;

use super::{Answer, Found, count, differ, rows};
use crate::rows::{Measured, Name, Row};
use crate::run::Run;

/// What a ratio divides; without a word it is the median.
const MEDIAN: &str = "median";
const MEAN: &str = "mean";

/// Means are sums of many terms, and two programs may add them in two orders.
const TOLERANCE: f64 = 1e-12;

pub(super) fn check(run: &Run) -> Found {
    let (_, document) = (run.record()?, run.document()?);
    let passed: BTreeMap<Name, (&Row, &Measured)> = document
        .passed()
        .map(|(row, measured)| (row.name(), (row, measured)))
        .collect();
    let headline = |name: &Name| -> Result<(f64, &str, &str), String> {
        let title = name.title();
        let (row, measured) = passed
            .get(name)
            .ok_or_else(|| format!("{title} has no number"))?;
        let boots = rows::values(run, row, measured.batch, "samples")?;
        let (kind, found) = match measured.stands_by_mean() {
            true => (MEAN, rows::mean_of_boots(&boots)),
            false => (MEDIAN, rows::median_of_boots(&boots)),
        };
        let found = found.ok_or_else(|| format!("{title} has no samples in its traces"))?;
        Ok((found, kind, measured.unit.as_str()))
    };
    let (mut faults, mut ratios) = (Vec::new(), 0);
    for comparison in &document.comparisons {
        let Some(ratio) = &comparison.ratio else {
            continue;
        };
        ratios += 1;
        let (numerator, denominator) = (&comparison.numerator, &comparison.denominator);
        let title = format!("{} : {}", numerator.title(), denominator.title());
        match (headline(numerator), headline(denominator)) {
            (Ok((above, above_kind, unit)), Ok((below, below_kind, other_unit))) => {
                let figures = [
                    ("ratio", ratio.value, above / below),
                    ("numerator", ratio.numerator, above),
                    ("denominator", ratio.denominator, below),
                ];
                for (what, stored, found) in figures {
                    if (stored - found).abs() > TOLERANCE * found.abs() {
                        faults.extend(differ(&format!("{title}: {what}"), stored, found));
                    }
                }
                let kinds = [
                    ("numerator", &ratio.numerator_headline, above_kind),
                    ("denominator", &ratio.denominator_headline, below_kind),
                ];
                for (what, stored, found) in kinds {
                    let stored = stored.as_deref().unwrap_or(MEDIAN);
                    faults.extend(differ(&format!("{title}: {what}"), stored, found));
                }
                if unit != other_unit || ratio.unit != unit {
                    faults.push(format!("{title}: units differ"));
                }
            }
            (above, below) => {
                let errors = [above.err(), below.err()].into_iter().flatten();
                faults.extend(errors.map(|error| format!("{title}: {error}")));
            }
        }
    }
    Answer::new(faults, count(ratios, "ratio"))
}
