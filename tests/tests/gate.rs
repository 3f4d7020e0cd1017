//! The gate can fail, and does where it must: kernels with a known number of
//! instructions injected into a named segment regress, and the segment is named;
//! variants that mean the same do not.
//!
//! By default one injected kernel and three variants, about a minute. `make test-long`
//! has all: `CAPBENCH_GATE=all`.

use capbench_change::limits::{Allowed, apply};
use capbench_change::{Ending, Source, compare, measured};
use capbench_results::change::{Change, Floors, Verdict};
use capbench_runner::artifact::Artifact;
use capbench_runner::manifest::Catalogue;
use capbench_tests::command::executable;
use capbench_tests::source_copy::repository;
use std::process::{Command, Output};

/// What a NOP costs: 1 % and 5 % of it are 4 and 18 instructions.
const INJECTED: [u32; 3] = [1, 4, 18];
/// The segment that they go into, with the row's name.
const SEGMENT: &str = "post";
const ROW: &str = "ring/nop/1";

/// Variants that the floor is fitted on, and others that it is held against: of 21, 210
/// pairs.
const FITTED: [u32; 3] = [1, 2, 3];
const FRESH: [u32; 3] = [9, 10, 11];
const FITTED_ALL: [u32; 8] = [1, 2, 3, 4, 5, 6, 7, 8];
const FRESH_FIRST: u32 = 9;
const FRESH_LAST: u32 = 29;

fn is_whole() -> bool {
    std::env::var("CAPBENCH_GATE").is_ok_and(|value| value == "all")
}

fn capbench(arguments: &[&str]) -> Output {
    let mut command = Command::new(executable());
    command.env("NO_COLOR", "1").env("COLUMNS", "300");
    let output = command.current_dir(repository()).args(arguments).output();
    output.unwrap()
}

/// The results of a run with these options.
fn run(selection: &str, options: &[&str]) -> Source {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().to_str().unwrap();
    let common = [
        "--guest=capos",
        "--boots=2",
        "--no-audit",
        "--no-native",
        "--quiet",
        "--out",
        out,
    ];
    let arguments = [&["run", selection], options, &common].concat();
    let made = capbench(&arguments);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    let artifact = Artifact::open(&place.path().join("latest")).unwrap();
    Source::of_run("run", &artifact.results)
}

fn injected(count: u32) -> Source {
    let count = format!("CAPBENCH_INJECT_COUNT={count:03}");
    let segment = format!("CAPBENCH_INJECT_SEGMENT={SEGMENT}");
    let options = [
        "--feature=inject",
        "--env",
        &segment,
        "--env",
        &count,
        "--variant=samples",
        "--variant=segments",
    ];
    run("ring/nop", &options)
}

fn variant(number: u32) -> Source {
    let neutral = format!("--neutral={number}");
    run("ring", &["--variant=samples", &neutral])
}

/// Head as another kernel of base's configuration. An injection and a variant are
/// configurations of their own, so that nobody takes them for a kernel's; here they
/// stand for the kernel that somebody changed.
fn of_one_series(base: &Source, mut head: Source) -> Source {
    for reading in &mut head.readings {
        let mut ours = base.readings.iter();
        let other = ours.find(|other| other.row == reading.row);
        reading.identity = other.expect("the same rows").identity.clone();
    }
    head
}

fn gated(base: &Source, head: Source, floors: &Floors, allowed: Allowed) -> Change {
    let mut change = compare(base, &of_one_series(base, head), Some(floors));
    let catalogue = Catalogue::load(&repository().join("manifests")).unwrap();
    apply(&mut change, &catalogue, allowed);
    change.check().unwrap();
    change
}

#[test]
fn an_injected_instruction_regresses_is_attributed_and_fails_a_gate_of_limit_zero() {
    let base = injected(0);
    let floors = measured(&base, &[(0, base.clone())]).unwrap();
    let counts = match is_whole() {
        true => &INJECTED[..],
        false => &INJECTED[..1],
    };
    println!("injected  row        difference  verdict    segment  gate of limit 0");
    for count in counts {
        let change = gated(&base, injected(*count), &floors, Allowed::Percent(0.0));
        let row = change.rows.iter().find(|row| row.row.benchmark_name == ROW);
        let compared = row.unwrap().compared().unwrap();
        let foremost = compared.foremost().expect("a segment moved");
        let ending = Ending::of_gate(&change);
        println!(
            "{count:>8}  {ROW}  {:>+10}  {}  {} {:+}  {ending:?}",
            compared.difference,
            compared.verdict,
            foremost.name(),
            foremost.difference,
        );
        assert_eq!(compared.difference, f64::from(*count));
        assert_eq!(compared.verdict, Verdict::Regressed);
        assert_eq!(foremost.name(), SEGMENT);
        assert_eq!(foremost.difference, f64::from(*count));
        assert_eq!(compared.segments.len(), 1, "{:?}", compared.segments);
        assert_eq!(ending, Ending::Regression);
    }
}

#[test]
fn variants_that_mean_the_same_fail_no_gate() {
    let (fitted, fresh): (Vec<u32>, Vec<u32>) = match is_whole() {
        true => (FITTED_ALL.into(), (FRESH_FIRST..=FRESH_LAST).collect()),
        false => (FITTED.into(), FRESH.into()),
    };
    let base = variant(0);
    let fitted: Vec<_> = fitted.into_iter().map(|n| (n, variant(n))).collect();
    let floors = measured(&base, &fitted).unwrap();
    let fresh: Vec<Source> = fresh.into_iter().map(variant).collect();
    let (mut trials, mut called) = (0, 0);
    for (index, one) in fresh.iter().enumerate() {
        for other in &fresh[index + 1..] {
            let change = gated(one, other.clone(), &floors, Allowed::AsDefined);
            assert_eq!(Ending::of_gate(&change), Ending::Good, "{change:?}");
            trials += 1;
            called += usize::from(change.with(Verdict::Regressed).next().is_some());
        }
    }
    println!("{trials} comparisons, 0 fail a gate, {called} called regressed");
    assert!(trials >= if is_whole() { 200 } else { 3 });
}

#[test]
fn a_base_that_is_no_revision_is_refused_with_a_remedy() {
    let refused = capbench(&["gate", "no-such-revision"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("no-such-revision"), "{said}");
}

#[test]
fn a_variant_of_a_guest_that_has_none_is_refused() {
    let refused = capbench(&["run", "ring", "--neutral=1"]);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("--guest=capos"), "{said}");
}
