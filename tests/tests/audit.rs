//! The emulator's own instruction log as a witness: it agrees with every span
//! of a true probe, catches a probe that miscounts by one, and does not disturb
//! what it watches.

use capbench_results::{Mode, Outcome, Results};
use capbench_runner::guest::{BuildRequest, Extra, Variant, build, capos};
use capbench_runner::host;
use capbench_runner::interrupt::Interrupt;
use capbench_runner::manifest::Catalogue;
use capbench_runner::plan::{Overrides, Plan};
use capbench_runner::probe::prove;
use capbench_runner::progress::Progress;
use capbench_runner::qemu::Qemu;
use capbench_runner::run::{Request, capture};
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{Said, capbench, run};
use capbench_tests::source_copy::{repository, sources};
use std::fs;

fn audited_run(checkout: &Checkout, more: &[&str]) -> (Said, Results) {
    let mut command = capbench(checkout, &["run", "ring/nop", "--boots=1", "--quiet"]);
    command
        .args(["--variant=samples", "--variant=segments"])
        .args(more);
    let said = run(command);
    let text = fs::read_to_string(checkout.latest_run().join("results.json")).unwrap();
    (said, Results::from_json(&text).unwrap())
}

#[test]
fn the_emulators_count_equals_every_span() {
    let checkout = Checkout::new().unwrap();
    let (said, results) = audited_run(&checkout, &[]);
    assert_eq!(said.status, 0, "{}", said.text);
    assert!(
        said.text.contains("spans equal the emulator's own count"),
        "{}",
        said.text
    );
    for result in &results.results {
        assert!(matches!(result.outcome, Outcome::Passed(_)));
    }
}

#[test]
fn a_probe_that_miscounts_by_one_is_caught() {
    let segments = build(&BuildRequest {
        root: repository(),
        guest: capos::GUEST,
        variant: Variant::Segments,
        extra: Extra::default(),
        programs: None,
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let mut flags = segments.rustflags["kernel"].clone();
    flags.push("--cfg=capbench_miscounting_lap".into());
    let flags = format!("--env=CARGO_ENCODED_RUSTFLAGS={}", flags.join("\u{1f}"));

    let checkout = Checkout::new().unwrap();
    let (said, results) = audited_run(&checkout, &[&flags]);
    assert_eq!(said.status, 2, "{}", said.text);
    for result in results.results.iter().filter(|row| row.tier == 1) {
        let Outcome::Invalid(refusal) = &result.outcome else {
            panic!("{}", said.text);
        };
        let evidence = refusal.evidence.iter();
        let audits = evidence.filter(|evidence| evidence.source.contains("audit"));
        assert!(audits.count() > 0, "{refusal:?}");
    }
}

#[test]
fn logging_does_not_change_what_the_guest_does() {
    let catalogue =
        Catalogue::load(&repository().join("manifests")).unwrap_or_else(|e| panic!("{e}"));
    let overrides = Overrides {
        variants: vec![Variant::Segments],
        ..Overrides::default()
    };
    let mut plan = Plan::new(&catalogue, "ring/nop", &overrides).unwrap();
    plan.boots.retain(|boot| boot.id.audit);
    let mut unlogged = plan.boots[0].clone();
    unlogged.id.audit = false;
    plan.boots.push(unlogged);
    let qemu = Qemu::find(None).unwrap_or_else(|e| panic!("{e}"));
    let directory = tempfile::tempdir().unwrap();
    let request = Request {
        root: repository(),
        runs: directory.path(),
        catalogue: &catalogue,
        plan,
        qemu: &qemu,
        mode: prove(Mode::Exact, &qemu, host::identify()).unwrap(),
        command: Vec::new(),
        // Any few addresses: what matters is that logging is on.
        checkout: sources(),
        audit_range: &|_| Some((0xffff_ffff_8020_0000, 0xffff_ffff_8020_ffff)),
    };
    let captured = capture(request, &Interrupt::default(), &Progress::new(true));
    let captured = captured.unwrap_or_else(|e| panic!("{e}"));
    let [logged, unlogged] = &captured.record.boots[..] else {
        panic!("two boots were planned");
    };
    assert!(logged.instruction_log.is_some() && unlogged.instruction_log.is_none());
    assert_eq!(
        logged.stream().unwrap().sha256,
        unlogged.stream().unwrap().sha256
    );
}
