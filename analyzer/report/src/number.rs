//! Numbers for people: whole ones whole, others with two decimals.

use capbench_results::{Headline, HeadlineKind, Measurement, SegmentSummary};

/// The sign of a missing number.
pub(crate) const NONE: &str = "–";

pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

/// The value of a row: its median, or its mean where two modes leave no median.
pub(crate) fn headline(measurement: &Measurement) -> String {
    let Headline { kind, value } = measurement.headline();
    named(value, kind)
}

/// A headline that is no median says so.
pub(crate) fn named(value: f64, kind: HeadlineKind) -> String {
    match kind {
        HeadlineKind::Median => number(value),
        HeadlineKind::Mean => format!("{} (mean)", number(value)),
    }
}

pub(crate) fn optional(value: Option<f64>) -> String {
    value.map_or_else(|| NONE.to_owned(), number)
}

/// A name, or the sign that there is none.
pub(crate) fn or_none(name: &str) -> &str {
    match name {
        "" => NONE,
        name => name,
    }
}

/// Durations from here on are counted in buckets.
const BUCKETS_FROM: f64 = 65536.0;

/// A figure of a segment, marked where it comes out of a bucket.
pub(crate) fn of_segment(value: f64, segment: &SegmentSummary) -> String {
    match segment.bucketed && value >= BUCKETS_FROM {
        true => format!("~{}", number(value)),
        false => number(value),
    }
}

pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(
        || NONE.to_owned(),
        |share| format!("{:.1} %", share * 100.0),
    )
}

/// Three digits that count: a ratio says how much, not how exactly.
pub(crate) fn ratio(value: f64) -> String {
    let magnitude = value.abs();
    let decimals = match magnitude {
        _ if magnitude >= 100.0 => 0,
        _ if magnitude >= 10.0 => 1,
        _ if magnitude >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// With its sign, because it is a difference.
pub(crate) fn signed(value: f64) -> String {
    let text = number(value);
    if value > 0.0 && text != "0" {
        format!("+{text}")
    } else {
        text
    }
}

/// Digits of a hash that people compare.
const SHORT_HASH: usize = 12;

/// The start of a hash; a shorter text stays whole.
pub(crate) fn short(hash: &str) -> &str {
    hash.get(..SHORT_HASH).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_only_where_they_say_something() {
        assert_eq!(number(412.0), "412");
        assert_eq!(number(103.25), "103.25");
        assert_eq!(number(103.5), "103.5");
        assert_eq!(number(100.0), "100");
        assert_eq!(number(-0.001), "0");
        assert_eq!(signed(61.0), "+61");
        assert_eq!(signed(-61.0), "-61");
        assert_eq!(percent(Some(0.1405)), "14.1 %");
        assert_eq!(ratio(0.3362), "0.336");
        assert_eq!(ratio(12.345), "12.3");
    }
}
