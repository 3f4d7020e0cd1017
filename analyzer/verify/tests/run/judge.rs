//! From a run's streams to its results, by the crates that make real ones.
//!
//! The tables of second instruments are put together by hand: the crate that joins
//! them would bring a data frame library into these tests. Real runs are verified by
//! the end-to-end tests.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use capbench_frames::audit::{InstructionLog, MispricedCode, ProbeSites, audit};
use capbench_frames::check::{
    Authority, Ending, Expectation, Finding, Objection, Program, Stream, check, check_unreadable,
    check_without_trace, streams_differ,
};
use capbench_frames::figures::{Figures, Loop};
use capbench_frames::outcome::{Boot, Material, Row, outcome, refused};
use capbench_frames::trace::{Trace, read_file};
use capbench_results::{
    BenchmarkResult, Comparison, ComparisonOutcome, Digest, Envelope, Evidence,
    InstrumentAgreement, InstrumentReading, InvalidReason, Label, Mispriced, Mode, NoRatioReason,
    Outcome, Ratio, Refusal, Results, RowName, Run as RunLine, Unit, UnsupportedReason,
};
use capbench_runner::boot::{CapturedBoot, Exit};
use capbench_runner::guest::{GuestName, Variant};
use capbench_runner::hash;
use capbench_runner::manifest::{AuthorityProfile, Benchmark, System};
use capbench_runner::record::{RunRecord, State};
use serde_json::{Map, Value, json};

use crate::artifact::{AUDIT, raw};
use crate::definitions::{self, typed};
use crate::emulator;
use crate::stream::{Record, spans};

type Kept = Map<String, Value>;

/// What a run's streams come to.
pub struct Judged {
    pub results: Results,
    pub audit: Value,
}

struct OfBoot<'a> {
    boot: &'a CapturedBoot,
    trace: Option<Trace>,
    findings: Vec<Finding>,
}

struct OfAudit {
    finding: Option<Finding>,
    mispriced: BTreeMap<String, Vec<Mispriced>>,
    stated: Value,
}

pub fn judge(directory: &Path, record: &RunRecord, kept: &Kept) -> Judged {
    let boots = record.boots.iter().filter(|boot| !boot.id.audit);
    let boots: Vec<OfBoot> = boots
        .map(|boot| of_boot(directory, record, kept, boot))
        .collect();
    let audited = of_audit(directory, record);
    let results: Vec<BenchmarkResult> = rows(kept)
        .into_iter()
        .map(|name| row(record, kept, &boots, &audited, name))
        .collect();
    Judged {
        audit: json!([audited.stated]),
        results: Results {
            run: RunLine {
                mode: Mode::Exact,
                envelope: Envelope {
                    hash: record.envelope.hash,
                    description: "e".into(),
                },
                ..record.summary(&GuestName::ALL.into())
            },
            comparisons: vec![comparison(&results)],
            results,
            context: Vec::new(),
        },
    }
}

/// Every row that the definitions stand for.
fn rows(kept: &Kept) -> Vec<RowName> {
    let benchmarks = kept
        .iter()
        .filter(|(key, _)| key.starts_with("benchmarks/"));
    let mut rows = Vec::new();
    for benchmark in benchmarks.map(|(_, value)| typed::<Benchmark>(value)) {
        for (guest, mechanism) in &benchmark.guests {
            rows.extend(benchmark.batches.iter().map(|batch| RowName {
                benchmark_name: benchmark.row_name(*batch),
                guest: guest.clone(),
                system: mechanism.system.clone(),
            }));
        }
    }
    rows.sort_by_key(|row| (row.guest.clone(), row.benchmark_name.clone()));
    rows
}

fn of_boot<'a>(
    directory: &Path,
    record: &RunRecord,
    kept: &Kept,
    boot: &'a CapturedBoot,
) -> OfBoot<'a> {
    let source = boot.stream().map_or_else(
        || boot.id.stem(),
        |stream| stream.file.display().to_string(),
    );
    let mut expected = Expectation {
        ending: Some(ending(&boot.exit)),
        features: None,
        authority: (boot.id.system == "ring").then(|| authority(kept)),
        ..Expectation::default()
    };
    let Some(stream) = boot.stream() else {
        let findings = check_without_trace(&source, &expected);
        return OfBoot {
            boot,
            trace: None,
            findings,
        };
    };
    match read_file(&directory.join(&stream.file), &source) {
        Ok(trace) => {
            expected.features = Some(features(record, boot, &trace));
            let mut findings = check(&trace, &expected);
            findings.extend(disagreements(&trace));
            OfBoot {
                boot,
                trace: Some(trace),
                findings,
            }
        }
        Err(error) => OfBoot {
            boot,
            trace: None,
            findings: check_unreadable(&source, &expected, &error),
        },
    }
}

