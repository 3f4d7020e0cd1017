//! A small run of golden traces, written by the crates that write real ones, and
//! hands that change one thing in it.

use std::fs;
use std::path::{Path, PathBuf};

use capbench_frames::outcome::{Boot, Material, Row, outcome};
use capbench_frames::trace::{Trace, read_file};
use capbench_results::{
    BenchmarkResult, Comparison, ComparisonOutcome, Digest, Envelope, Mode, Outcome, Ratio,
    Results, RowName, Run as RunLine, Unit,
};
use capbench_runner::hash;
use capbench_runner::record::RunRecord;
use capbench_verify::{Definitions, Report, Run, Verdict, verify};
use serde_json::{Value, json};

const RUN: &str = "20260101T000000Z-golden-exact-0001";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub const DEFINITION: &str = "benchmarks/ring/nop";

/// Boots of the run: guest, system, variant, index, golden trace.
const BOOTS: &[(&str, &str, &str, u32, &str)] = &[
    ("capos", "ring", "segments", 1, "ring-segments-v1"),
    ("capos", "ring", "samples", 1, "ring-samples-v1"),
    ("capos", "ring", "samples", 2, "ring-samples-v1"),
    ("linux", "linux-matched", "counts", 1, "linux-counts-v1"),
    ("linux", "linux-matched", "perf", 1, "linux-perf-v1"),
    ("linux", "linux-matched", "samples", 1, "linux-samples-v1"),
];

pub struct Artifact {
    directory: tempfile::TempDir,
    pub definitions: Definitions,
}

/// What names one boot's files.
fn stem(boot: &(&str, &str, &str, u32, &str)) -> String {
    format!("{}-{}-{}-{}", boot.0, boot.1, boot.2, boot.3)
}

impl Artifact {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
        fs::create_dir(directory.path().join("boots")).unwrap();
        fs::create_dir(directory.path().join("images")).unwrap();
        fs::write(directory.path().join("images/x.initrd"), "image").unwrap();
        for boot in BOOTS {
            let from = golden.join(format!("{}.ktrace", boot.4));
            let to = directory
                .path()
                .join(format!("boots/{}.ktrace", stem(boot)));
            fs::copy(from, to).unwrap();
        }
        let definition = hash::of(b"definition").to_string();
        let artifact = Self {
            directory,
            definitions: Definitions::Of {
                commit: COMMIT.to_owned(),
                dirty: false,
                hashes: [(DEFINITION.to_owned(), definition)].into(),
            },
        };
        let record = artifact.record();
        // The mirror types of this crate and the record's own are of one shape.
        let typed: RunRecord = serde_json::from_value(record.clone()).unwrap();
        artifact.write("run.json", typed.to_json().as_bytes());
        artifact.write_results(&artifact.results(&typed));
        artifact.seal();
        artifact
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Both forms, as far as their own laws allow.
    pub fn write_results(&self, results: &Results) {
        self.write("results.json", results.to_json().unwrap().as_bytes());
        self.write("results.capnp", &results.to_message().unwrap());
    }

