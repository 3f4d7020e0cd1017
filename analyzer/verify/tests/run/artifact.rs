//! A small run of golden traces, judged by the crates that judge real ones, and
//! hands that change one thing in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use capbench_frames::trace::read_file;
use capbench_judge::write_judgement;
use capbench_results::Results;
use capbench_runner::artifact::Stored;
use capbench_runner::hash;
use capbench_runner::record::RunRecord;
use capbench_verify::{Definitions, Report, Run, Verdict, verify};
use serde_json::{Map, Value, json};
use trace_format::control::Message;
use trace_format::{FrameKind, Origin, Sample};

use crate::stream::{self, Record};
use crate::{definitions, emulator};

pub const RUN: &str = "20260101T000000Z-golden-exact-0001";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
pub const DEFINITION: &str = "benchmarks/ring/nop";

/// The audit boot, of a real run of `ring/nop`.
pub const AUDIT: &str = "capos-ring-segments-audit-1";

/// Boots of the run: guest, system, variant, index, golden trace.
const BOOTS: &[(&str, &str, &str, u32, &str)] = &[
    ("capos", "ring", "segments", 1, "ring-segments-v1"),
    ("capos", "ring", "samples", 1, "ring-samples-v1"),
    ("capos", "ring", "samples", 2, "ring-samples-v1"),
    ("linux", "linux-matched", "counts", 1, "linux-counts-v1"),
    ("linux", "linux-matched", "perf", 1, "linux-perf-v1"),
    ("linux", "linux-matched", "samples", 1, "linux-samples-v1"),
    ("capos", "ring", "segments", 2, "ring-segments-v1"),
    ("linux", "linux-matched", "counts", 2, "linux-counts-v1"),
    ("linux", "linux-matched", "perf", 2, "linux-perf-v1"),
    ("linux", "linux-matched", "samples", 2, "linux-samples-v1"),
];

/// What a golden trace of Linux says it is of.
const LINUX_IMAGE: &str = "linux-image-6.12.117+deb12-cloud-amd64";

pub struct Artifact {
    directory: tempfile::TempDir,
    /// The checkout's; those of the run without.
    pub definitions: Option<Definitions>,
}

/// The files of a run that was left alone, made once.
static FILES: LazyLock<BTreeMap<PathBuf, Vec<u8>>> = LazyLock::new(|| {
    let artifact = Artifact::make();
    let root = artifact.directory.path();
    let files = artifact.files().into_iter();
    files
        .map(|path| {
            (
                path.strip_prefix(root).unwrap().to_owned(),
                fs::read(&path).unwrap(),
            )
        })
        .collect()
});

/// What names one boot's files.
fn stem(boot: &(&str, &str, &str, u32, &str)) -> String {
    format!("{}-{}-{}-{}", boot.0, boot.1, boot.2, boot.3)
}

impl Artifact {
    pub fn new() -> Self {
        let artifact = Self::empty();
        for (name, bytes) in FILES.iter() {
            fs::write(artifact.directory.path().join(name), bytes).unwrap();
        }
        artifact
    }

    fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        for folder in ["boots", "images"] {
            fs::create_dir(directory.path().join(folder)).unwrap();
        }
        Self {
            directory,
            definitions: None,
        }
    }

    fn make() -> Self {
        let artifact = Self::empty();
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
        artifact.write("images/x.initrd", b"image");
        for boot in BOOTS {
            let from = golden.join(format!("{}.ktrace", boot.4));
            fs::copy(from, artifact.path(&format!("boots/{}.ktrace", stem(boot)))).unwrap();
        }
        let audited = raw(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run/audit-v1.ktrace"));
        artifact.write_stream(&format!("boots/{AUDIT}.ktrace"), &audited);
        artifact.write_log(&emulator::log(&audited));
        let kernel = emulator::image();
        let name = hash::short(hash::of(&kernel));
        artifact.write(&format!("images/{name}.elf"), &kernel);
        let kept = artifact.kept();
        let record = artifact.record(&kept);
        // The mirror types of this crate and the record's own are of one shape.
        let typed: RunRecord = serde_json::from_value(record).unwrap();
        for boot in &typed.boots {
            for log in [&boot.console, &boot.emulator_log] {
                artifact.write(log.to_str().unwrap(), b"said");
            }
        }
        artifact.write("run.json", typed.to_json().as_bytes());
        artifact.write(
            "definitions.json",
            Value::Object(kept).to_string().as_bytes(),
        );
        artifact.judge();
        artifact
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub fn write_stream(&self, name: &str, stream: &[u8]) {
        self.write(name, &zstd::encode_all(stream, 3).unwrap());
    }

    pub fn write_log(&self, log: &[u8]) {
        let name = format!("boots/{AUDIT}.instructions.log.zst");
        self.write(&name, &zstd::encode_all(log, 1).unwrap());
    }

    /// Both forms, as far as their own laws allow.
    pub fn write_results(&self, results: &Results) {
        self.write("results.json", results.to_json().unwrap().as_bytes());
        self.write("results.capnp", &results.to_message().unwrap());
    }

    /// Judges the run anew, as the program that wrote it would have.
    pub fn judge(&self) {
        self.try_judge().unwrap();
    }

    /// The same of a run that may not be fit for it.
    pub fn try_judge(&self) -> Result<(), String> {
        let record = fs::read(self.path("run.json")).map_err(|error| error.to_string())?;
        let record: RunRecord =
            serde_json::from_slice(&record).map_err(|error| error.to_string())?;
        let directory = self.directory.path();
        let stored = Stored::of(directory, &record).map_err(|error| error.to_string())?;
        let run = capbench_judge::Run {
            directory,
            record: &record,
            plan: &stored.plan,
            stated_audits: &[],
        };
        let judged = capbench_judge::judge(&run, &stored.catalogue);
        let mut judgement = judged.map_err(|error| error.to_string())?;
        for audited in &mut judgement.audits {
            audited.report.log = Some(format!("boots/{AUDIT}.instructions.log.zst"));
        }
        write_judgement(&judgement, |name, bytes| fs::write(self.path(name), bytes))
            .map_err(|error| error.to_string())?;
        self.seal();
        Ok(())
    }

    /// Fixes SHA256SUMS up to whatever the files are now.
    pub fn seal(&self) {
        let mut lines = String::new();
        for path in self.files() {
            let name = path.strip_prefix(self.directory.path()).unwrap();
            if name != Path::new("SHA256SUMS") {
                let digest = hash::of_file(&path).unwrap();
                lines.push_str(&format!("{digest}  {}\n", name.display()));
            }
        }
        self.write("SHA256SUMS", lines.as_bytes());
    }

    pub fn root(&self) -> &Path {
        self.directory.path()
    }

    pub fn files(&self) -> Vec<PathBuf> {
        let (mut files, mut folders) = (Vec::new(), vec![self.directory.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push(path);
                }
            }
        }
        files
    }

    pub fn read(&self, name: &str) -> Value {
        let text = fs::read_to_string(self.path(name)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Changes one JSON file and seals.
    pub fn edit(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut value = self.read(name);
        change(&mut value);
        self.write(name, value.to_string().as_bytes());
        self.seal();
    }

    /// Changes a definition, and its hash in the record with it.
    pub fn edit_definition(&self, key: &str, change: impl FnOnce(&mut Value)) {
        self.edit("definitions.json", |kept| change(&mut kept[key]));
        let hash = definitions::hash(key, &self.read("definitions.json")[key]);
        self.edit("run.json", |record| {
            if let Some(stored) = record["definitions"].get_mut(key) {
                *stored = json!(hash);
            }
        });
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

    /// Other streams of the boots whose names begin so, with a record that knows
    /// their hashes.
    pub fn restream(&self, boots: &str, mut change: impl FnMut(&[u8]) -> Vec<u8>) {
        let mut record = self.read("run.json");
        for boot in record["boots"].as_array_mut().unwrap() {
            let capture = &mut boot["capture"];
            let Some(file) = capture["file"].as_str().map(str::to_owned) else {
                continue;
            };
            if file.starts_with(&format!("boots/{boots}")) {
                let stream = change(&raw(&self.path(&file)));
                self.write_stream(&file, &stream);
                capture["sha256"] = json!(hash::of(&stream));
                capture["bytes"] = json!(stream.len());
            }
        }
        self.write("run.json", record.to_string().as_bytes());
        self.seal();
    }

    /// Each message of those boots changed or left out.
    pub fn reword(
        &self,
        boots: &str,
        mut change: impl for<'a> FnMut(Message<'a>) -> Option<Message<'a>>,
    ) {
        self.restream(boots, |stream| stream::messages(stream, &[], &mut change));
    }

    /// More messages in those boots.
    pub fn say(&self, boots: &str, extra: &[Message]) {
        self.restream(boots, |stream| {
            stream::messages(stream, extra, |message| Some(message))
        });
    }

    /// Each sample of those boots changed.
    pub fn resample(&self, boots: &str, mut change: impl FnMut(&mut Sample)) {
        self.restream(boots, |stream| stream::samples(stream, &mut change));
    }

    /// Each span and root of those boots changed.
    pub fn respan(&self, boots: &str, mut change: impl FnMut(&mut Record)) {
        self.restream(boots, |stream| stream::spans(stream, &mut change));
    }

    /// Each frame's origin changed in those boots.
    pub fn reorigin(&self, boots: &str, mut change: impl FnMut(FrameKind, &mut Origin)) {
        self.restream(boots, |stream| stream::origins(stream, &mut change));
    }

    /// Each frame's origin changed, with the boot it is of.
    pub fn reorigin_each(&self, boots: &str, mut change: impl FnMut(&str, FrameKind, &mut Origin)) {
        let mut number = 0;
        self.restream(boots, |stream| {
            number += 1;
            let boot = number.to_string();
            stream::origins(stream, &mut |kind, origin: &mut Origin| {
                change(&boot, kind, origin);
            })
        });
    }

    /// Each record of those boots by its number in the stream, until one was changed.
    pub fn respan_each(&self, boots: &str, mut change: impl FnMut(usize, &mut Record) -> bool) {
        self.restream(boots, |stream| {
            let (mut number, mut done) = (0, false);
            stream::spans(stream, |record| {
                number += 1;
                done = done || change(number, record);
            })
        });
    }

    /// The hashes that the record has of definitions, as these are now.
    pub fn rehash_definitions(&self) {
        let kept = self.read("definitions.json");
        let mut record = self.read("run.json");
        let Some(stored) = record["definitions"].as_object_mut() else {
            return;
        };
        for (key, hash) in stored {
            if let Some(definition) = kept.get(key)
                && let Some(found) = definitions::try_hash(key, definition)
            {
                *hash = json!(found);
            }
        }
        self.write("run.json", record.to_string().as_bytes());
    }

    /// The results as a message, of what their JSON says, as far as that has a form.
    pub fn results_message_follows(&self) {
        let text = fs::read_to_string(self.path("results.json")).unwrap();
        if let Ok(results) = Results::from_json(&text) {
            self.write("results.capnp", &results.to_message().unwrap());
        }
    }

    pub fn open(&self) -> Run {
        Run::open(self.directory.path(), self.known()).unwrap()
    }

    /// The checkout that the run is of.
    pub fn checkout(&self) -> Definitions {
        self.known()
    }

    fn known(&self) -> Definitions {
        if let Some(known) = &self.definitions {
            return known.clone();
        }
        let record: Value = serde_json::from_slice(&FILES[Path::new("run.json")]).unwrap();
        let hashes = record["definitions"].as_object().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Definitions::Of {
            commit: COMMIT.to_owned(),
            dirty: false,
            hashes: hashes
                .map(|(key, hash)| (key.clone(), text(hash)))
                .collect(),
        }
    }

    pub fn verify(&self) -> Report {
        verify(&self.open())
    }

    /// Names of the checks that are broken now, of those that are arithmetic.
    pub fn broken(&self) -> Vec<&'static str> {
        let report = self.verify();
        let broken = report.recomputed.iter();
        let broken = broken.filter(|check| check.verdict == Verdict::Broken);
        broken.map(|check| check.name).collect()
    }

    /// Where judging again comes to something else than what is kept, in words.
    pub fn judged_otherwise(&self) -> String {
        let report = self.verify();
        let broken = report.judged_again.iter();
        let broken = broken.filter(|check| check.verdict == Verdict::Broken);
        let evidence: Vec<&str> = broken
            .flat_map(|c| c.evidence.iter().map(String::as_str))
            .collect();
        evidence.join("\n")
    }

    /// The files are as they would be written now, and only judging says otherwise.
    pub fn only_judged_otherwise(&self, what: &str) {
        assert_eq!(self.broken(), [""; 0]);
        let told = self.judged_otherwise();
        assert!(told.contains(what), "{what}: {told}");
    }

    fn kept(&self) -> Map<String, Value> {
        let of = |boot: &str| {
            let file = format!("boots/{boot}.ktrace");
            read_file(&self.path(&file), &file).unwrap()
        };
        let capos = of("capos-ring-samples-1");
        let linux = of("linux-linux-matched-samples-1");
        definitions::of(&[
            ("capos", "ring", &capos),
            ("linux", "linux-matched", &linux),
        ])
    }

    fn record(&self, kept: &Map<String, Value>) -> Value {
        let mut boots = vec![self.boot("capos", "ring", "segments", 1, true)];
        let others = BOOTS.iter();
        boots.extend(others.map(|boot| self.boot(boot.0, boot.1, boot.2, boot.3, false)));
        boots.push(plain());
        let hashed = [
            "benchmarks/",
            "authority/",
            "systems/",
            "suites/",
            "mappings/",
        ];
        let hashed = |key: &str| hashed.iter().any(|kind| key.starts_with(kind));
        let definitions = kept.iter().filter(|(key, _)| hashed(key));
        let definitions: BTreeMap<&String, _> = definitions
            .map(|(key, value)| (key, definitions::hash(key, value)))
            .collect();
        let arguments = ["-accel", "tcg", "-kernel", "{kernel}", "file,path={trace}"];
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
            "toolchain": {"rustc": "rustc 1.95.0", "cargo": "cargo 1.95.0", "cc": "cc 12.2.0"},
            "guests": guests(),
            "bootImages": {"images/x.initrd": hash::of(b"image")},
            "definitions": definitions,
            "overrides": {},
            "bootsPlanned": 2,
            "boots": boots,
        })
    }

    fn boot(&self, guest: &str, system: &str, variant: &str, index: u32, audit: bool) -> Value {
        let kind = if audit { "-audit" } else { "" };
        let stem = format!("{guest}-{system}-{variant}{kind}-{index}");
        let file = format!("boots/{stem}.ktrace");
        let raw = raw(&self.path(&file));
        let mut arguments = vec!["-accel", "tcg", "-kernel", "/k", "file,path=/t"];
        let range = emulator::range();
        if audit {
            arguments[1] = "tcg,one-insn-per-tb=on";
            arguments.extend(["-d", "exec,nochain,int", "-dfilter", &range, "-D", "/log"]);
        }
        let mut boot = json!({
            "guest": guest,
            "system": system,
            "variant": variant,
            "audit": audit,
            "index": index,
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
            "arguments": arguments,
        });
        if audit {
            boot["instructionLog"] = json!(format!("boots/{stem}.instructions.log"));
        }
        boot
    }
}

