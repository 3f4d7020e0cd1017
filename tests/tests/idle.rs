//! Exact boots of a guest that idles repeat, and do not without the recording.
//!
//! The guest sleeps 30 000 times for 50 µs. Each wake of the processor is a chance for
//! the race that `docs/src/methodology.md` tells of. The two runs take 70 s on two
//! cores.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use capbench_runner::record::RunRecord;
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{capbench, run};
use capbench_tests::emulator::in_front;

const BOOTS: usize = 40;
const SLEEPS: u32 = 30_000;

/// How many boots sent each stream.
fn streams(emulator: impl FnOnce(&Path) -> Option<std::path::PathBuf>) -> Vec<usize> {
    let checkout = Checkout::new().unwrap();
    checkout.edit(
        "benchmarks/schedule/timer-wake.toml",
        "samples = 64\n",
        &format!("samples = {SLEEPS}\n"),
    );
    let row = ["run", "schedule/timer-wake", "--variant=samples"];
    let mut command = capbench(&checkout, &row);
    command.args(["--guest=capos", "--no-audit", "--quiet"]);
    command.arg(format!("--boots={BOOTS}"));
    if let Some(program) = emulator(checkout.root()) {
        command.arg("--qemu").arg(program);
    }
    let said = run(command);
    let record = fs::read_to_string(checkout.latest_run().join("run.json")).unwrap();
    let record: RunRecord = serde_json::from_str(&record).unwrap();
    let mut streams = BTreeMap::new();
    // Repetitions of odd boots are no boots that were asked for.
    let asked = record.boots.iter().filter(|boot| boot.id.attempt == 1);
    for boot in asked.filter(|boot| boot.id.system == "threads") {
        assert!(boot.exit.is_clean(), "{}: {}", boot.id.stem(), said.text);
        *streams.entry(boot.stream().unwrap().sha256).or_default() += 1;
    }
    assert_eq!(streams.values().sum::<usize>(), BOOTS, "{}", said.text);
    streams.into_values().collect()
}

#[test]
fn forty_boots_that_idle_send_the_same_bytes() {
    assert_eq!(streams(|_| None), [BOOTS]);
}

#[test]
fn without_the_recording_they_differ() {
    let change = r#"set -- "${@/,rr=record,rrfile=\/dev\/null/}""#;
    let streams = streams(|directory| Some(in_front(directory, change)));
    assert!(
        streams.len() > 1,
        "the race is gone, and so is the recording's reason"
    );
}
