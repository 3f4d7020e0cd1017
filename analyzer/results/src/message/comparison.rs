//! Comparisons.

use super::{Read, length, name, read_refusal, text, word, write_refusal};
use crate::comparison::{Comparison, ComparisonOutcome, Ratio, RowName};
use crate::document::Contradiction;
use crate::measurement::HeadlineKind;
use crate::results_capnp::{comparison, row_name};

pub(super) fn write(from: &Comparison, mut to: comparison::Builder) -> Read<()> {
    write_name(&from.numerator, to.reborrow().init_numerator())?;
    write_name(&from.denominator, to.reborrow().init_denominator())?;
    to.set_difference(&from.difference);
    let to = to.init_result();
    match &from.outcome {
        ComparisonOutcome::Ratio(ratio) => {
            let mut to = to.init_ratio();
            to.set_value(ratio.value);
            to.set_unit(ratio.unit.as_str());
            to.set_numerator(ratio.numerator);
            to.set_denominator(ratio.denominator);
            to.set_numerator_headline(ratio.numerator_headline.as_str());
            to.set_denominator_headline(ratio.denominator_headline.as_str());
            Ok(())
        }
        ComparisonOutcome::None(refusal) => {
            write_refusal(refusal.reason.as_str(), refusal, to.init_none())
        }
    }
}

pub(super) fn read(from: comparison::Reader) -> Read<Comparison> {
    use comparison::result::Which;
    let result = from.get_result();
    let outcome = match result.which()? {
        Which::Ratio(ratio) if result.has_ratio() => {
            let ratio = ratio?;
            ComparisonOutcome::Ratio(Ratio {
                value: ratio.get_value(),
                unit: word(ratio.get_unit()?)?,
                numerator: ratio.get_numerator(),
                denominator: ratio.get_denominator(),
                numerator_headline: headline(ratio.get_numerator_headline()?)?,
                denominator_headline: headline(ratio.get_denominator_headline()?)?,
            })
        }
        Which::None(refusal) if result.has_none() => {
            ComparisonOutcome::None(read_refusal(refusal?)?)
        }
        _ => return Err(Contradiction("a comparison carries no branch".into()).into()),
    };
    Ok(Comparison {
        numerator: read_name(from.get_numerator()?)?,
        denominator: read_name(from.get_denominator()?)?,
        difference: text(from.get_difference()?)?,
        outcome,
    })
}

/// Without a word it is the median.
fn headline(word_of: capnp::text::Reader) -> Read<HeadlineKind> {
    match word_of.is_empty() {
        true => Ok(HeadlineKind::default()),
        false => word(word_of),
    }
}

fn write_name(from: &RowName, mut to: row_name::Builder) -> Read<()> {
    to.set_benchmark_name(&from.benchmark_name);
    to.set_benchmark(from.benchmark_name.benchmark());
    to.set_guest(&from.guest);
    to.set_system(&from.system);
    let parameters = from.benchmark_name.parameters();
    name::write(parameters, to.init_parameters(length(parameters)?));
    Ok(())
}

fn read_name(from: row_name::Reader) -> Read<RowName> {
    Ok(RowName {
        benchmark_name: name::read(
            text(from.get_benchmark_name()?)?,
            from.has_benchmark()
                .then(|| from.get_benchmark())
                .transpose()?,
            from.get_parameters()?,
        )?,
        guest: text(from.get_guest()?)?,
        system: text(from.get_system()?)?,
    })
}
