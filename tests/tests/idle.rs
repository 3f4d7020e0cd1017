//! Exact boots of a guest that idles repeat, and do not without the recording.
//!
//! The guest sleeps 30 000 times for 50 µs. Each wake of the processor is a chance for
//! the race that `docs/src/methodology.md` tells of. The two runs take 80 s on two
//! cores.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use capbench_results::Digest;
use capbench_runner::record::RunRecord;
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{capbench, run};
use capbench_tests::emulator::in_front;

const BOOTS: usize = 40;
const SLEEPS: u32 = 30_000;

/// How many boots sent each stream.
fn streams(emulator: impl FnOnce(&Path) -> Option<PathBuf>) -> BTreeMap<Digest, usize> {
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
    streams
}

#[test]
fn forty_boots_that_idle_send_the_same_bytes_as_without_the_recording_most_do() {
    let recorded = streams(|_| None);
    assert_eq!(recorded.values().collect::<Vec<_>>(), [&BOOTS]);

    let change = r#"set -- "${@/,rr=record,rrfile=\/dev\/null/}""#;
    let unrecorded = streams(|directory| Some(in_front(directory, change)));
    assert!(
        unrecorded.len() > 1,
        "the race is gone, and so is the recording's reason"
    );
    let (stream, _) = recorded.first_key_value().unwrap();
    assert!(
        unrecorded.contains_key(stream),
        "the recording changes nothing but the race"
    );
}
