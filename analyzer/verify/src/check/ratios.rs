//! Ratios, from medians that were computed here.

use std::collections::BTreeMap;

use super::{Answer, Found, count, differ, rows};
use crate::rows::{Measured, Name, Row};
use crate::run::Run;

pub(super) fn check(run: &Run) -> Found {
    let (_, document) = (run.record()?, run.document()?);
    let passed: BTreeMap<Name, (&Row, &Measured)> = document
        .passed()
        .map(|(row, measured)| (row.name(), (row, measured)))
        .collect();
    let median = |name: &Name| -> Result<(f64, &str), String> {
        let title = name.title();
        let (row, measured) = passed
            .get(name)
            .ok_or_else(|| format!("{title} has no number"))?;
        let boots = rows::values(run, row, measured.batch, "samples")?;
        let median = rows::median_of_boots(&boots);
        let median = median.ok_or_else(|| format!("{title} has no samples in its traces"))?;
        Ok((median, measured.unit.as_str()))
    };
    let (mut faults, mut ratios) = (Vec::new(), 0);
    for comparison in &document.comparisons {
        let Some(ratio) = &comparison.ratio else {
            continue;
        };
        ratios += 1;
        let (numerator, denominator) = (&comparison.numerator, &comparison.denominator);
        let title = format!("{} : {}", numerator.title(), denominator.title());
        match (median(numerator), median(denominator)) {
            (Ok((above, unit)), Ok((below, other_unit))) => {
                faults.extend(differ(
                    &format!("{title}: ratio"),
                    ratio.value,
                    above / below,
                ));
                let what = format!("{title}: numerator");
                faults.extend(differ(&what, ratio.numerator, above));
                let what = format!("{title}: denominator");
                faults.extend(differ(&what, ratio.denominator, below));
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
