//! From captured boots to results: gives every stage what it needs of the one before.
//!
//! The runner knows how a boot ended and what was declared; `frames` knows what its
//! stream says and which rules object; `results` knows what may be published. This
//! file only carries one to the other.

pub mod audit;

use capbench_frames::check::{
    Authority, Ending, Expectation, Finding, Objection, Program, Stream, check, check_unreadable,
    check_without_trace, streams_differ,
};
use capbench_frames::outcome::{self, Boot, outcome, refused};
use capbench_frames::trace::{Trace, read_file};
use capbench_results::{
    BenchmarkResult, Digest, Evidence, FailureReason, Outcome, Refusal, Results, UnsupportedReason,
};
use capbench_runner::boot::{CapturedBoot, Exit};
use capbench_runner::envelope::PROCESSORS;
use capbench_runner::guest::{KernelImage, Variant};
use capbench_runner::hash;
use capbench_runner::manifest::{Catalogue, System};
use capbench_runner::mode::Clock;
use capbench_runner::plan::Row;
use capbench_runner::record::State;
use capbench_runner::run::CapturedRun;

/// A boot with what its stream says and what the rules object to.
struct Judged<'a> {
    boot: &'a CapturedBoot,
    trace: Option<Trace>,
    findings: Vec<Finding>,
}

/// One result per row of the plan. An audit that does not agree is an objection
/// to every one of its guest's.
pub fn evaluate(run: &CapturedRun, catalogue: &Catalogue, audits: &[audit::Report]) -> Results {
    let objections: Vec<Finding> = audits.iter().filter_map(audit::Report::finding).collect();
    let judged: Vec<Judged> = run
        .record
        .boots
        .iter()
        .filter(|boot| !boot.id.audit)
        .map(|boot| judge(boot, run, catalogue))
        .collect();
    Results {
        run: run.record.summary(),
        results: run
            .plan
            .rows
            .iter()
            .map(|row| result(row, &judged, &objections, run))
            .collect(),
    }
}

fn judge<'a>(boot: &'a CapturedBoot, run: &CapturedRun, catalogue: &Catalogue) -> Judged<'a> {
    let source = boot.stream().map_or_else(
        || boot.id.stem(),
        |stream| stream.file.display().to_string(),
    );
    let mut expected = Expectation {
        ending: Some(ending(&boot.exit)),
        features: None,
        authority: boot
            .id
            .guest
            .has_capabilities()
            .then(|| authority(&catalogue.systems[&boot.id.system], catalogue)),
    };
    if boot.id.variant == Variant::Plain {
        // It emits no stream by design, so only its ending can be judged.
        let findings = check_without_trace(&source, &expected);
        let findings = findings
            .into_iter()
            .filter(|f| f.check == "ending")
            .collect();
        return Judged {
            boot,
            trace: None,
            findings,
        };
    }
    let read = boot
        .stream()
        .map(|stream| read_file(&run.locate(&stream.file), &source));
    let (trace, findings) = match read {
        Some(Ok(trace)) => {
            expected.features = Some(declared_features(&trace, boot.id.variant, run));
            let findings = check(&trace, &expected);
            (Some(trace), findings)
        }
        Some(Err(error)) => (None, check_unreadable(&source, &expected, &error)),
        None => (None, check_without_trace(&source, &expected)),
    };
    Judged {
        boot,
        trace,
        findings,
    }
}

fn ending(exit: &Exit) -> Ending {
    match exit {
        Exit::Clean => Ending::Clean,
        Exit::ProgramFailed => Ending::InitFailed,
        Exit::KernelPanic => Ending::Panicked,
        Exit::TimedOut { .. } => Ending::TimedOut(exit.to_string()),
        Exit::Interrupted => Ending::Interrupted,
        Exit::NotStarted { .. } => Ending::NotStarted(exit.to_string()),
        Exit::Unexpected { .. } | Exit::Killed { .. } | Exit::CaptureOverflow { .. } => {
            Ending::Abnormal(exit.to_string())
        }
    }
}

