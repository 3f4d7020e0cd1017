//! From captured boots to results: gives every stage what it needs of the one before.
//!
//! The runner knows how a boot ended and what was declared; `frames` knows what its
//! stream says and which rules object; `results` knows what may be published. This
//! file only carries one to the other.

pub mod audit;
pub mod exercised;
mod join;
mod labels;
mod native;
mod not_tried;
pub mod privileged;
mod repeated;
mod smokes;
mod transcript;

use capbench_frames::check::{
    Authority, Ending, Expectation, Finding, Objection, Program, Stream, check, check_unreadable,
    check_without_trace, streams_differ,
};
use capbench_frames::outcome::{self, Boot, Material, outcome, refused};
use capbench_frames::trace::{Trace, read_file};
use capbench_join::PolarsError;
use capbench_join::instruments::{BootFigures, Instruments};
use capbench_results::{
    BenchmarkResult, Digest, Evidence, FailureReason, Label, Mispriced, MispricedKind, Outcome,
    Refusal, Results, RowName, UnsupportedReason,
};
use capbench_runner::boot::again::kinds;
use capbench_runner::boot::{CapturedBoot, Exit};
use capbench_runner::envelope::PROCESSORS;
use capbench_runner::guest::{GuestName, KernelImage, Package, Variant};
use capbench_runner::hash;
use capbench_runner::manifest::{Catalogue, System};
use capbench_runner::mode::Clock;
use capbench_runner::plan::Row;
use capbench_runner::record::State;
use capbench_runner::run::CapturedRun;
use std::collections::BTreeMap;

use labels::{has_script, labels};

/// A boot with what its stream says and what the rules object to.
struct Judged<'a> {
    boot: &'a CapturedBoot,
    trace: Option<Trace>,
    findings: Vec<Finding>,
}

/// What the rows of a run are judged by, beside their own boots.
struct Evaluation<'a> {
    run: &'a CapturedRun,
    catalogue: &'a Catalogue,
    audits: &'a [audit::Report],
    figures: Vec<BootFigures>,
    instruments: Instruments,
}

/// One result per row of the plan, and the rows that mappings put side by side. An
/// audit that does not agree is an objection to every one of its guest's, and a smoke
/// that did not pass to every one that stands on it.
pub fn evaluate(
    run: &CapturedRun,
    catalogue: &Catalogue,
    audits: &[audit::Report],
) -> Result<Results, PolarsError> {
    let boots = run.record.counted_boots().filter(|boot| !boot.id.audit);
    let mut judged: Vec<Judged> = boots.map(|boot| judge(boot, run, catalogue)).collect();
    let figures = join::figures(&judged);
    let instruments = Instruments::join(&figures)?;
    join::object(&mut judged, instruments.disagreements()?);
    let evaluation = Evaluation {
        run,
        catalogue,
        audits,
        figures,
        instruments,
    };
    let rows = run.plan.rows.iter();
    let mut results: Vec<BenchmarkResult> = rows
        .map(|row| evaluation.result(row, &judged))
        .collect::<Result<_, _>>()?;
    // Before anything is made of the numbers.
    smokes::enforce(&run.plan.rows, &mut results);
    Ok(Results {
        run: run.record.summary(&run.plan.guests()),
        comparisons: join::comparisons(&run.plan.rows, &results, catalogue)?,
        results,
        context: native::context(run),
    })
}

