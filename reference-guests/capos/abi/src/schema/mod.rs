//! Generated message types of the subset schema in `schema/`.
//!
//! Made by `tools/schema` with a pinned compiler, and committed, so that building
//! the guest needs none.

#[allow(clippy::all, missing_docs, unused)]
#[rustfmt::skip]
pub mod capos_capnp;
#[allow(clippy::all, missing_docs, unused)]
#[rustfmt::skip]
pub mod measure_capnp;
