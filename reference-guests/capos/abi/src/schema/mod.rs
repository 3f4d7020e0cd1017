//! Generated message types of the subset schema in `schema/`.
//!
//! Made by `capnp compile -o rust:abi/src/schema --src-prefix=schema
//! schema/capos.capnp schema/measure.capnp` with Cap'n Proto 0.9.2 and capnpc
//! 0.27.0, and committed, so that building the guest needs neither.

#[allow(clippy::all, missing_docs, unused)]
#[rustfmt::skip]
pub mod capos_capnp;
#[allow(clippy::all, missing_docs, unused)]
#[rustfmt::skip]
pub mod measure_capnp;
