//! One file per format.

pub(crate) mod arrow;
pub(crate) mod capnp;
pub(crate) mod csv;
pub(crate) mod flamegraph;
pub(crate) mod folded;
pub(crate) mod json;
pub(crate) mod openmetrics;
pub(crate) mod parquet;
pub(crate) mod perfetto;
