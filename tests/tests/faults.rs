//! Every fault ends as the right status, with its own reason and without a
//! number; what arrived stays readable; the exit status is not 0.

use capbench_results::{BenchmarkResult, Outcome, Results};
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{Said, capbench, run, said};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

/// One row, one boot of one variant: enough to go wrong.
const SHORT_RUN: [&str; 7] = [
    "run",
    "ring/nop",
    "--boots=1",
    "--variant=samples",
    "--variant=segments",
    "--no-audit",
    "--quiet",
];

/// Exit status of a run with failed or invalid results.
const UNUSABLE: i32 = 2;

/// What became of the ring's rows; the smoke that they stand on has a system of its own.
fn results(checkout: &Checkout) -> Results {
    let text = fs::read_to_string(checkout.latest_run().join("results.json")).unwrap();
    let mut results = Results::from_json(&text).unwrap_or_else(|error| panic!("{error}"));
    results.results.retain(|result| result.tier == 1);
    results
}

fn traces(checkout: &Checkout) -> Vec<PathBuf> {
    let boots = fs::read_dir(checkout.latest_run().join("boots")).unwrap();
    let mut traces: Vec<PathBuf> = boots
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with("capos-ring-") && name.ends_with(".ktrace")
        })
        .collect();
    traces.sort();
    traces
}

fn inspect(checkout: &Checkout, trace: &Path) -> Said {
    run(capbench(checkout, &["inspect", trace.to_str().unwrap()]))
}

/// Reasons of the results, which must all be refusals.
fn reasons(results: &Results) -> Vec<String> {
    results.results.iter().map(reason).collect()
}

fn reason(result: &BenchmarkResult) -> String {
    match &result.outcome {
        Outcome::Passed(_) => panic!("{} holds a number", result.benchmark_name),
        Outcome::Failed(refusal) => format!("failed: {}", refusal.reason),
        Outcome::Invalid(refusal) => format!("invalid: {}", refusal.reason),
        Outcome::Unsupported(refusal) => format!("unsupported: {}", refusal.reason),
        Outcome::NotApplicable(refusal) => format!("not applicable: {}", refusal.reason),
    }
}

/// Runs with a parameter of ring-nop that makes it misbehave.
fn run_with_fault(fault: &str) -> (Checkout, Said) {
    let checkout = Checkout::new().unwrap();
    checkout.edit(
        "systems/ring.toml",
        "authority = \"ring-measure\"",
        &format!("authority = \"ring-measure\"\nparameters = {{ fault = \"{fault}\" }}"),
    );
    checkout.edit(
        "systems/ring.toml",
        "timeout_seconds = 60",
        "timeout_seconds = 10",
    );
    let said = run(capbench(&checkout, &SHORT_RUN));
    (checkout, said)
}

#[test]
fn a_wrong_completion_fails_its_row_and_no_other() {
    let (checkout, said) = run_with_fault("wrong-result");
    assert_eq!(said.status, UNUSABLE, "{}", said.text);
    let results = results(&checkout);
    assert_eq!(
        reason(&results.results[0]),
        "invalid: verifierFailed",
        "{}",
        said.text
    );
}

#[test]
fn a_program_that_crashes_has_no_number() {
    let (checkout, said) = run_with_fault("crash");
    assert_eq!(said.status, UNUSABLE, "{}", said.text);
    for reason in reasons(&results(&checkout)) {
        assert_eq!(reason, "failed: programFailed", "{}", said.text);
    }
    assert_readable(&checkout);
}

#[test]
fn a_guest_that_hangs_is_stopped_and_said_so() {
    let (checkout, said) = run_with_fault("hang");
    assert_eq!(said.status, UNUSABLE, "{}", said.text);
    for reason in reasons(&results(&checkout)) {
        assert_eq!(reason, "failed: timedOut", "{}", said.text);
    }
    assert_readable(&checkout);
}

#[test]
fn a_ring_too_small_refuses_the_window_with_the_size_needed() {
    let checkout = Checkout::new().unwrap();
    let mut command = capbench(&checkout, &SHORT_RUN);
    command.arg("--parameter=trace_slots=64");
    let said = run(command);
    assert_eq!(said.status, UNUSABLE, "{}", said.text);
    for reason in reasons(&results(&checkout)) {
        assert_eq!(reason, "failed: windowRefused", "{}", said.text);
    }
    assert!(
        said.text.contains("7744 slots"),
        "the size needed: {}",
        said.text
    );
    assert_readable(&checkout);
}