/// Kernel features carry their parameters, `inject=body:7`; what the command line
/// declared is the part before them.
fn declared_features(trace: &Trace, variant: Variant, run: &CapturedRun) -> Vec<String> {
    let mut declared = run.record.overrides.extra.features.clone();
    declared.extend(instrument(trace, variant).map(str::to_owned));
    let reported = trace
        .statements
        .session
        .iter()
        .flat_map(|session| &session.features);
    reported
        .filter(|feature| {
            let name = feature.split('=').next().unwrap_or_default();
            declared.iter().any(|declared| declared == name)
        })
        .cloned()
        .collect()
}

/// The second instrument that a variant of the Linux guest runs. A kernel that is
/// built here has none: there the name would be a feature nobody declared.
fn instrument(trace: &Trace, variant: Variant) -> Option<&'static str> {
    let session = trace.statements.session.as_ref()?;
    if !session.kernel.starts_with("linux ") {
        return None;
    }
    match variant {
        Variant::Samples => Some("markers"),
        Variant::Counts => Some("ebpf"),
        Variant::Perf => Some("perf"),
        Variant::Segments | Variant::Plain => None,
    }
}

fn authority(system: &System, catalogue: &Catalogue) -> Authority {
    let grants = |grants: &[capbench_runner::manifest::Grant]| {
        let pair =
            |grant: &capbench_runner::manifest::Grant| (grant.name.clone(), grant.source.clone());
        grants.iter().map(pair).collect()
    };
    let init = Program {
        name: system.init.binary.clone(),
        grants: grants(&system.init.grants),
    };
    let profile =
        |program: &capbench_runner::manifest::Program| &catalogue.authority[&program.authority];
    let programs = system.programs.iter().map(|program| Program {
        name: program.name.clone(),
        grants: grants(&profile(program).grants),
    });
    let denials = system
        .programs
        .iter()
        .flat_map(|program| &profile(program).denials);
    Authority {
        programs: std::iter::once(init).chain(programs).collect(),
        denials: denials.map(|denial| denial.name.clone()).collect(),
    }
}

fn result(row: &Row, judged: &[Judged], audits: &[Finding], run: &CapturedRun) -> BenchmarkResult {
    let benchmark = &row.benchmark;
    let mechanism = &benchmark.guests[row.guest.name()];
    let own: Vec<&Judged> = judged
        .iter()
        .filter(|judged| {
            let id = &judged.boot.id;
            id.guest == row.guest && id.system == mechanism.system
        })
        .collect();
    let kernel = run
        .record
        .guests
        .iter()
        .filter(|guest| guest.guest == row.guest)
        .find_map(|guest| guest.kernel_image.as_ref());
    BenchmarkResult {
        run_id: run.record.run_id.clone(),
        benchmark_name: row.name.clone(),
        tier: benchmark.tier.into(),
        correctness_id: benchmark.correctness_id(),
        config_hash: configuration(row, kernel),
        artifact_hash: artifact_hash(&own),
        notes: match kernel {
            None => format!("{} {}", mechanism.mechanism, mechanism.difference),
            Some(kernel) => format!(
                "{} {} Kernel: {kernel}.",
                mechanism.mechanism, mechanism.difference
            ),
        },
        guest: row.guest.to_string(),
        mode: run.record.mode,
        authority_profile: benchmark.authority.clone(),
        outcome: outcome_of(row, &own, audits, run),
    }
}

/// A kernel that is not built here belongs to the configuration: two kernels are
/// two series.
fn configuration(row: &Row, kernel: Option<&KernelImage>) -> Digest {
    match kernel {
        None => row.definition,
        Some(kernel) => hash::of_canonical(&(row.definition, kernel.sha256)),
    }
}