fn judge<'a>(boot: &'a CapturedBoot, run: &CapturedRun, catalogue: &Catalogue) -> Judged<'a> {
    let source = source(boot);
    let mut expected = Expectation {
        ending: Some(ending(&boot.exit)),
        features: None,
        authority: boot
            .id
            .guest
            .has_capabilities
            .then(|| authority(&catalogue.systems[&boot.id.system], catalogue)),
        submissions: submissions(&run.plan.rows),
        exit_codes: exit_codes(&catalogue.systems[&boot.id.system]),
    };
    let not_tried = matches!(boot.exit, Exit::NotTried { .. });
    if boot.id.variant == Variant::Plain || not_tried {
        // No stream can be there, so only its ending can be judged.
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
        .map(|stream| read_file(&run.locate(&stream.file), &source))
        .map(|read| read.map_err(|error| error.relative_to(run.directory.path())));
    let (trace, findings) = match read {
        Some(Ok(trace)) => {
            let mut features = declared_features(&trace, (boot.id.guest, boot.id.variant), run);
            if has_script(run, |id| {
                (id.guest, &id.system) == (boot.id.guest, &boot.id.system)
            }) {
                // The kernel's word for it is the label's.
                features.push(Label::ScriptedInput.to_string());
            }
            expected.features = Some(features);
            let mut findings = check(&trace, &expected);
            findings.extend(transcript::findings(boot, run));
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

/// Where evidence of a boot comes from: its stream, or its name without one.
fn source(boot: &CapturedBoot) -> String {
    boot.stream().map_or_else(
        || boot.id.stem(),
        |stream| stream.file.display().to_string(),
    )
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
        Exit::Unexpected { .. } | Exit::Killed { .. } | Exit::CaptureOverflow { .. } => {
            Ending::Abnormal(exit.to_string())
        }
    }
}

/// Kernel features carry their parameters, `inject=body:7`; what the command line
/// declared is the part before them.
fn declared_features(trace: &Trace, build: (GuestName, Variant), run: &CapturedRun) -> Vec<String> {
    let mut declared = run.record.overrides.extra.features.clone();
    declared.extend(instrument(trace, build).map(str::to_owned));
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

/// The instrument that the guest runs in this variant, in a session of the guest's own
/// kernel. In any other the name would be a feature that nobody declared.
fn instrument(trace: &Trace, (guest, variant): (GuestName, Variant)) -> Option<&'static str> {
    let session = trace.statements.session.as_ref()?;
    let is_its_own = session.kernel.starts_with(guest.kernel_begins_with);
    guest.instrument(variant).filter(|_| is_its_own)
}

/// Of the rows whose operations are not one submission each.
fn submissions(rows: &[Row]) -> BTreeMap<String, u32> {
    let stated = rows.iter().filter_map(|row| {
        let mechanism = &row.benchmark.guests[row.guest.name()];
        Some((row.name.to_string(), mechanism.submissions?))
    });
    stated.collect()
}

/// Of the children that end with another code than 0.
fn exit_codes(system: &System) -> BTreeMap<String, i64> {
    let children = system.children.iter();
    children
        .map(|child| (child.name.clone(), child.exit_code))
        .collect()
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
    let children = system.children.iter().map(|child| Program {
        name: child.name.clone(),
        grants: grants(&child.grants),
    });
    let denials = system
        .programs
        .iter()
        .flat_map(|program| &profile(program).denials);
    Authority {
        programs: std::iter::once(init)
            .chain(programs)
            .chain(children)
            .collect(),
        denials: denials.map(|denial| denial.name.clone()).collect(),
    }
}

impl Evaluation<'_> {
    fn result(&self, row: &Row, judged: &[Judged]) -> Result<BenchmarkResult, PolarsError> {
        let benchmark = &row.benchmark;
        let record = &self.run.record;
        let own: Vec<&Judged> = judged
            .iter()
            .filter(|judged| {
                let id = &judged.boot.id;
                id.guest == row.guest && id.system == row.system
            })
            .collect();
        let kernel = record
            .guests
            .iter()
            .filter(|guest| guest.guest == row.guest)
            .find_map(|guest| guest.kernel_image.as_ref());
        let packages = record
            .packages
            .get(&row.system)
            .map_or(&[][..], Vec::as_slice);
        Ok(BenchmarkResult {
            run_id: record.run_id.clone(),
            benchmark_name: row.name.clone(),
            tier: benchmark.tier.into(),
            correctness_id: benchmark.correctness_id(),
            config_hash: configuration(row, kernel, packages),
            artifact_hash: artifact_hash(&own),
            notes: self.notes(row, kernel, packages),
            guest: row.guest.to_string(),
            system: row.system.clone(),
            mode: record.mode,
            authority_profile: benchmark.authority.clone(),
            labels: labels(row, self.run, self.catalogue),
            attempts: attempts(row, self.run),
            outcome: self.outcome(row, &own)?,
        })
    }

    fn notes(&self, row: &Row, kernel: Option<&KernelImage>, packages: &[Package]) -> String {
        let mechanism = &row.benchmark.guests[row.guest.name()];
        let mut notes = format!("{} {}", mechanism.mechanism, mechanism.difference);
        if has_script(self.run, |id| {
            id.guest == row.guest && id.system == row.system
        }) {
            notes.push_str(&format!(
                " Input: {}, typed by the guest's own timer below the line discipline.",
                Label::ScriptedInput
            ));
        }
        if let Some(kernel) = kernel {
            notes.push_str(&format!(" Kernel: {kernel}."));
        }
        // Those that were asked for; run.json names their libraries' packages too.
        let asked = self.run.plan.packages();
        let asked = asked.get(&(row.guest, row.system.clone()));
        for package in packages {
            if asked.is_some_and(|asked| asked.contains_key(&package.name)) {
                notes.push_str(&format!(" With {} {}.", package.name, package.version));
            }
        }
        notes
    }

    fn outcome(&self, row: &Row, own: &[&Judged]) -> Result<Outcome, PolarsError> {
        if let Some(unsupported) = lacking(row) {
            return Ok(unsupported);
        }
        let mode = self.run.record.mode;
        let asked = outcome::Row {
            benchmark: &row.name,
            batch: row.batch,
            samples: Some(row.benchmark.samples.into()),
            unit: mode.unit(row.benchmark.window_idles, PROCESSORS),
            lower_is_better: row.benchmark.lower_is_better,
        };
        // A boot without a readable trace refuses the row, and so does a plain boot
        // that went wrong: its findings count, though it has no values.
        let unread = not_tried::told(own).filter(|judged| judged.trace.is_none());
        let mut beyond: Vec<Finding> = unread.flat_map(|judged| judged.findings.clone()).collect();
        beyond.extend(across(own, self.run));
        beyond.extend(self.audits_of(row).filter_map(audit::Report::finding));
        let measured = readable(own, Variant::Samples);
        if measured.is_empty() {
            return Ok(refused(&asked, &beyond));
        }
        let passes =
            [Variant::Counts, Variant::Perf].map(|pass| (pass.name(), readable(own, pass)));
        let name = RowName {
            benchmark_name: row.name.clone(),
            guest: row.guest.to_string(),
            system: row.system.clone(),
        };
        Ok(outcome(
            &asked,
            &Material {
                measured: &measured,
                traced: &readable(own, Variant::Segments),
                passes: &passes,
                across: &beyond,
                instruments: &self.instruments.agreements(&name)?,
                mispriced: &self.mispriced(row),
            },
        ))
    }

    fn audits_of(&self, row: &Row) -> impl Iterator<Item = &audit::Report> {
        let audits = self.audits.iter();
        audits.filter(|audit| audit.is_of(row.guest, &row.system))
    }

    /// Only exact mode prices instructions at all. What is declared and nobody
    /// counted is a flag without a count.
    fn mispriced(&self, row: &Row) -> Vec<Mispriced> {
        if !self.run.record.mode.repeats_exactly() {
            return Vec::new();
        }
        let audits = self.audits_of(row);
        let mut counted: Vec<Mispriced> = audits
            .flat_map(|audit| audit.mispriced(&row.name).to_vec())
            .collect();
        for &kind in &row.benchmark.guests[row.guest.name()].mispriced {
            if !counted.iter().any(|known| known.kind == kind) {
                let faults = self
                    .page_faults(row)
                    .filter(|_| kind == MispricedKind::Exception);
                counted.push(Mispriced {
                    kind,
                    per_operation: faults,
                    counted_by: faults.map(|_| "perf's count of page faults".to_owned()),
                });
            }
        }
        counted
    }

    /// Page faults per operation, where the pass that counts them saw any.
    fn page_faults(&self, row: &Row) -> Option<f64> {
        let boots = self.figures.iter().filter(|boot| {
            boot.guest == row.guest.name()
                && boot.system == row.system
                && boot.figures.pass == Variant::Perf.name()
        });
        let mut loops = boots.flat_map(|boot| &boot.figures.loops);
        let looped = loops.find(|looped| row.name == looped.benchmark)?;
        let faults = looped.counters.get("page_faults")?.value;
        (faults > 0 && looped.operations > 0).then(|| faults as f64 / f64::from(looped.operations))
    }
}

/// What keeps a row from being measured at all.
fn lacking(row: &Row) -> Option<Outcome> {
    let refusal = if !row.missing.is_empty() {
        let detail = format!("{} has no {}", row.guest, row.missing.join(", "));
        Refusal::new(UnsupportedReason::MissingSubsystem, detail)
    } else {
        Refusal::new(UnsupportedReason::NoGuestImage, row.no_image.as_ref()?)
    };
    Some(Outcome::Unsupported(refusal))
}

/// What is not built here belongs to the configuration: two kernels, or two versions
/// of a package, are two series.
fn configuration(row: &Row, kernel: Option<&KernelImage>, packages: &[Package]) -> Digest {
    let packages: Vec<Digest> = packages.iter().map(|package| package.sha256).collect();
    match (kernel, packages.is_empty()) {
        (None, _) => row.definition,
        (Some(kernel), true) => hash::of_canonical(&(row.definition, kernel.sha256)),
        (Some(kernel), false) => hash::of_canonical(&(row.definition, kernel.sha256, packages)),
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
            .map_or_else(Vec::new, |boot| boot.boot.id.guest.variants());
        for variant in variants {
            findings.extend(streams_differ(&streams(own, variant)));
        }
        let own = own.first().map(|boot| &boot.boot.id);
        let kinds = kinds(&run.record.boots).into_iter();
        let kinds = kinds.filter(|((guest, system, _), _)| {
            own.is_some_and(|own| own.guest == *guest && own.system == *system)
        });
        findings.extend(kinds.filter_map(|(_, boots)| repeated::finding(&boots)));
    }
    findings
}

/// Boots that took place for a row, counted or not; none for a row that was left out of
/// them.
fn attempts(row: &Row, run: &CapturedRun) -> u32 {
    if lacking(row).is_some() {
        return 0;
    }
    let boots = run.record.boots.iter().map(|boot| &boot.id);
    let own = boots.filter(|id| !id.audit && id.guest == row.guest && id.system == row.system);
    own.count() as u32
}

/// Streams of boots that ended as they should; the others differ for a reason
/// that has a finding of its own.
fn streams<'a>(own: &[&'a Judged], variant: Variant) -> Vec<Stream<'a>> {
    own.iter()
        .filter(|judged| judged.boot.id.variant == variant && judged.boot.exit.is_clean())
        .filter_map(|judged| {
            let stream = judged.boot.stream()?;
            Some(Stream {
                trace: judged.trace.as_ref(),
                source: stream.file.display().to_string(),
                hash: stream.sha256,
            })
        })
        .collect()
}
