//! Counters: sums that cost a load, an add and a store.
//!
//! Promise: exact for the context they count in; each CPU and context has its
//! own, so there is no atomic operation and nothing is lost to a race.
//! Loss: none. What is lost with a frame is repeated by the next reading,
//! since values are cumulative.

use crate::ids::{COUNTER_LIMIT, CounterId};
use crate::sync::Count;

/// The counters of one context of one CPU.
pub(crate) struct Counters([Count; COUNTER_LIMIT as usize]);

impl Counters {
    pub(crate) const fn new() -> Self {
        Counters([const { Count::new() }; COUNTER_LIMIT as usize])
    }

    #[inline(always)]
    pub(crate) fn add(&self, id: CounterId, amount: u64) {
        self.0[usize::from(id.get())].add(amount);
    }

    pub(crate) fn get(&self, id: u16) -> u64 {
        self.0.get(usize::from(id)).map_or(0, Count::get)
    }

    pub(crate) fn reset(&self) {
        self.0.iter().for_each(Count::reset);
    }
}