    /// Fixes SHA256SUMS up to whatever the files are now.
    pub fn seal(&self) {
        let mut lines = String::new();
        let mut folders = vec![self.directory.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(self.directory.path()).unwrap();
                if path.is_dir() {
                    folders.push(path);
                } else if name != Path::new("SHA256SUMS") {
                    let digest = hash::of_file(&path).unwrap();
                    lines.push_str(&format!("{digest}  {}\n", name.display()));
                }
            }
        }
        self.write("SHA256SUMS", lines.as_bytes());
    }

    /// Changes one JSON file and seals.
    pub fn edit(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let text = fs::read_to_string(self.path(name)).unwrap();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        self.write(name, value.to_string().as_bytes());
        self.seal();
    }

    /// Changes the results in both forms and seals.
    pub fn edit_results(&self, change: impl FnOnce(&mut Results)) {
        let mut results = self.read_results();
        change(&mut results);
        self.write_results(&results);
        self.seal();
    }

    pub fn read_results(&self) -> Results {
        let text = fs::read_to_string(self.path("results.json")).unwrap();
        Results::from_json(&text).unwrap()
    }

    pub fn open(&self) -> Run {
        Run::open(self.directory.path(), self.definitions.clone()).unwrap()
    }

    pub fn verify(&self) -> Report {
        verify(&self.open())
    }

    /// Names of the checks that are broken now.
    pub fn broken(&self) -> Vec<&'static str> {
        names(&self.verify(), Verdict::Broken)
    }

    fn record(&self) -> Value {
        let boots: Vec<Value> = BOOTS.iter().map(|boot| self.boot(boot)).collect();
        let arguments = ["-M", "q35", "-kernel", "{kernel}", "file,path={trace}"];
        let firmware = hash::of(b"firmware");
        let envelope = hash::of_canonical(&("exact", arguments, "QEMU 7", firmware, None::<()>));
        json!({
            "schema": "capbench.run/1",
            "runId": RUN,
            "state": "complete",
            "selection": "ring",
            "command": ["capbench", "run", "ring"],
            "startedAt": "2026-01-01T00:00:00Z",
            "endedAt": "2026-01-01T00:01:00Z",
            "tool": "capbench 0.1.0",
            "checkout": {"commit": COMMIT, "dirty": false},
            "mode": "exact",
            "envelope": {
                "hash": envelope,
                "mode": "exact",
                "arguments": arguments,
                "qemuVersion": "QEMU 7",
                "firmwareSha256": firmware,
                "host": {"processor": "p", "kernel": "k"},
            },
            "toolchain": {"rustc": "r", "cargo": "c", "cc": "cc"},
            "guests": [],
            "bootImages": {"images/x.initrd": hash::of(b"image")},
            "definitions": {DEFINITION: hash::of(b"definition")},
            "overrides": {},
            "bootsPlanned": 2,
            "boots": boots,
        })
    }

    fn boot(&self, boot: &(&str, &str, &str, u32, &str)) -> Value {
        let stem = stem(boot);
        let file = format!("boots/{stem}.ktrace");
        let raw = raw(&self.path(&file));
        json!({
            "guest": boot.0,
            "system": boot.1,
            "variant": boot.2,
            "index": boot.3,
            "exit": {"kind": "clean"},
            "capture": {
                "kind": "stored",
                "file": file,
                "sha256": hash::of(&raw),
                "bytes": raw.len(),
            },
            "console": format!("boots/{stem}.console.log"),
            "emulatorLog": format!("boots/{stem}.qemu.log"),
            "wallMs": 1,
            "arguments": ["-M", "q35", "-kernel", "/k", "file,path=/t"],
        })
    }

    fn results(&self, record: &RunRecord) -> Results {
        let mut results = self.rows(record, "capos", "ring");
        results.extend(self.rows(record, "linux", "linux-matched"));
        let median = |name: &str| {
            let mut rows = results.iter();
            let row = rows.find(|row| row.benchmark_name == name).unwrap();
            (RowName::of(row), row.outcome.measurement().unwrap().median)
        };
        let (numerator, above) = median("ring/nop/1");
        let (denominator, below) = median("linux/null-syscall/1");
        let comparisons = vec![Comparison {
            numerator,
            denominator,
            difference: "much".into(),
            outcome: ComparisonOutcome::Ratio(Ratio {
                value: above / below,
                unit: Unit::Instructions,
                numerator: above,
                denominator: below,
            }),
        }];
        Results {
            run: RunLine {
                id: record.run_id.clone(),
                suite: record.selection.clone(),
                mode: Mode::Exact,
                started_at: record.started_at.clone(),
                tool: record.tool.clone(),
                commit: COMMIT.to_owned(),
                dirty: false,
                boots: record.boots_planned,
                envelope: Envelope {
                    hash: record.envelope.hash,
                    description: "e".into(),
                },
            },
            results,
            comparisons,
            context: Vec::new(),
        }
    }

    fn rows(&self, record: &RunRecord, guest: &str, system: &str) -> Vec<BenchmarkResult> {
        let own = record.boots.iter().filter(|boot| boot.id.system == system);
        let streams: Vec<(String, Digest)> = own
            .map(|boot| (boot.id.stem(), boot.stream().unwrap().sha256))
            .collect();
        let of = |variant: &str| -> Vec<Trace> {
            let own = BOOTS.iter().filter(|b| b.1 == system && b.2 == variant);
            let files = own.map(|boot| format!("boots/{}.ktrace", stem(boot)));
            let traces = files.map(|file| read_file(&self.path(&file), &file).unwrap());
            traces.collect()
        };
        let [samples, segments, counts, perf] = ["samples", "segments", "counts", "perf"].map(of);
        let passes: Vec<(&str, Vec<Boot>)> = [("counts", &counts), ("perf", &perf)]
            .into_iter()
            .filter(|(_, traces)| !traces.is_empty())
            .map(|(pass, traces)| (pass, boots(traces)))
            .collect();
        let windows = samples[0].windows.iter();
        windows
            .map(|window| {
                let name = &window.benchmark;
                let row = Row {
                    benchmark: name,
                    batch: name.rsplit('/').next().unwrap().parse().unwrap(),
                    samples: None,
                    unit: Unit::Instructions,
                    lower_is_better: true,
                };
                let outcome = outcome(
                    &row,
                    &Material {
                        measured: &boots(&samples),
                        traced: &boots(&segments),
                        passes: &passes,
                        ..Material::default()
                    },
                );
                assert!(matches!(outcome, Outcome::Passed(_)), "{outcome:?}");
                BenchmarkResult {
                    run_id: RUN.into(),
                    benchmark_name: name.clone(),
                    tier: 1,
                    correctness_id: "completions:result".into(),
                    config_hash: hash::of(b"configuration"),
                    artifact_hash: Some(hash::of_canonical(&streams)),
                    notes: String::new(),
                    guest: guest.into(),
                    system: system.into(),
                    mode: Mode::Exact,
                    authority_profile: "ring-measure".into(),
                    outcome,
                }
            })
            .collect()
    }
}

fn boots(traces: &[Trace]) -> Vec<Boot<'_>> {
    let boots = traces.iter();
    boots
        .map(|trace| Boot {
            trace,
            findings: &[],
        })
        .collect()
}

/// The bytes of a stored stream.
pub fn raw(path: &Path) -> Vec<u8> {
    zstd::decode_all(fs::File::open(path).unwrap()).unwrap()
}

pub fn names(report: &Report, verdict: Verdict) -> Vec<&'static str> {
    let checks = report.checks.iter();
    let checks = checks.filter(|check| check.verdict == verdict);
    checks.map(|check| check.name).collect()
}

/// The first row's numbers, in results.json as it is stored.
pub fn first_measurement(document: &mut Value) -> &mut Value {
    &mut document["results"][0]["measurement"]
}
