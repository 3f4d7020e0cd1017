//! Names of rows, in parts.

use super::{Read, text};
use crate::name::{BenchmarkName, Parameter};
use crate::results_capnp::parameter;

pub(super) fn write(from: &[Parameter], mut to: capnp::struct_list::Builder<parameter::Owned>) {
    for (index, parameter) in from.iter().enumerate() {
        let mut to = to.reborrow().get(index as u32);
        to.set_name(&parameter.name);
        to.set_value(&parameter.value);
    }
}

pub(super) fn read(
    joined: String,
    benchmark: Option<capnp::text::Reader>,
    parameters: capnp::struct_list::Reader<parameter::Owned>,
) -> Read<BenchmarkName> {
    let parameters = parameters.iter().map(|parameter| {
        Ok(Parameter {
            name: text(parameter.get_name()?)?,
            value: text(parameter.get_value()?)?,
        })
    });
    let benchmark = benchmark.map(text).transpose()?;
    let parameters = parameters.collect::<Read<_>>()?;
    Ok(BenchmarkName::stored(joined, benchmark, parameters)?)
}
