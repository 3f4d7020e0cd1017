//! A call to another process, seen whole: client, server, two handoffs and the time
//! that the client was blocked, and all of it adds up to the client's own clock.

use capbench_tests::checkout::Checkout;
use capbench_tests::command::{Said, capbench, run};
use capbench_tests::source_copy::repository;
use serde_json::Value;
use std::path::{Path, PathBuf};

const ROW: &str = "ipc/round-trip/1";

/// Opcodes of the ABI.
const CALL: u64 = 0;
const RECV: u64 = 2;

/// Boots once, with all probes.
fn traced(checkout: &Checkout) -> PathBuf {
    let mut command = capbench(checkout, &["run", "ipc/round-trip", "--guest=capos"]);
    command.args(["--variant=segments", "--boots=1", "--no-audit"]);
    command.args(["--no-native", "--quiet"]);
    let said = run(command);
    // Without the samples variant its rows have no number, and the status says so.
    let trace = checkout
        .latest_run()
        .join("boots/capos-ipc-segments-1.ktrace");
    assert!(trace.is_file(), "{}", said.text);
    trace
}

fn stitch(checkout: &Checkout, trace: &Path, arguments: &[&str]) -> Said {
    let mut command = capbench(checkout, &["inspect"]);
    command.arg(trace).args(["--stitch"]).args(arguments);
    run(command)
}

fn ticks(of: &Value) -> u64 {
    of["ticks"].as_u64().unwrap()
}

fn list(of: &Value) -> &[Value] {
    of.as_array().unwrap()
}

fn sum<'a>(parts: impl IntoIterator<Item = &'a Value>) -> u64 {
    parts.into_iter().map(ticks).sum()
}

#[test]
fn a_round_trip_adds_up_and_its_blocked_time_is_all_between_its_two_dispatches() {
    let checkout = Checkout::new().unwrap();
    let trace = traced(&checkout);
    let said = stitch(&checkout, &trace, &[ROW, "--format=json"]);
    assert_eq!(said.status, 0, "{}", said.text);
    let stitched: Value = serde_json::from_str(&said.text).unwrap();
    let parts = list(&stitched["parts"]);

    // Parts lie end to end and add up to what the program measured, each segment's
    // self time in the part that it is in.
    let mut at = 0;
    for part in parts {
        assert_eq!(part["start"], at, "{part}");
        let inside = part["inside"].as_array();
        let inside = inside.into_iter().flatten();
        let inside: u64 = inside.map(|i| i["selfTicks"].as_u64().unwrap()).sum();
        assert_eq!(part["selfTicks"].as_u64().unwrap() + inside, ticks(part));
        at += ticks(part);
    }
    let sample = ticks(&stitched["sample"]);
    assert_eq!(at, sample);
    assert_eq!(stitched["unattributed"], 0);
    assert_eq!(stitched["incompleteDispatches"], 0);

    // Client and server, each with a part of its own, and two handoffs.
    let of = |program: &str| {
        let sums = list(&stitched["sums"]).iter();
        let own: Vec<&Value> = sums.filter(|sum| sum["program"] == program).collect();
        assert!(own.iter().any(|sum| sum["kind"] == "user"), "{own:?}");
        assert!(own.iter().any(|sum| sum["kind"] == "dispatch"), "{own:?}");
        sum(own)
    };
    let handoffs: Vec<&Value> = parts.iter().filter(|p| p["kind"] == "handoff").collect();
    assert_eq!(handoffs.len(), 2, "there and back");
    let switches = parts.iter().filter(|p| p["kind"] == "switch").count();
    assert_eq!(switches, 0);
    assert_eq!(handoffs[0]["switch"][0], handoffs[1]["switch"][1]);
    assert_eq!(handoffs[0]["switch"][1], handoffs[1]["switch"][0]);
    let (client, server) = (of("ipc-bench"), of("echo"));
    assert_eq!(client + server + sum(handoffs), sample);

    // The client's call: blocked from the end of its first dispatch to the start of
    // its second, and the parts that lie there are what ran meanwhile.
    let flows = list(&stitched["flows"]);
    let calls: Vec<&Value> = flows.iter().filter(|f| f["opcode"] == CALL).collect();
    assert_eq!(calls.len(), 1);
    let stretches = list(&calls[0]["stretches"]);
    assert_eq!(stretches.len(), 2);
    assert_eq!(stretches[0]["outcome"], "pending");
    assert_eq!(stretches[1]["outcome"], "resumed");
    let from = stretches[0]["start"].as_u64().unwrap() + ticks(&stretches[0]);
    let until = stretches[1]["start"].as_u64().unwrap();
    let blocked = &list(&calls[0]["blocked"])[0];
    assert_eq!(blocked["start"], from);
    assert_eq!(ticks(blocked), until - from);
    assert_eq!(sum(list(&blocked["meanwhile"])), until - from);
    let between = parts.iter().filter(|part| {
        let start = part["start"].as_u64().unwrap();
        (from..until).contains(&start)
    });
    assert_eq!(sum(between), until - from);

    // The server waited before the sample, and waits again at its end.
    let receives: Vec<&Value> = flows.iter().filter(|f| f["opcode"] == RECV).collect();
    assert_eq!(receives.len(), 2);
    assert_eq!(receives[0]["begunBefore"], true);
    assert_eq!(receives[1]["goesOn"], true);

    let said = stitch(&checkout, &trace, &[ROW]);
    let account = format!("adds up to {sample} of {sample} ticks by the program's own clock");
    assert!(said.text.contains(&account), "{}", said.text);
    every_sample_adds_up(&checkout, &trace);
    what_is_not_there_is_named(&checkout, &trace);
}