fn ending(exit: &Exit) -> Ending {
    match exit {
        Exit::Clean => Ending::Clean,
        Exit::ProgramFailed => Ending::InitFailed,
        Exit::KernelPanic => Ending::Panicked,
        Exit::TimedOut { .. } => Ending::TimedOut(exit.to_string()),
        Exit::InternalError { .. } | Exit::NotTried { .. } => {
            Ending::InternalError(exit.to_string())
        }
        Exit::Interrupted => Ending::Interrupted,
        Exit::NotStarted { .. } => Ending::NotStarted(exit.to_string()),
        _ => Ending::Abnormal(exit.to_string()),
    }
}

fn features(record: &RunRecord, boot: &CapturedBoot, trace: &Trace) -> Vec<String> {
    let mut declared = record.overrides.extra.features.clone();
    if boot.id.system == "linux-matched" {
        declared.push(
            match boot.id.variant {
                Variant::Counts => "ebpf",
                Variant::Perf => "perf",
                _ => "markers",
            }
            .into(),
        );
    }
    let session = trace.statements.session.iter();
    let named = session.flat_map(|session| &session.features);
    named
        .filter(|feature| declared.contains(&feature.split('=').next().unwrap().to_owned()))
        .cloned()
        .collect()
}

fn authority(kept: &Kept) -> Authority {
    let system: System = typed(&kept["systems/ring"]);
    let profile: AuthorityProfile = typed(&kept["authority/ring-measure"]);
    let grants = |grants: &[capbench_runner::manifest::Grant]| {
        let grants = grants.iter();
        grants
            .map(|grant| (grant.name.clone(), grant.source.clone()))
            .collect()
    };
    Authority {
        programs: vec![
            Program {
                name: system.init.binary.clone(),
                grants: grants(&system.init.grants),
            },
            Program {
                name: "ring-nop".into(),
                grants: grants(&profile.grants),
            },
        ],
        denials: profile
            .denials
            .into_iter()
            .map(|denial| denial.name)
            .collect(),
    }
}

/// Instrument, unit, program, observed, allowed.
type Reading = (String, String, f64, f64, f64);

fn readings(marked: bool, looped: &Loop) -> Vec<Reading> {
    let value = |name: &str| looped.counters.get(name).map(|change| change.value as f64);
    let mut found = Vec::new();
    for (name, change) in &looped.counters {
        if let Some(event) = name.strip_prefix("expected.") {
            let counted = value(event).unwrap_or(0.0);
            let (unit, expected) = (change.unit.clone(), change.value as f64);
            found.push((event.to_owned(), unit, expected, counted, 0.0));
        }
    }
    let program = looped.program_ns.unwrap();
    for (name, counter, empty, may, owed) in [
        ("markers", "marker_ns", "marker_self_ns", 0.001, marked),
        (
            "task clock",
            "task_clock_ns",
            "task_clock_self_ns",
            0.01,
            false,
        ),
    ] {
        if owed || value(counter).is_some() {
            let observed = value(counter).unwrap_or(0.0) - value(empty).unwrap_or(0.0);
            let allowed = (program * may).max(1.0);
            found.push((name.into(), "ns".into(), program, observed, allowed));
        }
    }
    found
}

fn each_reading(trace: &Trace) -> Vec<(String, String, Reading)> {
    let figures = Figures::of(trace);
    let loops = figures.loops.iter().filter(|looped| looped.operations > 0);
    let all = loops.flat_map(|looped| {
        let readings = readings(figures.marked, looped).into_iter();
        readings.map(|reading| (figures.pass.clone(), looped.benchmark.clone(), reading))
    });
    all.collect()
}

fn disagreements(trace: &Trace) -> Vec<Finding> {
    let readings = each_reading(trace).into_iter();
    let wrong = readings.filter(|(.., r)| (r.3 - r.2).abs() > r.4);
    wrong
        .map(|(_, benchmark, reading)| Finding {
            check: "instruments",
            objection: Objection::Invalid(InvalidReason::InstrumentsDisagree),
            benchmark: Some(benchmark),
            evidence: Evidence {
                source: trace.source.clone(),
                subject: reading.0,
                expected: reading.2.to_string(),
                observed: reading.3.to_string(),
            },
        })
        .collect()
}

