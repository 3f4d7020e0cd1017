//! results.capnp: the same document as one Cap'n Proto message.
//!
//! Reading costs memory in proportion to the file, whatever its pointers claim.

mod comparison;
mod context;
mod instruments;
mod name;

use crate::breakdown::{Breakdown, SegmentSummary};
use crate::digest::{Digest, NotADigest};
use crate::document::{BenchmarkResult, Contradiction, Envelope, Guest, Results, Run, SCHEMA};
use crate::json::check_schema;
use crate::measurement::{BootSummary, Interval, Measurement, Range, SampleKind, ValueMode};
use crate::outcome::{Evidence, Outcome, Refusal};
use crate::results_capnp as wire;
use crate::words::{Status, UnknownWord};
use capnp::message::{Builder, ReaderOptions};
use std::str::FromStr;

/// The bytes are no results, or contradict themselves.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Not a message of this shape.
    #[error("not a readable Cap'n Proto message: {0}")]
    Malformed(#[from] capnp::Error),
    /// An enum or union carries a number that this version does not know.
    #[error("not a results message of this version: {0}")]
    NotInSchema(#[from] capnp::NotInSchema),
    /// Text is not UTF-8.
    #[error("text is not UTF-8")]
    NotText(#[from] std::str::Utf8Error),
    /// A word of a closed vocabulary is not in it.
    #[error(transparent)]
    UnknownWord(#[from] UnknownWord),
    /// A hash is not one.
    #[error(transparent)]
    NotADigest(#[from] NotADigest),
    /// The parts cannot all be true.
    #[error(transparent)]
    Contradiction(#[from] Contradiction),
}

type Read<T> = Result<T, MessageError>;

impl Results {
    /// The document as one message. Fails rather than write what no reader would
    /// accept.
    pub fn to_message(&self) -> Read<Vec<u8>> {
        self.check()?;
        let mut message = Builder::new_default();
        let mut root = message.init_root::<wire::results::Builder>();
        root.set_schema(SCHEMA);
        write_run(&self.run, root.reborrow().init_run())?;
        let mut list = root.reborrow().init_results(length(&self.results)?);
        for (index, result) in self.results.iter().enumerate() {
            write_result(result, list.reborrow().get(index as u32))?;
        }
        let mut list = root.reborrow().init_comparisons(length(&self.comparisons)?);
        for (index, comparison) in self.comparisons.iter().enumerate() {
            comparison::write(comparison, list.reborrow().get(index as u32))?;
        }
        let mut list = root.init_context(length(&self.context)?);
        for (index, row) in self.context.iter().enumerate() {
            context::write(row, list.reborrow().get(index as u32))?;
        }
        Ok(capnp::serialize::write_message_to_words(&message))
    }

    /// Reads results.capnp.
    pub fn from_message(mut bytes: &[u8]) -> Read<Self> {
        let mut options = ReaderOptions::new();
        // An honest message is walked once; each word may be reached twice.
        options.traversal_limit_in_words(Some(bytes.len() / 4 + 64));
        let message = capnp::serialize::read_message(&mut bytes, options)?;
        let root = message.get_root::<wire::results::Reader>()?;
        check_schema(text(root.get_schema()?)?.as_str())?;
        let results = Self {
            run: read_run(root.get_run()?)?,
            results: root
                .get_results()?
                .iter()
                .map(read_result)
                .collect::<Read<_>>()?,
            comparisons: root
                .get_comparisons()?
                .iter()
                .map(comparison::read)
                .collect::<Read<_>>()?,
            context: root
                .get_context()?
                .iter()
                .map(context::read)
                .collect::<Read<_>>()?,
        };
        results.check()?;
        Ok(results)
    }
}

fn write_run(run: &Run, mut to: wire::run::Builder) -> Read<()> {
    to.set_id(&run.id);
    to.set_suite(&run.suite);
    to.set_mode(run.mode.as_str());
    to.set_started_at(&run.started_at);
    to.set_tool(&run.tool);
    to.set_commit(&run.commit);
    to.set_dirty(run.dirty);
    to.set_boots(run.boots);
    let mut list = to.reborrow().init_guests(length(&run.guests)?);
    for (index, guest) in run.guests.iter().enumerate() {
        let mut to = list.reborrow().get(index as u32);
        to.set_name(&guest.name);
        to.set_title(&guest.title);
        to.set_caution(guest.caution.as_deref().unwrap_or_default());
    }
    let mut envelope = to.init_envelope();
    envelope.set_hash(&run.envelope.hash.0);
    envelope.set_description(&run.envelope.description);
    Ok(())
}

fn read_run(from: wire::run::Reader) -> Read<Run> {
    let envelope = from.get_envelope()?;
    Ok(Run {
        id: text(from.get_id()?)?,
        suite: text(from.get_suite()?)?,
        mode: word(from.get_mode()?)?,
        started_at: text(from.get_started_at()?)?,
        tool: text(from.get_tool()?)?,
        commit: text(from.get_commit()?)?,
        dirty: from.get_dirty(),
        boots: from.get_boots(),
        envelope: Envelope {
            hash: envelope.get_hash()?.try_into()?,
            description: text(envelope.get_description()?)?,
        },
        guests: from
            .get_guests()?
            .iter()
            .map(read_guest)
            .collect::<Read<_>>()?,
    })
}

fn read_guest(from: wire::guest::Reader) -> Read<Guest> {
    let caution = text(from.get_caution()?)?;
    Ok(Guest {
        name: text(from.get_name()?)?,
        title: text(from.get_title()?)?,
        caution: (!caution.is_empty()).then_some(caution),
    })
}

fn write_result(result: &BenchmarkResult, mut to: wire::benchmark_result::Builder) -> Read<()> {
    to.set_run_id(&result.run_id);
    to.set_benchmark_name(&result.benchmark_name);
    to.set_benchmark(result.benchmark_name.benchmark());
    let parameters = result.benchmark_name.parameters();
    name::write(
        parameters,
        to.reborrow().init_parameters(length(parameters)?),
    );
    to.set_tier(result.tier);
    to.set_status(stored_status(result.status()));
    to.set_correctness_id(&result.correctness_id);
    to.set_config_hash(&result.config_hash.0);
    if let Some(hash) = &result.artifact_hash {
        to.set_artifact_hash(&hash.0);
    }
    to.set_notes(&result.notes);
    to.set_guest(&result.guest);
    to.set_system(&result.system);
    to.set_mode(result.mode.as_str());
    to.set_authority_profile(&result.authority_profile);
    let mut labels = to.reborrow().init_labels(length(&result.labels)?);
    for (index, label) in result.labels.iter().enumerate() {
        labels.set(index as u32, label.as_str());
    }
    to.set_attempts(result.attempts);
    let to = to.init_result();
    match &result.outcome {
        Outcome::Passed(measurement) => write_measurement(measurement, to.init_measurement()),
        Outcome::Failed(r) => write_refusal(r.reason.as_str(), r, to.init_failure()),
        Outcome::Unsupported(r) => write_refusal(r.reason.as_str(), r, to.init_unsupported()),
        Outcome::Invalid(r) => write_refusal(r.reason.as_str(), r, to.init_invalid()),
        Outcome::NotApplicable(r) => write_refusal(r.reason.as_str(), r, to.init_not_applicable()),
    }
}

fn read_result(from: wire::benchmark_result::Reader) -> Read<BenchmarkResult> {
    use wire::benchmark_result::result::Which;
    let benchmark_name = text(from.get_benchmark_name()?)?;
    let branch = from.get_result();
    // The default branch of a zeroed union is `measurement`: a null pointer is a
    // missing branch and must not be read as a measurement of zeros.
    let present = match branch.which()? {
        Which::Measurement(_) => branch.has_measurement(),
        Which::Failure(_) => branch.has_failure(),
        Which::Unsupported(_) => branch.has_unsupported(),
        Which::Invalid(_) => branch.has_invalid(),
        Which::NotApplicable(_) => branch.has_not_applicable(),
    };
    if !present {
        return Err(Contradiction(format!("result `{benchmark_name}` carries no branch")).into());
    }
    let outcome = match branch.which()? {
        Which::Measurement(from) => Outcome::Passed(read_measurement(from?)?),
        Which::Failure(from) => Outcome::Failed(read_refusal(from?)?),
        Which::Unsupported(from) => Outcome::Unsupported(read_refusal(from?)?),
        Which::Invalid(from) => Outcome::Invalid(read_refusal(from?)?),
        Which::NotApplicable(from) => Outcome::NotApplicable(read_refusal(from?)?),
    };
    let status = from.get_status()?;
    if status != stored_status(outcome.status()) {
        return Err(Contradiction(format!(
            "result `{benchmark_name}` says `{status:?}` but carries what belongs to `{}`",
            outcome.status()
        ))
        .into());
    }
    let artifact_hash = from.get_artifact_hash()?;
    Ok(BenchmarkResult {
        run_id: text(from.get_run_id()?)?,
        benchmark_name: name::read(
            benchmark_name,
            from.has_benchmark()
                .then(|| from.get_benchmark())
                .transpose()?,
            from.get_parameters()?,
        )?,
        tier: from.get_tier(),
        correctness_id: text(from.get_correctness_id()?)?,
        config_hash: from.get_config_hash()?.try_into()?,
        artifact_hash: if artifact_hash.is_empty() {
            None
        } else {
            Some(Digest::try_from(artifact_hash)?)
        },
        notes: text(from.get_notes()?)?,
        guest: text(from.get_guest()?)?,
        system: text(from.get_system()?)?,
        mode: word(from.get_mode()?)?,
        authority_profile: text(from.get_authority_profile()?)?,
        labels: from
            .get_labels()?
            .iter()
            .map(|label| word(label?))
            .collect::<Read<_>>()?,
        attempts: from.get_attempts(),
        outcome,
    })
}

fn write_measurement(
    measurement: &Measurement,
    mut to: wire::measurement_summary::Builder,
) -> Read<()> {
    to.set_unit(measurement.unit.as_str());
    to.set_lower_is_better(measurement.lower_is_better);
    to.set_median(measurement.median);
    to.set_p95(or_nan(measurement.p95));
    to.set_samples(measurement.samples.as_slice())?;
    to.set_sample_kind(match measurement.sample_kind {
        SampleKind::Operations => wire::SampleKind::Operations,
        SampleKind::BatchMeans => wire::SampleKind::BatchMeans,
    });
    to.set_batch(measurement.batch);
    to.set_n(measurement.n);
    to.set_min(measurement.min);
    to.set_max(measurement.max);
    to.set_sd(or_nan(measurement.sd));
    let mut range = to.reborrow().init_range();
    range.set_low(measurement.range.low);
    range.set_high(measurement.range.high);
    if let Some(interval) = measurement.interval {
        let mut to = to.reborrow().init_interval();
        to.set_low(interval.low);
        to.set_high(interval.high);
        to.set_confidence(interval.confidence);
    }
    to.set_cold(or_nan(measurement.cold));
    to.set_mean(or_nan(measurement.mean));
    let mut modes = to.reborrow().init_modes(length(&measurement.modes)?);
    for (index, mode) in measurement.modes.iter().enumerate() {
        let mut to = modes.reborrow().get(index as u32);
        to.set_value(mode.value);
        to.set_share(mode.share);
    }
    let mut boots = to.reborrow().init_boots(length(&measurement.boots)?);
    for (index, boot) in measurement.boots.iter().enumerate() {
        let mut to = boots.reborrow().get(index as u32);
        to.set_trace(&boot.trace);
        to.set_n(boot.n);
        to.set_median(boot.median);
        to.set_p95(or_nan(boot.p95));
        to.set_cold(or_nan(boot.cold));
    }
    instruments::write(measurement, to.reborrow())?;
    match &measurement.breakdown {
        Some(breakdown) => write_breakdown(breakdown, to.init_breakdown()),
        None => Ok(()),
    }
}

fn read_measurement(from: wire::measurement_summary::Reader) -> Read<Measurement> {
    let range = from.get_range()?;
    Ok(Measurement {
        unit: word(from.get_unit()?)?,
        lower_is_better: from.get_lower_is_better(),
        median: from.get_median(),
        p95: not_nan(from.get_p95()),
        samples: from.get_samples()?.iter().collect(),
        sample_kind: match from.get_sample_kind()? {
            wire::SampleKind::Operations => SampleKind::Operations,
            wire::SampleKind::BatchMeans => SampleKind::BatchMeans,
        },
        batch: from.get_batch(),
        n: from.get_n(),
        min: from.get_min(),
        max: from.get_max(),
        sd: not_nan(from.get_sd()),
        range: Range {
            low: range.get_low(),
            high: range.get_high(),
        },
        interval: if from.has_interval() {
            let interval = from.get_interval()?;
            Some(Interval {
                low: interval.get_low(),
                high: interval.get_high(),
                confidence: interval.get_confidence(),
            })
        } else {
            None
        },
        cold: not_nan(from.get_cold()),
        mean: not_nan(from.get_mean()),
        modes: from
            .get_modes()?
            .iter()
            .map(|from| ValueMode {
                value: from.get_value(),
                share: from.get_share(),
            })
            .collect(),
        boots: from
            .get_boots()?
            .iter()
            .map(|from| {
                Ok(BootSummary {
                    trace: text(from.get_trace()?)?,
                    n: from.get_n(),
                    median: from.get_median(),
                    p95: not_nan(from.get_p95()),
                    cold: not_nan(from.get_cold()),
                })
            })
            .collect::<Read<_>>()?,
        breakdown: if from.has_breakdown() {
            Some(read_breakdown(from.get_breakdown()?)?)
        } else {
            None
        },
        instruments: instruments::read_agreements(from)?,
        perturbations: instruments::read_perturbations(from)?,
        mispriced: instruments::read_mispriced(from)?,
    })
}

fn write_breakdown(breakdown: &Breakdown, mut to: wire::breakdown::Builder) -> Read<()> {
    let mut traces = to.reborrow().init_traces(length(&breakdown.traces)?);
    for (index, trace) in breakdown.traces.iter().enumerate() {
        traces.set(index as u32, trace);
    }
    to.set_dispatches(breakdown.dispatches);
    to.set_incomplete(breakdown.incomplete);
    to.set_traced_median(or_nan(breakdown.traced_median));
    to.set_tracing_effect(or_nan(breakdown.tracing_effect));
    to.set_self_bound(or_nan(breakdown.self_bound));
    let mut segments = to.init_segments(length(&breakdown.segments)?);
    for (index, segment) in breakdown.segments.iter().enumerate() {
        let mut to = segments.reborrow().get(index as u32);
        to.set_name(&segment.name);
        to.set_parent(&segment.parent);
        to.set_count(segment.count);
        to.set_median(segment.median);
        to.set_p95(or_nan(segment.p95));
        to.set_max(segment.max);
        to.set_share(or_nan(segment.share));
        to.set_self_raw(or_nan(segment.self_raw));
        to.set_self_corrected(or_nan(segment.self_corrected));
        to.set_bucketed(segment.bucketed);
    }
    Ok(())
}

fn read_breakdown(from: wire::breakdown::Reader) -> Read<Breakdown> {
    Ok(Breakdown {
        traces: from
            .get_traces()?
            .iter()
            .map(|trace| text(trace?))
            .collect::<Read<_>>()?,
        dispatches: from.get_dispatches(),
        incomplete: from.get_incomplete(),
        traced_median: not_nan(from.get_traced_median()),
        tracing_effect: not_nan(from.get_tracing_effect()),
        self_bound: not_nan(from.get_self_bound()),
        segments: from
            .get_segments()?
            .iter()
            .map(|from| {
                Ok(SegmentSummary {
                    name: text(from.get_name()?)?,
                    parent: text(from.get_parent()?)?,
                    count: from.get_count(),
                    median: from.get_median(),
                    p95: not_nan(from.get_p95()),
                    max: from.get_max(),
                    share: not_nan(from.get_share()),
                    self_raw: not_nan(from.get_self_raw()),
                    self_corrected: not_nan(from.get_self_corrected()),
                    bucketed: from.get_bucketed(),
                })
            })
            .collect::<Read<_>>()?,
    })
}

fn write_refusal<R>(
    reason: &str,
    refusal: &Refusal<R>,
    mut to: wire::run_failure::Builder,
) -> Read<()> {
    to.set_reason(reason);
    to.set_detail(&refusal.detail);
    let mut list = to.init_evidence(length(&refusal.evidence)?);
    for (index, evidence) in refusal.evidence.iter().enumerate() {
        let mut to = list.reborrow().get(index as u32);
        to.set_source(&evidence.source);
        to.set_subject(&evidence.subject);
        to.set_expected(&evidence.expected);
        to.set_observed(&evidence.observed);
    }
    Ok(())
}

fn read_refusal<R: FromStr<Err = UnknownWord>>(
    from: wire::run_failure::Reader,
) -> Read<Refusal<R>> {
    Ok(Refusal {
        reason: word(from.get_reason()?)?,
        detail: text(from.get_detail()?)?,
        evidence: from
            .get_evidence()?
            .iter()
            .map(|from| {
                Ok(Evidence {
                    source: text(from.get_source()?)?,
                    subject: text(from.get_subject()?)?,
                    expected: text(from.get_expected()?)?,
                    observed: text(from.get_observed()?)?,
                })
            })
            .collect::<Read<_>>()?,
    })
}

const fn stored_status(status: Status) -> wire::BenchmarkStatus {
    match status {
        Status::Passed => wire::BenchmarkStatus::Passed,
        Status::Failed => wire::BenchmarkStatus::Failed,
        Status::Unsupported => wire::BenchmarkStatus::Unsupported,
        Status::Invalid => wire::BenchmarkStatus::Invalid,
        Status::NotApplicable => wire::BenchmarkStatus::NotApplicable,
    }
}

fn text(reader: capnp::text::Reader) -> Read<String> {
    Ok(reader.to_str()?.to_owned())
}

fn word<T: FromStr<Err = UnknownWord>>(reader: capnp::text::Reader) -> Read<T> {
    Ok(reader.to_str()?.parse()?)
}

fn or_nan(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

fn not_nan(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

fn length<T>(list: &[T]) -> Read<u32> {
    u32::try_from(list.len())
        .map_err(|_| Contradiction("a list has more entries than a message can hold".into()).into())
}
