//! What second instruments said of a measurement, and what exact mode misprices.

use super::{Read, length, not_nan, or_nan, text, word};
use crate::instruments::{InstrumentAgreement, InstrumentReading, Perturbation};
use crate::measurement::Measurement;
use crate::mispriced::Mispriced;
use crate::results_capnp::{instrument_agreement, measurement_summary};

type Builder<'a> = measurement_summary::Builder<'a>;
type Reader<'a> = measurement_summary::Reader<'a>;

pub(super) fn write(from: &Measurement, mut to: Builder) -> Read<()> {
    let mut list = to.reborrow().init_instruments(length(&from.instruments)?);
    for (index, agreement) in from.instruments.iter().enumerate() {
        write_agreement(agreement, list.reborrow().get(index as u32));
    }
    let mut list = to
        .reborrow()
        .init_perturbations(length(&from.perturbations)?);
    for (index, perturbation) in from.perturbations.iter().enumerate() {
        let mut to = list.reborrow().get(index as u32);
        to.set_pass(&perturbation.pass);
        to.set_median(perturbation.median);
        to.set_effect(perturbation.effect);
    }
    let mut list = to.init_mispriced(length(&from.mispriced)?);
    for (index, mispriced) in from.mispriced.iter().enumerate() {
        let mut to = list.reborrow().get(index as u32);
        to.set_kind(mispriced.kind.as_str());
        to.set_per_operation(or_nan(mispriced.per_operation));
        to.set_counted_by(mispriced.counted_by.as_deref().unwrap_or_default());
    }
    Ok(())
}

fn write_agreement(from: &InstrumentAgreement, mut to: instrument_agreement::Builder) {
    to.set_pass(&from.pass);
    to.set_instrument(&from.instrument);
    to.set_unit(&from.unit);
    to.set_agreed(from.agreed);
    to.set_not_judged(from.not_judged);
    to.set_why(from.why.as_deref().unwrap_or_default());
    if let Some(widest) = &from.widest {
        let mut to = to.init_widest();
        to.set_trace(&widest.trace);
        to.set_program(widest.program);
        to.set_observed(widest.observed);
        to.set_allowed(widest.allowed);
    }
}

pub(super) fn read_agreements(from: Reader) -> Read<Vec<InstrumentAgreement>> {
    from.get_instruments()?.iter().map(read_agreement).collect()
}

fn read_agreement(from: instrument_agreement::Reader) -> Read<InstrumentAgreement> {
    let not_judged = from.get_not_judged();
    let why = text(from.get_why()?)?;
    let widest = if from.has_widest() {
        let widest = from.get_widest()?;
        Some(InstrumentReading {
            trace: text(widest.get_trace()?)?,
            program: widest.get_program(),
            observed: widest.get_observed(),
            allowed: widest.get_allowed(),
        })
    } else {
        None
    };
    Ok(InstrumentAgreement {
        pass: text(from.get_pass()?)?,
        instrument: text(from.get_instrument()?)?,
        unit: text(from.get_unit()?)?,
        agreed: from.get_agreed(),
        not_judged,
        why: (not_judged > 0).then_some(why),
        widest,
    })
}

pub(super) fn read_perturbations(from: Reader) -> Read<Vec<Perturbation>> {
    let list = from.get_perturbations()?;
    list.iter()
        .map(|from| {
            Ok(Perturbation {
                pass: text(from.get_pass()?)?,
                median: from.get_median(),
                effect: from.get_effect(),
            })
        })
        .collect()
}

pub(super) fn read_mispriced(from: Reader) -> Read<Vec<Mispriced>> {
    let list = from.get_mispriced()?;
    list.iter()
        .map(|from| {
            let counted_by = text(from.get_counted_by()?)?;
            Ok(Mispriced {
                kind: word(from.get_kind()?)?,
                per_operation: not_nan(from.get_per_operation()),
                counted_by: (!counted_by.is_empty()).then_some(counted_by),
            })
        })
        .collect()
}
