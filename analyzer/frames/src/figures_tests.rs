use super::*;
use crate::story::Story;
use crate::trace::read_bytes;
use trace_format::control::{
    Aggregation, ClockCertificate, ClockSource, CounterDeclared, Edge, Message, WindowCounter,
};

/// The loop, at two ticks per nanosecond.
const TICKS: u64 = 10_000;
const HZ: u64 = 2_000_000_000;

fn clock() -> Message<'static> {
    Message::ClockCertificate(ClockCertificate {
        cpu: 0,
        tsc_hz: HZ,
        source: ClockSource::Unknown,
        invariant: true,
        hypervisor: "",
        counts_instructions: true,
        offset_ticks: 0,
        offset_bound_ticks: 0,
    })
}

fn counter(
    id: u16,
    name: &'static str,
    unit: &'static str,
    edges: [u64; 2],
) -> Vec<Message<'static>> {
    let declared = Message::CounterDeclared(CounterDeclared {
        id,
        aggregation: Aggregation::Sum,
        unit,
        name,
    });
    let value = |(edge, value)| {
        Message::WindowCounter(WindowCounter {
            window: 1,
            edge,
            cpu: 0,
            counter: id,
            value,
        })
    };
    let edges = [(Edge::Begin, edges[0]), (Edge::End, edges[1])];
    std::iter::once(declared).chain(edges.map(value)).collect()
}

fn figures(story: &Story) -> Figures {
    Figures::of(&read_bytes(&story.bytes(), "test").unwrap())
}

fn story(features: &'static str, flags: SampleFlags) -> Story {
    let mut extra = vec![clock()];
    extra.extend(counter(7, "marker_ns", "ns", [500, 5_510]));
    Story {
        features,
        extra,
        looped: Some((TICKS, flags)),
        ..Story::default()
    }
}

#[test]
fn a_loop_has_the_programs_time_and_what_each_counter_changed_by() {
    let figures = figures(&story("markers=kprobe", SampleFlags::empty()));
    assert!(figures.marked);
    assert_eq!(
        (figures.source.as_str(), figures.pass.as_str()),
        ("test", "segments")
    );
    let [looped] = &figures.loops[..] else {
        panic!("{figures:?}")
    };
    assert_eq!(looped.benchmark, "ring/nop/16");
    assert_eq!(looped.program_ns, Some(5_000.0));
    assert_eq!(looped.operations, 64);
    assert_eq!(looped.disturbed, None);
    let change = &looped.counters["marker_ns"];
    assert_eq!((change.value, change.unit.as_str()), (5_010, "ns"));
}

#[test]
fn a_loop_that_lost_the_cpu_says_so() {
    for (flags, words) in [
        (SampleFlags::PREEMPTED, "preempted"),
        (SampleFlags::IDLED, "idled"),
        (SampleFlags::PREEMPTED | SampleFlags::IDLED, "lost or idle"),
    ] {
        let figures = figures(&story("", flags));
        let why = figures.loops[0].disturbed.unwrap();
        assert!(why.contains(words), "{why}");
    }
}

#[test]
fn markers_that_could_not_be_placed_owe_nothing() {
    let flags = SampleFlags::empty();
    assert!(!figures(&story("markers=unsupported:EPERM(1)", flags)).marked);
    assert!(!figures(&story("ebpf=tracepoints", flags)).marked);
}

#[test]
fn a_loop_without_a_clock_or_an_end_has_no_time() {
    let mut unclocked = story("markers=kprobe", SampleFlags::empty());
    unclocked.extra.remove(0);
    assert_eq!(figures(&unclocked).loops[0].program_ns, None);
    let unended = Story {
        endless: true,
        ..story("markers=kprobe", SampleFlags::empty())
    };
    assert_eq!(figures(&unended).loops, []);
}
