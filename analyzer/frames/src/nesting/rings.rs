//! The open trees of all rings of a stream.

use std::collections::BTreeMap;

use trace_format::Context;

use super::Nesting;

/// A ring: its CPU and its context.
pub type Ring = (u16, Context);

/// Rings that may record: a hostile stream could name 65536 CPUs.
pub const RING_LIMIT: usize = 3 * 256;

/// The open tree of each ring.
#[derive(Debug, Default)]
pub struct Rings(BTreeMap<Ring, Nesting>);

impl Rings {
    /// The tree of a ring, unless there are more rings than [`RING_LIMIT`].
    pub fn of(&mut self, ring: Ring) -> Option<&mut Nesting> {
        if self.0.len() >= RING_LIMIT && !self.0.contains_key(&ring) {
            return None;
        }
        Some(self.0.entry(ring).or_default())
    }
}

impl IntoIterator for Rings {
    type Item = (Ring, Nesting);
    type IntoIter = std::collections::btree_map::IntoIter<Ring, Nesting>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
