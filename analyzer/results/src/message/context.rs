//! Numbers from outside the envelope.

use super::{Read, length, name, read_refusal, stored_status, text, word, write_refusal};
use crate::context::{ContextRow, ContextValue};
use crate::document::Contradiction;
use crate::outcome::Outcome;
use crate::results_capnp::context_row;

pub(super) fn write(from: &ContextRow, mut to: context_row::Builder) -> Read<()> {
    to.set_column(&from.column);
    to.set_benchmark_name(&from.benchmark_name);
    to.set_benchmark(from.benchmark_name.benchmark());
    let parameters = from.benchmark_name.parameters();
    name::write(
        parameters,
        to.reborrow().init_parameters(length(parameters)?),
    );
    to.set_source(&from.source);
    to.set_status(stored_status(from.outcome.status()));
    let to = to.init_result();
    match &from.outcome {
        Outcome::Passed(value) => {
            let mut to = to.init_value();
            to.set_unit(value.unit.as_str());
            to.set_median(value.median);
            to.set_min(value.min);
            to.set_n(value.n);
            Ok(())
        }
        Outcome::Failed(r) => write_refusal(r.reason.as_str(), r, to.init_failure()),
        Outcome::Unsupported(r) => write_refusal(r.reason.as_str(), r, to.init_unsupported()),
        Outcome::Invalid(r) => write_refusal(r.reason.as_str(), r, to.init_invalid()),
        Outcome::NotApplicable(r) => write_refusal(r.reason.as_str(), r, to.init_not_applicable()),
    }
}

pub(super) fn read(from: context_row::Reader) -> Read<ContextRow> {
    use context_row::result::Which;
    let column = text(from.get_column()?)?;
    let benchmark_name = text(from.get_benchmark_name()?)?;
    let result = from.get_result();
    let outcome = match result.which()? {
        Which::Value(value) if result.has_value() => {
            let value = value?;
            Outcome::Passed(ContextValue {
                unit: word(value.get_unit()?)?,
                median: value.get_median(),
                min: value.get_min(),
                n: value.get_n(),
            })
        }
        Which::Failure(r) if result.has_failure() => Outcome::Failed(read_refusal(r?)?),
        Which::Unsupported(r) if result.has_unsupported() => {
            Outcome::Unsupported(read_refusal(r?)?)
        }
        Which::Invalid(r) if result.has_invalid() => Outcome::Invalid(read_refusal(r?)?),
        Which::NotApplicable(r) if result.has_not_applicable() => {
            Outcome::NotApplicable(read_refusal(r?)?)
        }
        _ => {
            let law = format!("{column} of `{benchmark_name}` carries no branch");
            return Err(Contradiction(law).into());
        }
    };
    let status = from.get_status()?;
    if status != stored_status(outcome.status()) {
        return Err(Contradiction(format!(
            "{column} of `{benchmark_name}` says `{status:?}` but carries what belongs to `{}`",
            outcome.status()
        ))
        .into());
    }
    Ok(ContextRow {
        column,
        benchmark_name: name::read(
            benchmark_name,
            from.has_benchmark()
                .then(|| from.get_benchmark())
                .transpose()?,
            from.get_parameters()?,
        )?,
        source: text(from.get_source()?)?,
        outcome,
    })
}
