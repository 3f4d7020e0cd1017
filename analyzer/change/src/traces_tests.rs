use super::*;
use crate::pair::compare;
use capbench_frames::summary::{FindingSummary, TotalsSummary};
use capbench_results::Evidence;
use capbench_results::change::Verdict;

fn breakdown(lookup: f64) -> Breakdown {
    let segment = |name: &str, parent: &str, median: f64| SegmentSummary {
        name: name.into(),
        parent: parent.into(),
        count: 10,
        median,
        p95: None,
        max: 100,
        share: None,
        self_raw: None,
        self_corrected: None,
        bucketed: false,
    };
    Breakdown {
        traces: Vec::new(),
        dispatches: 0,
        incomplete: 0,
        traced_median: None,
        tracing_effect: None,
        self_bound: None,
        segments: vec![
            segment("syscall", "", lookup + 30.0),
            segment("lookup", "syscall", lookup),
        ],
    }
}

fn trace(kernel: &str, lookup: f64) -> TraceSummary {
    TraceSummary {
        source: "a.ktrace".into(),
        kernel: kernel.into(),
        build_id: "1".into(),
        variant: "segments".into(),
        features: Vec::new(),
        unit: Unit::Instructions,
        totals: TotalsSummary {
            bytes: 0,
            frames: 0,
            records: 0,
            samples: 0,
            instants: 0,
            switches: 0,
            lost: 0,
        },
        windows: Vec::new(),
        outside: Some(breakdown(lookup)),
        warnings: Vec::new(),
        findings: Vec::new(),
    }
}

#[test]
fn traces_of_a_foreign_kernel_are_compared_segment_by_segment() {
    let (base, head) = (trace("toy", 11.0), trace("toy", 25.0));
    let change = compare(
        &Source::of_trace("a", &base),
        &Source::of_trace("b", &head),
        None,
    );
    change.check().unwrap();
    let moved: Vec<(&str, f64)> = change
        .rows
        .iter()
        .map(|row| {
            let compared = row.compared().unwrap();
            (row.row.benchmark_name.as_str(), compared.difference)
        })
        .collect();
    assert_eq!(moved, [("syscall", 14.0), ("syscall › lookup", 14.0)]);
    assert!(
        change
            .rows
            .iter()
            .all(|row| row.verdict() == Some(Verdict::Regressed))
    );
}

#[test]
fn traces_of_two_kernels_are_incomparable() {
    let change = compare(
        &Source::of_trace("a", &trace("toy", 11.0)),
        &Source::of_trace("b", &trace("other", 11.0)),
        None,
    );
    assert!(change.is_refused());
    assert_eq!(change.rows[0].verdict(), Some(Verdict::Incomparable));
}

#[test]
fn what_a_rule_objects_to_has_no_value() {
    let mut damaged = trace("toy", 11.0);
    damaged.findings.push(FindingSummary {
        check: "sequence",
        reason: "framesLost".into(),
        benchmark: None,
        evidence: Evidence {
            source: "a.ktrace".into(),
            subject: "sequence numbers".into(),
            expected: "1".into(),
            observed: "2".into(),
        },
    });
    let change = compare(
        &Source::of_trace("a", &trace("toy", 11.0)),
        &Source::of_trace("b", &damaged),
        None,
    );
    assert_eq!(change.rows[0].verdict(), Some(Verdict::Refused));
}