/// The boot whose kernel says nothing.
fn plain() -> Value {
    let stem = "capos-ring-plain-1";
    json!({
        "guest": "capos",
        "system": "ring",
        "variant": "plain",
        "index": 1,
        "exit": {"kind": "clean"},
        "capture": {"kind": "absent"},
        "console": format!("boots/{stem}.console.log"),
        "emulatorLog": format!("boots/{stem}.qemu.log"),
        "wallMs": 1,
        "arguments": ["-accel", "tcg", "-kernel", "/k", "file,path=/t"],
    })
}

fn guests() -> Value {
    let kernel = emulator::image();
    let of = |guest: &str, variant: &str| {
        json!({
            "guest": guest,
            "variant": variant,
            "features": [],
            "rustflags": {},
            "profile": "release",
            "images": [{
                "name": "kernel.elf",
                "sha256": hash::of(&kernel),
                "bytes": kernel.len(),
            }],
        })
    };
    let linux = |variant| {
        let mut guest = of("linux", variant);
        guest["kernelImage"] = json!({
            "name": LINUX_IMAGE, "version": "1", "pinned": true, "sha256": hash::of(b"linux"),
        });
        guest
    };
    let capos = ["samples", "segments", "plain"].map(|variant| of("capos", variant));
    let linux = ["samples", "counts", "perf"].map(linux);
    json!([capos, linux].concat())
}

/// The bytes of a stored stream.
pub fn raw(path: &Path) -> Vec<u8> {
    zstd::decode_all(fs::File::open(path).unwrap()).unwrap()
}

pub fn names(report: &Report, verdict: Verdict) -> Vec<&'static str> {
    let checks = report.checks().filter(|check| check.verdict == verdict);
    checks.map(|check| check.name).collect()
}

/// The first row's numbers, in results.json as it is stored.
pub fn first_measurement(document: &mut Value) -> &mut Value {
    &mut document["results"][0]["measurement"]
}
