//! One row of the `rows` parameter.

use guest_runtime::abi::ring::SQ_ENTRIES;

/// `benchmark:operation:batch:warmup:samples:record_bound`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Result name.
    pub benchmark: &'a str,
    /// What is measured.
    pub operation: &'a str,
    /// Operations of one `cap_enter`.
    pub batch: u32,
    /// Batches before the ones that count.
    pub warmup: u32,
    /// Batches that count.
    pub samples: u32,
    /// Records the kernel may need for the window.
    pub record_bound: u32,
}

impl<'a> Row<'a> {
    /// Reads a row.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut fields = text.split(':');
        let row = Self {
            benchmark: fields.next()?,
            operation: fields.next()?,
            batch: fields.next()?.parse().ok()?,
            warmup: fields.next()?.parse().ok()?,
            samples: fields.next()?.parse().ok()?,
            record_bound: fields.next()?.parse().ok()?,
        };
        let fits = (1..=SQ_ENTRIES).contains(&row.batch);
        (fits && fields.next().is_none()).then_some(row)
    }

    /// Batches of both kinds.
    pub fn batches(&self) -> u32 {
        self.warmup.saturating_add(self.samples)
    }

    /// Operations of all batches.
    pub fn operations(&self) -> u64 {
        u64::from(self.batches()) * u64::from(self.batch)
    }
}
