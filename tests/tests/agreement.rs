//! Second instruments of real boots agree with the program, and each rule notices
//! when one of them is skewed a little more than it allows.

use capbench_frames::figures::Figures;
use capbench_frames::trace::read_file;
use capbench_judge::instruments::{BootFigures, Instruments};
use capbench_judge::rule::{Finding, Objection};
use capbench_results::InvalidReason;
use capbench_tests::source_copy::repository;

const BENCHMARK: &str = "linux/null-syscall/16";

/// What the golden boot of a pass says.
fn boot(pass: &str) -> BootFigures {
    let file = format!("linux-{pass}-v1.ktrace");
    let path = repository().join("tests/golden").join(&file);
    BootFigures {
        guest: "linux".into(),
        system: "linux-matched".into(),
        figures: Figures::of(&read_file(&path, &file).unwrap()),
    }
}

fn disagreements(boots: &[BootFigures]) -> Vec<Finding> {
    Instruments::join(boots).unwrap().disagreements().unwrap()
}

/// A counter of the benchmark's loop.
fn counter<'a>(boot: &'a mut BootFigures, name: &str) -> &'a mut u64 {
    let mut loops = boot.figures.loops.iter_mut();
    let looped = loops.find(|looped| looped.benchmark == BENCHMARK).unwrap();
    &mut looped.counters.get_mut(name).unwrap().value
}

/// The pass with one counter multiplied, beside the two other passes as they were.
fn skewed(pass: &str, name: &str, factor: f64) -> Vec<Finding> {
    let mut boots = ["samples", "counts", "perf"].map(boot);
    let skewed = boots.iter_mut().find(|boot| boot.figures.pass == pass);
    let value = counter(skewed.unwrap(), name);
    *value = (*value as f64 * factor).round() as u64;
    disagreements(&boots)
}

/// The one finding, against the one benchmark of the one boot, with both values.
fn assert_caught(found: &[Finding], pass: &str, instrument: &str) {
    let [finding] = found else {
        panic!("{found:?}")
    };
    let invalid = Objection::Invalid(InvalidReason::InstrumentsDisagree);
    assert_eq!(finding.objection, invalid);
    assert_eq!(finding.benchmark.as_deref(), Some(BENCHMARK));
    assert_eq!(finding.evidence.source, format!("linux-{pass}-v1.ktrace"));
    assert!(
        finding.evidence.subject.starts_with(instrument),
        "{finding:?}"
    );
    for value in [&finding.evidence.expected, &finding.evidence.observed] {
        assert!(value.starts_with(|c: char| c.is_ascii_digit()), "{value}");
    }
}

#[test]
fn real_boots_agree_in_every_pass() {
    let boots = ["samples", "counts", "perf"].map(boot);
    assert_eq!(disagreements(&boots), []);
    let instruments = Instruments::join(&boots).unwrap();
    // Six benchmarks, each timed by markers and by the task clock, each with one
    // exact count.
    assert_eq!(instruments.table().height(), 6 * 3);
}

#[test]
fn markers_skewed_by_two_parts_in_a_thousand_are_caught() {
    for factor in [1.002, 0.998] {
        let found = skewed("samples", "marker_ns", factor);
        assert_caught(&found, "samples", "markers");
    }
}

#[test]
fn one_event_more_or_less_is_caught() {
    for factor in [1.0 + 1.0 / 4096.0, 1.0 - 1.0 / 4096.0] {
        let found = skewed("counts", "sys_enter.getppid", factor);
        assert_caught(&found, "counts", "sys_enter.getppid");
    }
}

#[test]
fn a_task_clock_skewed_by_two_percent_is_caught() {
    for factor in [1.02, 0.98] {
        let found = skewed("perf", "task_clock_ns", factor);
        assert_caught(&found, "perf", "task clock");
    }
}

#[test]
fn a_program_that_took_its_own_time_wrongly_is_caught_by_both_clocks() {
    let mut boots = ["samples", "counts", "perf"].map(boot);
    for boot in &mut boots {
        for looped in &mut boot.figures.loops {
            if looped.benchmark == BENCHMARK {
                looped.program_ns = looped.program_ns.map(|ns| ns * 1.02);
            }
        }
    }
    let found = disagreements(&boots);
    let mut subjects: Vec<&str> = found
        .iter()
        .map(|finding| finding.evidence.subject.split(" beside").next().unwrap())
        .collect();
    subjects.sort_unstable();
    assert_eq!(subjects, ["markers", "task clock"]);
}