fn agreements(own: &[&OfBoot], benchmark: &str) -> Vec<InstrumentAgreement> {
    let traces = own.iter().filter_map(|boot| boot.trace.as_ref());
    let all = traces.flat_map(|trace| {
        let readings = each_reading(trace).into_iter();
        readings.map(|reading| (trace.source.clone(), reading))
    });
    // One boot of each pass, so each reading is a line.
    all.filter(|(_, (_, of, _))| of == benchmark)
        .map(
            |(trace, (pass, _, (instrument, unit, program, observed, allowed)))| {
                InstrumentAgreement {
                    pass,
                    instrument,
                    unit,
                    agreed: 1,
                    not_judged: 0,
                    why: None,
                    widest: Some(InstrumentReading {
                        trace,
                        program,
                        observed,
                        allowed,
                    }),
                }
            },
        )
        .collect()
}

fn of_audit(directory: &Path, record: &RunRecord) -> OfAudit {
    let boot = record.boots.iter().find(|boot| boot.id.audit).unwrap();
    let file = directory.join(&boot.stream().unwrap().file);
    let image = emulator::image();
    let sites = ProbeSites::from_elf(&image).unwrap();
    let code = MispricedCode::from_elf(&image).unwrap();
    let log = File::open(directory.join(format!("boots/{AUDIT}.instructions.log.zst"))).unwrap();
    let log = BufReader::new(zstd::Decoder::new(log).unwrap());
    let log = InstructionLog::read(log, &sites, &code).unwrap();
    let trace = read_file(&file, AUDIT).unwrap();
    let mut all = Vec::new();
    spans(&raw(&file), |record| {
        all.push(match *record {
            Record::Span(span) => span,
            Record::Root(root) => trace_format::Span {
                start: root.start,
                duration: root.duration,
                segment: root.segment,
            },
        });
    });
    let times = emulator::instants(&raw(&file));
    let found = audit(&log, all.iter().copied(), times.into_iter(), None);
    let clean = boot.exit == Exit::Clean;
    let agrees = clean && found.as_ref().is_ok_and(|found| found.agrees());
    let finding = (!agrees).then(|| Finding {
        check: "audit",
        objection: Objection::Invalid(InvalidReason::InstrumentsDisagree),
        benchmark: None,
        evidence: Evidence {
            source: AUDIT.into(),
            subject: "durations of spans".into(),
            expected: "the emulator's count".into(),
            observed: "another".into(),
        },
    });
    let counted_by = format!("instruction log of {AUDIT}");
    let found = found.ok();
    let figure = |of: fn(&capbench_frames::audit::Audit) -> u64| found.as_ref().map_or(0, of);
    OfAudit {
        finding,
        mispriced: found.as_ref().map_or_else(BTreeMap::new, |found| {
            found.mispriced(&log, &trace.windows, &counted_by)
        }),
        stated: json!({
            "boot": AUDIT,
            "compared": figure(|found| found.compared),
            "readingsBefore": figure(|found| found.readings_before),
            "instructions": figure(|found| found.instructions),
            "disagreements": figure(|found| found.disagreement_count),
            "detail": [],
            "mispriced": {},
        }),
    }
}

fn row(
    record: &RunRecord,
    kept: &Kept,
    boots: &[OfBoot],
    audited: &OfAudit,
    name: RowName,
) -> BenchmarkResult {
    let (benchmark, batch) = name.benchmark_name.rsplit_once('/').unwrap();
    let definition: Benchmark = typed(&kept[&format!("benchmarks/{benchmark}")]);
    let own = boots.iter().filter(|of| of.boot.id.system == name.system);
    let own: Vec<&OfBoot> = own.collect();
    let streams: Vec<(String, Digest)> = own
        .iter()
        .filter_map(|of| Some((of.boot.id.stem(), of.boot.stream()?.sha256)))
        .collect();
    let asked = Row {
        benchmark: &name.benchmark_name,
        batch: batch.parse().unwrap(),
        samples: Some(definition.samples.into()),
        unit: Unit::Instructions,
        lower_is_better: true,
    };
    BenchmarkResult {
        run_id: record.run_id.clone(),
        tier: definition.tier.into(),
        correctness_id: definition.correctness_id(),
        config_hash: definitions::series(kept, benchmark, &name.system),
        artifact_hash: (!streams.is_empty()).then(|| hash::of_canonical(&streams)),
        notes: String::new(),
        mode: Mode::Exact,
        authority_profile: definition.authority.clone(),
        labels: labels(&kept[&format!("authority/{}", definition.authority)]),
        attempts: own.len() as u32,
        outcome: ends(record, kept, &own, audited, &asked, &definition, &name),
        guest: name.guest,
        system: name.system,
        benchmark_name: name.benchmark_name,
    }
}