/// The first ones, cold and warm-up batches, as well as the last.
fn every_sample_adds_up(checkout: &Checkout, trace: &Path) {
    for row in [ROW, "ipc/round-trip/16"] {
        for number in ["1", "2", "17", "100"] {
            let said = stitch(checkout, trace, &[row, "--sample", number, "--format=json"]);
            assert_eq!(said.status, 0, "{}", said.text);
            let stitched: Value = serde_json::from_str(&said.text).unwrap();
            let total = stitched["total"].as_u64().unwrap();
            assert_eq!(total, ticks(&stitched["sample"]), "{row} {number}");
            assert_eq!(stitched["unattributed"], 0, "{row} {number}");
        }
    }
}

fn what_is_not_there_is_named(checkout: &Checkout, trace: &Path) {
    let said = stitch(checkout, trace, &["ipc/nothing/1"]);
    assert_ne!(said.status, 0);
    assert!(said.text.contains(ROW), "names its rows: {}", said.text);
    let said = stitch(checkout, trace, &[ROW, "--sample=0"]);
    assert_ne!(said.status, 0);
    assert!(said.text.contains("samples 1 to "), "{}", said.text);
}

#[test]
fn without_segments_nothing_is_stitched() {
    let checkout = Checkout::new().unwrap();
    let golden = repository().join("tests/golden/ring-samples-v1.ktrace");
    let said = stitch(&checkout, &golden, &["ring/nop/1"]);
    assert_ne!(said.status, 0);
    assert!(said.text.contains("no segments"), "{}", said.text);
}

#[test]
fn an_old_trace_is_stitched_too() {
    let checkout = Checkout::new().unwrap();
    let golden = repository().join("tests/golden/ring-segments-v1.ktrace");
    let said = stitch(&checkout, &golden, &["ring/nop/1", "--format=json"]);
    assert_eq!(said.status, 0, "{}", said.text);
    let stitched: Value = serde_json::from_str(&said.text).unwrap();
    assert_eq!(stitched["total"], stitched["sample"]["ticks"]);
    assert_eq!(stitched["unattributed"], 0);
}
