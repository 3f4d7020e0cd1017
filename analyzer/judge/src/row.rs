//! One row, judged from all of its boots.

use capbench_results::{
    BenchmarkResult, Digest, Evidence, FailureReason, Label, Mispriced, MispricedKind, Outcome,
    Refusal, RowName, UnsupportedReason,
};
use capbench_runner::boot::BootId;
use capbench_runner::boot::again::kinds;
use capbench_runner::envelope::PROCESSORS;
use capbench_runner::guest::{KernelImage, Package, Variant};
use capbench_runner::hash;
use capbench_runner::manifest::Catalogue;
use capbench_runner::mode::Clock;
use capbench_runner::plan::Row;
use capbench_runner::record::State;
use polars::error::PolarsError;

use crate::Run;
use crate::audit::Audited;
use crate::boot::Judged;
use crate::instruments::{BootFigures, Instruments};
use crate::labels::{has_script, labels};
use crate::not_tried;
use crate::outcome::{self, Boot, Material, outcome, refused};
use crate::rule::{Finding, Objection, Stream, boots, repeated, streams_differ};

/// What the rows of a run are judged by, beside their own boots.
pub(crate) struct Evaluation<'a> {
    pub(crate) run: &'a Run<'a>,
    pub(crate) catalogue: &'a Catalogue,
    pub(crate) audits: &'a [Audited],
    pub(crate) figures: Vec<BootFigures>,
    pub(crate) instruments: Instruments,
}

impl Evaluation<'_> {
    pub(crate) fn result(
        &self,
        row: &Row,
        judged: &[Judged],
    ) -> Result<BenchmarkResult, PolarsError> {
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
        beyond.extend(self.audits_of(row).filter_map(Audited::finding));
        beyond.extend(self.audits_of(row).flat_map(|audit| audit.findings.clone()));
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

    fn audits_of(&self, row: &Row) -> impl Iterator<Item = &Audited> {
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
fn across(own: &[&Judged], run: &Run) -> Vec<Finding> {
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
    } else if let Some(own) = own.first().map(|judged| &judged.boot.id) {
        let of_row = |id: &&BootId| (id.guest, &id.system) == (own.guest, &own.system);
        let planned = run.plan.boots.iter().map(|boot| &boot.id).filter(of_row);
        findings.extend(boots::missing(planned, &run.record.boots));
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
fn attempts(row: &Row, run: &Run) -> u32 {
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