/// The only label that these runs have.
fn labels(profile: &serde_json::Value) -> Vec<Label> {
    let mut grants = profile["grants"].as_array().unwrap().iter();
    let measures = grants.any(|grant| grant["source"] == "measure_control");
    measures
        .then_some(Label::MeasurementCapability)
        .into_iter()
        .collect()
}

fn ends(
    record: &RunRecord,
    kept: &Kept,
    own: &[&OfBoot],
    audited: &OfAudit,
    asked: &Row,
    definition: &Benchmark,
    name: &RowName,
) -> Outcome {
    let has = kept[&format!("guests/{}", name.guest)]["subsystems"].to_string();
    let missing = definition
        .requires
        .iter()
        .find(|needed| !has.contains(*needed));
    if let Some(missing) = missing {
        let detail = format!("{} has no {missing}", name.guest);
        return Outcome::Unsupported(Refusal::new(UnsupportedReason::MissingSubsystem, detail));
    }
    let of = |variant: Variant| -> Vec<Boot> {
        let boots = own.iter().filter(|of| of.boot.id.variant == variant);
        boots
            .filter_map(|of| {
                Some(Boot {
                    trace: of.trace.as_ref()?,
                    findings: &of.findings,
                })
            })
            .collect()
    };
    let unread = own.iter().filter(|of| of.trace.is_none());
    let mut across: Vec<Finding> = unread.flat_map(|of| of.findings.clone()).collect();
    if record.state == State::Interrupted {
        across.push(Finding {
            check: "ending",
            objection: Objection::Failed(capbench_results::FailureReason::Interrupted),
            benchmark: None,
            evidence: Evidence {
                source: record.run_id.clone(),
                subject: "boots".into(),
                expected: "all".into(),
                observed: "some".into(),
            },
        });
    }
    for variant in [Variant::Samples, Variant::Segments] {
        let streams = own.iter().filter(|of| of.boot.id.variant == variant);
        let streams: Vec<Stream> = streams
            .filter_map(|of| {
                let stream = of.boot.stream()?;
                Some(Stream {
                    trace: of.trace.as_ref(),
                    source: stream.file.display().to_string(),
                    hash: stream.sha256,
                })
            })
            .collect();
        across.extend(streams_differ(&streams));
    }
    let capos = name.guest == "capos";
    across.extend(audited.finding.iter().filter(|_| capos).cloned());
    let measured = of(Variant::Samples);
    if measured.is_empty() {
        return refused(asked, &across);
    }
    let passes = [Variant::Counts, Variant::Perf].map(|pass| (pass.name(), of(pass)));
    let passes = passes.into_iter().filter(|(_, boots)| !boots.is_empty());
    let counted = audited.mispriced.get(asked.benchmark);
    outcome(
        asked,
        &Material {
            measured: &measured,
            traced: &of(Variant::Segments),
            passes: &passes.collect::<Vec<_>>(),
            across: &across,
            instruments: &agreements(own, asked.benchmark),
            mispriced: counted.filter(|_| capos).map_or(&[], Vec::as_slice),
        },
    )
}

/// The one that the definitions declare.
fn comparison(results: &[BenchmarkResult]) -> Comparison {
    let find = |name: &str| {
        results
            .iter()
            .find(|row| row.benchmark_name == name)
            .unwrap()
    };
    let (above, below) = (find("ring/nop/1"), find("linux/null-syscall/1"));
    let median = |row: &BenchmarkResult| row.outcome.measurement().map(|m| m.median);
    Comparison {
        numerator: RowName::of(above),
        denominator: RowName::of(below),
        difference: "much".into(),
        outcome: match (median(above), median(below)) {
            (Some(above), Some(below)) => ComparisonOutcome::Ratio(Ratio {
                value: above / below,
                unit: Unit::Instructions,
                numerator: above,
                denominator: below,
            }),
            _ => ComparisonOutcome::None(Refusal::new(NoRatioReason::NotMeasured, "no number")),
        },
    }
}
