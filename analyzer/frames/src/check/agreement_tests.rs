use super::super::Objection;
use super::super::testing::{Story, objections};
use super::*;
use trace_format::control::{
    Aggregation, ClockCertificate, ClockSource, CounterDeclared, Edge, Message, WindowCounter,
};

const DISAGREE: (&str, Objection) = ("agreement", Objection::Invalid(InstrumentsDisagree));
/// The loop, at one tick per nanosecond.
const TICKS: u64 = 10_000;
const CLEAN: SampleFlags = SampleFlags::empty();

/// A loop and what a second instrument says of it.
fn story(flags: SampleFlags, counters: &[(&'static str, u64)]) -> Story {
    let clock = Message::ClockCertificate(ClockCertificate {
        cpu: 0,
        tsc_hz: 1_000_000_000,
        source: ClockSource::Unknown,
        invariant: true,
        hypervisor: "",
        counts_instructions: true,
        offset_ticks: 0,
        offset_bound_ticks: 0,
    });
    let mut extra = vec![clock];
    for (id, &(name, change)) in (7u16..).zip(counters) {
        extra.push(Message::CounterDeclared(CounterDeclared {
            id,
            aggregation: Aggregation::Sum,
            unit: "",
            name,
        }));
        for (edge, value) in [(Edge::Begin, 500), (Edge::End, 500 + change)] {
            extra.push(Message::WindowCounter(WindowCounter {
                window: 1,
                edge,
                cpu: 0,
                counter: id,
                value,
            }));
        }
    }
    Story {
        features: "markers=kprobe",
        extra,
        looped: Some((TICKS, flags)),
        ..Story::default()
    }
}

/// The same in a pass without markers.
fn unmarked(flags: SampleFlags, counters: &[(&'static str, u64)]) -> Story {
    Story {
        features: "ebpf=tracepoints",
        ..story(flags, counters)
    }
}

fn judged(story: &Story) -> Vec<(&'static str, Objection)> {
    objections(story, &Expectation::default())
}

#[test]
fn markers_agree_within_their_tolerance_and_less_their_own_cost() {
    for value in [TICKS + 90, TICKS + 100, TICKS + 110] {
        let counters = [(MARKER, value), (MARKER_SELF, 100)];
        assert_eq!(judged(&story(CLEAN, &counters)), [], "{value}");
    }
}

#[test]
fn skewed_markers_are_found_in_either_direction() {
    for value in [TICKS + 111, TICKS + 89] {
        let counters = [(MARKER, value), (MARKER_SELF, 100)];
        assert_eq!(judged(&story(CLEAN, &counters)), [DISAGREE], "{value}");
    }
}

#[test]
fn markers_that_are_in_place_and_saw_nothing_are_found() {
    assert_eq!(judged(&story(CLEAN, &[])), [DISAGREE]);
    let without = Story {
        features: "markers=unsupported:EPERM",
        ..story(CLEAN, &[])
    };
    assert_eq!(judged(&without), []);
}

#[test]
fn a_count_that_is_not_the_expected_one_is_found() {
    let equal = [
        ("sys_enter.getppid", 64),
        ("expected.sys_enter.getppid", 64),
    ];
    assert_eq!(judged(&unmarked(CLEAN, &equal)), []);
    let skewed = [
        ("sys_enter.getppid", 65),
        ("expected.sys_enter.getppid", 64),
    ];
    assert_eq!(judged(&unmarked(CLEAN, &skewed)), [DISAGREE]);
    let nothing = [("expected.sys_enter.getppid", 64)];
    assert_eq!(judged(&unmarked(CLEAN, &nothing)), [DISAGREE]);
}

#[test]
fn a_skewed_task_clock_is_found_where_the_loop_kept_the_cpu() {
    let agreeing = [(TASK_CLOCK, TICKS + 100), (TASK_CLOCK_SELF, 50)];
    assert_eq!(judged(&unmarked(CLEAN, &agreeing)), []);
    let skewed = [(TASK_CLOCK, TICKS - 60), (TASK_CLOCK_SELF, 50)];
    assert_eq!(judged(&unmarked(CLEAN, &skewed)), [DISAGREE]);
    for disturbed in [SampleFlags::PREEMPTED, SampleFlags::IDLED] {
        assert_eq!(judged(&unmarked(disturbed, &skewed)), []);
    }
}
