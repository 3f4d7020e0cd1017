use super::*;
use capbench_frames::figures::{Change, Loop};

/// The loop of every story, in nanoseconds.
const LOOP_NS: f64 = 10_000.0;

/// One boot with one loop and what its instrument counted.
fn boot(pass: &str, counters: &[(&str, u64)]) -> BootFigures {
    let change = |(name, value): &(&str, u64)| {
        let unit = if name.ends_with("_ns") { "ns" } else { "1" };
        let (unit, value) = (unit.to_owned(), *value);
        ((*name).to_owned(), Change { unit, value })
    };
    BootFigures {
        guest: "linux".into(),
        system: "linux-matched".into(),
        figures: Figures {
            source: format!("{pass}-1"),
            pass: pass.into(),
            marked: pass == "samples",
            loops: vec![Loop {
                benchmark: "linux/null-syscall/1".into(),
                operations: 64,
                program_ns: Some(LOOP_NS),
                disturbed: None,
                counters: counters.iter().map(change).collect(),
            }],
        },
    }
}

fn disturbed(mut boot: BootFigures) -> BootFigures {
    boot.figures.loops[0].disturbed = Some("the loop was preempted");
    boot
}

fn findings(boots: &[BootFigures]) -> Vec<Finding> {
    Instruments::join(boots).unwrap().disagreements().unwrap()
}

fn row() -> RowName {
    RowName {
        benchmark_name: "linux/null-syscall/1".into(),
        guest: "linux".into(),
        system: "linux-matched".into(),
    }
}

fn agreements(boots: &[BootFigures]) -> Vec<InstrumentAgreement> {
    let instruments = Instruments::join(boots).unwrap();
    instruments.agreements(&row()).unwrap()
}

#[test]
fn markers_agree_within_their_tolerance_and_less_their_own_cost() {
    for value in [10_090, 10_100, 10_110] {
        let counters = [("marker_ns", value), ("marker_self_ns", 100)];
        assert_eq!(findings(&[boot("samples", &counters)]), [], "{value}");
    }
}

#[test]
fn skewed_markers_are_found_in_either_direction_with_both_values() {
    for (value, observed) in [(10_111, "10011 ns"), (10_089, "9989 ns")] {
        let counters = [("marker_ns", value), ("marker_self_ns", 100)];
        let found = findings(&[boot("samples", &counters)]);
        let [finding] = &found[..] else {
            panic!("{found:?}")
        };
        assert_eq!(
            finding.objection,
            Objection::Invalid(InvalidReason::InstrumentsDisagree)
        );
        assert!(finding.touches("linux/null-syscall/1"));
        assert_eq!(finding.evidence.source, "samples-1");
        assert!(finding.evidence.expected.starts_with("10000 ns ± 10"));
        assert!(finding.evidence.observed.starts_with(observed));
    }
}

#[test]
fn markers_that_are_in_place_and_saw_nothing_are_found() {
    assert_eq!(findings(&[boot("samples", &[])]).len(), 1);
    let mut without = boot("samples", &[]);
    without.figures.marked = false;
    assert_eq!(findings(&[without]), []);
}

#[test]
fn a_count_that_is_not_the_expected_one_is_found() {
    let counts = |counted| {
        boot(
            "counts",
            &[
                ("sys_enter.getppid", counted),
                ("expected.sys_enter.getppid", 64),
                ("sys_enter.futex", 3),
            ],
        )
    };
    assert_eq!(findings(&[counts(64)]), []);
    let found = findings(&[counts(65)]);
    assert_eq!(found[0].evidence.expected, "64 1 ± 0");
    assert!(found[0].evidence.observed.starts_with("65 1"));
    let nothing = boot("counts", &[("expected.sys_enter.getppid", 64)]);
    assert_eq!(findings(&[nothing]).len(), 1);
}

#[test]
fn a_skewed_task_clock_is_found_where_the_loop_kept_the_cpu() {
    let clock = |ns| {
        let counters = [("task_clock_ns", ns), ("task_clock_self_ns", 50)];
        boot("perf", &counters)
    };
    assert_eq!(findings(&[clock(10_150)]), []);
    assert_eq!(findings(&[clock(9_949)]).len(), 1);
    assert_eq!(findings(&[disturbed(clock(9_949))]), []);
}

#[test]
fn passes_do_not_vouch_for_each_other() {
    let skewed = boot("samples", &[("marker_ns", 20_000)]);
    let fine = boot("perf", &[("task_clock_ns", 10_000)]);
    let found = findings(&[fine, skewed]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].evidence.source, "samples-1");
}

#[test]
fn a_result_keeps_the_reading_that_lay_farthest_off() {
    let marked = |index: u32, ns| {
        let mut boot = boot("samples", &[("marker_ns", ns)]);
        boot.figures.source = format!("samples-{index}");
        boot
    };
    let kept = agreements(&[marked(1, 10_001), marked(2, 9_996), marked(3, 10_000)]);
    let [markers] = &kept[..] else {
        panic!("{kept:?}")
    };
    assert_eq!((markers.agreed, markers.not_judged), (3, 0));
    let widest = markers.widest.as_ref().unwrap();
    assert_eq!(
        (widest.trace.as_str(), widest.observed),
        ("samples-2", 9_996.0)
    );
}

#[test]
fn a_clock_that_could_not_be_judged_says_why() {
    let kept = agreements(&[
        disturbed(boot("perf", &[("task_clock_ns", 4_000)])),
        boot(
            "counts",
            &[("page_fault_user", 2), ("expected.page_fault_user", 2)],
        ),
    ]);
    let [count, clock] = &kept[..] else {
        panic!("{kept:?}")
    };
    assert_eq!(count.widest.as_ref().unwrap().allowed, 0.0);
    assert_eq!((clock.agreed, clock.not_judged), (0, 1));
    assert_eq!(clock.why.as_deref(), Some("the loop was preempted"));
    assert_eq!(clock.widest, None);
}

#[test]
fn no_boot_is_no_reading() {
    assert_eq!(findings(&[]), []);
    assert_eq!(agreements(&[]), []);
}