#[test]
fn an_emulator_killed_in_mid_run_leaves_what_had_arrived() {
    let checkout = Checkout::new().unwrap();
    let mut child = capbench(
        &checkout,
        &[
            "run",
            "ring",
            "--guest=capos",
            "--boots=1",
            "--variant=samples",
            "--no-audit",
            "--quiet",
        ],
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    kill_emulator_of(&mut child);
    let said = said(&child.wait_with_output().unwrap());
    assert_eq!(said.status, UNUSABLE, "{}", said.text);
    for reason in reasons(&results(&checkout)) {
        assert!(reason == "invalid: abnormalExit", "{reason}\n{}", said.text);
    }
    assert_readable(&checkout);
}

#[test]
fn a_damaged_trace_says_what_is_wrong_and_shows_the_rest() {
    let checkout = Checkout::new().unwrap();
    let said = run(capbench(&checkout, &SHORT_RUN));
    assert_eq!(said.status, 0, "{}", said.text);
    for trace in traces(&checkout) {
        let whole = inspect(&checkout, &trace);
        assert_eq!(whole.status, 0, "{}", whole.text);
        let bytes = fs::read(&trace).unwrap();
        let raw = zstd::decode_all(&bytes[..]).unwrap();

        let mut flipped = raw.clone();
        flipped[raw.len() / 2] ^= 1;
        let copy = checkout.root().join("copy");
        let damages = [
            ("flipped", flipped, "damaged"),
            (
                "cut off",
                raw[..raw.len() * 2 / 3].to_vec(),
                "ends inside a frame",
            ),
            (
                "without an end",
                without_last_frame(&raw),
                "end-of-stream message",
            ),
        ];
        for (name, damaged, words) in damages {
            fs::write(&copy, damaged).unwrap();
            let said = inspect(&checkout, &copy);
            assert_eq!(said.status, UNUSABLE, "{name}: {}", said.text);
            assert!(said.text.contains(words), "{name}: {}", said.text);
            assert!(said.text.contains("ring/nop/1"), "{name}: {}", said.text);
        }

        // The compressed file itself, with its last quarter cut off and with a
        // byte flipped: the parts before the damage are still there.
        let cut = bytes[..bytes.len() * 3 / 4].to_vec();
        let mut flipped = bytes.clone();
        flipped[bytes.len() * 3 / 4] ^= 1;
        for damaged in [cut, flipped] {
            fs::write(&copy, damaged).unwrap();
            let said = inspect(&checkout, &copy);
            assert_eq!(said.status, UNUSABLE, "{}", said.text);
            assert!(said.text.contains("ring/nop/1"), "{}", said.text);
        }
    }
}

/// The stream up to its last frame, which holds the end-of-stream message.
fn without_last_frame(stream: &[u8]) -> Vec<u8> {
    use trace_format::decode::{Event, Frames};
    let lengths = Frames::new(stream).map(|event| match event {
        Event::Frame(frame) => frame.header.frame_length(),
        Event::Warning(warning) => panic!("{warning}"),
    });
    let length = lengths.last().unwrap();
    stream[..stream.len() - length].to_vec()
}

fn assert_readable(checkout: &Checkout) {
    let traces = traces(checkout);
    assert!(!traces.is_empty(), "the trace was kept");
    for trace in traces {
        let said = inspect(checkout, &trace);
        assert!(said.text.contains("capos"), "{}", said.text);
    }
}

/// Waits until the emulator that `runner` started for the ring has sent something, and
/// kills it. Does nothing if the runner ends before that.
fn kill_emulator_of(runner: &mut Child) {
    while runner.try_wait().unwrap().is_none() {
        for child in children(runner.id()) {
            if is_emulator(child) && has_sent(child) {
                let killed = std::process::Command::new("kill")
                    .args(["-9", &child.to_string()])
                    .status()
                    .unwrap();
                assert!(killed.success());
                return;
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn children(process: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap();
    let ids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent(*id) == Some(process)).collect()
}

/// The parent of a process, if it still runs.
fn parent(process: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    line.trim().parse().ok()
}

fn is_emulator(process: u32) -> bool {
    let arguments = fs::read_to_string(format!("/proc/{process}/cmdline")).unwrap_or_default();
    arguments.contains("qemu") && arguments.contains("capos-ring-")
}

/// Whether the file behind its trace port has grown.
fn has_sent(process: u32) -> bool {
    let arguments = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let arguments = String::from_utf8_lossy(&arguments).into_owned();
    let path = arguments
        .split('\0')
        .find_map(|argument| argument.strip_prefix("file,id=trace,path="));
    path.is_some_and(|path| fs::metadata(path).is_ok_and(|file| file.len() > 0))
}