/// The streams a result rests on, by content.
fn artifact_hash(boots: &[&Judged]) -> Option<Digest> {
    let streams: Vec<(String, Digest)> = boots
        .iter()
        .filter_map(|judged| Some((judged.boot.id.stem(), judged.boot.stream()?.sha256)))
        .collect();
    (!streams.is_empty()).then(|| hash::of_canonical(&streams))
}

fn outcome_of(row: &Row, own: &[&Judged], audits: &[Finding], run: &CapturedRun) -> Outcome {
    if !row.missing.is_empty() {
        let detail = format!("{} has no {}", row.guest, row.missing.join(", "));
        return Outcome::Unsupported(Refusal::new(UnsupportedReason::MissingSubsystem, detail));
    }
    if let Some(why) = &row.no_image {
        let refusal = Refusal::new(UnsupportedReason::NoGuestImage, why);
        return Outcome::Unsupported(refusal);
    }
    let asked = outcome::Row {
        benchmark: &row.name,
        batch: row.batch,
        samples: Some(row.benchmark.samples.into()),
        unit: run.record.mode.unit(row.benchmark.window_idles, PROCESSORS),
        lower_is_better: row.benchmark.lower_is_better,
    };
    let across = across(own, run);
    // A boot without a readable trace refuses the row, and so does a plain boot
    // that went wrong: its findings count, though it has no values.
    let unread = own.iter().filter(|judged| judged.trace.is_none());
    let mut beyond: Vec<Finding> = unread.flat_map(|judged| judged.findings.clone()).collect();
    // The other instruments' boots have findings of their own, and no values here.
    let others = own.iter().filter(|judged| {
        let variant = judged.boot.id.variant;
        matches!(variant, Variant::Counts | Variant::Perf) && judged.trace.is_some()
    });
    beyond.extend(others.flat_map(|judged| judged.findings.clone()));
    beyond.extend(across);
    beyond.extend_from_slice(audits);
    let measured = readable(own, Variant::Samples);
    if measured.is_empty() {
        return refused(&asked, &beyond);
    }
    outcome(
        &asked,
        &measured,
        &readable(own, Variant::Segments),
        &beyond,
    )
}

fn readable<'a>(own: &[&'a Judged], variant: Variant) -> Vec<Boot<'a>> {
    own.iter()
        .filter(|judged| judged.boot.id.variant == variant)
        .filter_map(|judged| {
            Some(Boot {
                trace: judged.trace.as_ref()?,
                findings: &judged.findings,
            })
        })
        .collect()
}

/// What no single boot shows: an unfinished run, streams that should be equal.
fn across(own: &[&Judged], run: &CapturedRun) -> Vec<Finding> {
    let mut findings = Vec::new();
    if run.record.state == State::Interrupted {
        findings.push(Finding {
            check: "ending",
            objection: Objection::Failed(FailureReason::Interrupted),
            benchmark: None,
            evidence: Evidence {
                source: run.record.run_id.clone(),
                subject: "boots".into(),
                expected: format!("{} of the run", run.plan.boots.len()),
                observed: format!("{} before it was stopped", run.record.boots.len()),
            },
        });
    }
    if run.record.mode.repeats_exactly() {
        let variants = own
            .first()
            .map_or(&[][..], |boot| boot.boot.id.guest.variants());
        for &variant in variants {
            findings.extend(streams_differ(&streams(own, variant)));
        }
    }
    findings
}

/// Streams of boots that ended as they should; the others differ for a reason
/// that has a finding of its own.
fn streams(own: &[&Judged], variant: Variant) -> Vec<Stream> {
    own.iter()
        .filter(|judged| judged.boot.id.variant == variant && judged.boot.exit.is_clean())
        .filter_map(|judged| {
            let stream = judged.boot.stream()?;
            Some(Stream {
                source: stream.file.display().to_string(),
                hash: stream.sha256,
            })
        })
        .collect()
}
