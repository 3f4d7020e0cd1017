//! Definitions that the golden traces are runs of.

use capbench_frames::trace::Trace;
use capbench_runner::guest::{GuestName, capos, linux};
use capbench_runner::manifest::{AuthorityProfile, Benchmark, System};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use trace_format::SampleFlags;

/// The definitions by kind and name, as a run keeps them.
pub fn of(traces: &[(&str, &str, &Trace)]) -> Map<String, Value> {
    let mut kept = Map::new();
    for (guest, system, trace) in traces {
        for window in &trace.windows {
            let (name, batch) = window.benchmark.rsplit_once('/').unwrap();
            let batch: u32 = batch.parse().unwrap();
            let key = format!("benchmarks/{name}");
            let new = benchmark(name, guest, system, window);
            let known = kept.entry(key).or_insert(new);
            known["batches"].as_array_mut().unwrap().push(json!(batch));
        }
    }
    let grant = |pair: (&str, &str)| json!({"name": pair.0, "source": pair.1});
    let grants = |pairs: &[(&str, &str)]| pairs.iter().copied().map(grant).collect::<Vec<_>>();
    let own = [("boot", "boot_package"), ("console", "console")];
    let measure = [
        ("null", "null"),
        ("park", "park_bench"),
        ("measure", "measure_control"),
    ];
    let spawner = [("spawner", "process_spawner")];
    let mut put = |key: &str, value| kept.insert(key.to_owned(), value);
    put(
        "authority/ring-measure",
        json!({"name": "ring-measure", "intent": "i", "denials": [],
            "grants": grants(&[&own[..], &measure].concat())}),
    );
    put(
        "authority/linux-process",
        json!({"name": "linux-process", "intent": "i", "denials": [], "grants": []}),
    );
    put(
        "systems/ring",
        json!({"name": "ring", "guest": "capos", "timeout_seconds": 60, "kernel": {},
            "init": {"binary": "init", "grants": grants(&[&own[..], &spawner].concat())},
            "programs": [{"name": "ring-nop", "binary": "ring-nop",
                "authority": "ring-measure", "parameters": {}}]}),
    );
    put(
        "systems/linux-matched",
        json!({"name": "linux-matched", "guest": "linux", "timeout_seconds": 60, "kernel": {},
            "init": {"binary": "init", "grants": []},
            "programs": [{"name": "init", "binary": "init",
                "authority": "linux-process", "parameters": {}}]}),
    );
    put("guests/capos", guest(capos::GUEST));
    put("guests/linux", guest(linux::GUEST));
    put(
        "mappings/ring/nop",
        json!({"name": "ring/nop", "counterparts": [
            {"benchmark": "linux/null-syscall", "difference": "much"}]}),
    );
    let benchmarks = kept
        .keys()
        .filter_map(|key| key.strip_prefix("benchmarks/"));
    let mut benchmarks: Vec<String> = benchmarks.map(str::to_owned).collect();
    benchmarks.sort_by_key(|name| !name.starts_with("ring/"));
    kept.insert(
        "suites/ring".to_owned(),
        json!({"name": "ring", "intent": "i", "benchmarks": benchmarks}),
    );
    kept
}

fn guest(guest: GuestName) -> Value {
    json!({
        "subsystems": guest.subsystems,
        "capabilities": guest.has_capabilities,
        "sessionKernel": guest.session_kernel,
    })
}

fn benchmark(
    name: &str,
    guest: &str,
    system: &str,
    window: &capbench_frames::windows::Window,
) -> Value {
    let aside = SampleFlags::COLD | SampleFlags::WARM_UP;
    let samples = window.samples.iter().filter(|sample| sample.metric == 0);
    type Samples<'a> = Vec<&'a trace_format::Sample>;
    let (before, measured): (Samples, Samples) =
        samples.partition(|sample| sample.flags.intersects(aside));
    let (authority, program) = match guest {
        "capos" => ("ring-measure", "ring-nop"),
        _ => ("linux-process", "init"),
    };
    let mechanism = json!({"system": system, "program": program, "operation": "o",
        "mechanism": "m", "difference": "d"});
    json!({
        "name": name, "tier": 1, "intent": "i", "unit": "tsc_ticks", "lower_is_better": true,
        "window_idles": false, "batches": [], "warmup": before.len(),
        "samples": measured.len(), "boots": 2,
        "record_bound": {"per_window": 64, "per_batch": 4, "per_operation": 10},
        "verifier": {"kind": "completions", "checks": ["result"]},
        "allowed_nondeterminism": [], "authority": authority, "requires": [],
        "parser": 1, "guests": {guest: mechanism},
    })
}

/// The same of what may not be a definition any more.
pub fn try_hash(key: &str, value: &Value) -> Option<capbench_results::Digest> {
    use capbench_runner::hash::of_canonical;
    let parsed = |value: &Value| serde_json::from_value(value.clone());
    match key.split_once('/')?.0 {
        "benchmarks" => parsed(value)
            .ok()
            .map(|value: Benchmark| value.definition_hash()),
        _ => Some(of_canonical(value)),
    }
}

/// The hash that a run's record has of one.
pub fn hash(key: &str, value: &Value) -> capbench_results::Digest {
    use capbench_runner::hash::of_canonical;
    match key.split_once('/').unwrap().0 {
        "benchmarks" => typed::<Benchmark>(value).definition_hash(),
        "authority" => of_canonical(&typed::<AuthorityProfile>(value)),
        "systems" => of_canonical(&typed::<System>(value)),
        _ => of_canonical(value),
    }
}

pub fn typed<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}
