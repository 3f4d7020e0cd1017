//! Flags of a row that one value does not describe, in words.

use crate::number::number;
use capbench_frames::flags::{Among, Bimodal, Flags, Rare, Unsettled};
use capbench_results::{Headline, HeadlineKind, Measurement, Outcome};

/// The flags of a row; none for rows without a number.
pub(crate) fn of_row(outcome: &Outcome) -> Option<String> {
    let measurement = outcome.measurement()?;
    let parts = [words(&Flags::of(measurement)), headline(measurement)];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// All flags in one line, if there are any.
pub(crate) fn words(flags: &Flags) -> Option<String> {
    let unsettled = flags.unsettled.as_ref().map(unsettled);
    let bimodal = flags.bimodal.as_ref().map(bimodal);
    let rare = flags.rare.as_ref().map(rare);
    let parts: Vec<String> = unsettled.into_iter().chain(bimodal).chain(rare).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn bimodal(found: &Bimodal) -> String {
    let among = match found.among {
        Among::Samples => "",
        Among::Boots => " of boots",
    };
    format!(
        "bimodal: modes{among} at {} and {} (dip {:.3}, by chance up to {:.3})",
        number(found.low),
        number(found.high),
        found.dip,
        found.critical
    )
}

fn rare(found: &Rare) -> String {
    format!(
        "a rare dear mode: {} of the batches cost {} and the others {}",
        percent(found.share),
        number(found.rare),
        number(found.common)
    )
}

/// The value of a row, with the modes that make it the mean.
pub(crate) fn headline(measurement: &Measurement) -> Option<String> {
    let [low, high] = &measurement.modes[..] else {
        return None;
    };
    let modes = format!(
        "{} of the samples at {} and {} at {}",
        percent(low.share),
        number(low.value),
        percent(high.share),
        number(high.value)
    );
    let Headline { kind, value } = measurement.headline();
    let mean = number(measurement.mean.unwrap_or(value));
    Some(match kind {
        HeadlineKind::Mean => {
            format!("no robust median: {modes}; the headline is the mean per operation, {mean}")
        }
        HeadlineKind::Median => format!("{modes}; mean {mean}"),
    })
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn unsettled(found: &Unsettled) -> String {
    let Unsettled {
        before,
        batches,
        p_value,
        ..
    } = found;
    let change = match found.late {
        false => "warm-up ends at",
        true => "still changes at",
    };
    let shift = number(found.shift.abs());
    let side = if found.shift < 0.0 { "below" } else { "above" };
    format!(
        "not settled: {change} batch {before} of {batches}, up to there {shift} {side} the rest \
         (p={p_value:.3})"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_flag_has_its_words() {
        let flags = Flags {
            bimodal: Some(Bimodal {
                among: Among::Samples,
                low: 315.0,
                high: 331.0,
                dip: 0.1214,
                critical: 0.0511,
            }),
            rare: None,
            unsettled: Some(Unsettled {
                before: 12,
                batches: 256,
                shift: -20.5,
                p_value: 0.001,
                late: false,
            }),
        };
        assert_eq!(
            words(&flags).unwrap(),
            "not settled: warm-up ends at batch 12 of 256, up to there 20.5 below the rest \
             (p=0.001); bimodal: modes at 315 and 331 (dip 0.121, by chance up to 0.051)"
        );
        assert_eq!(words(&Flags::default()), None);
    }
}
