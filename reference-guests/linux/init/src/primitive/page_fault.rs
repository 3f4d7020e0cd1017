//! The first write to each page of private zeros. The pages are taken back
//! before every batch, their page tables stay.

use super::mapping::Mapping;
use super::{Event, Failure, Primitive, expect};
use crate::watch::Watch;

/// Pages that a batch may take at most: 64 MiB.
const PAGES_MAX: u32 = 1 << 14;

/// Touches pages.
pub struct PageFault {
    pages: Mapping,
}

impl PageFault {
    /// Maps a page per operation.
    pub fn new(batch: u32) -> Result<PageFault, Failure> {
        if batch > PAGES_MAX {
            return Err(Failure::Row(format!(
                "a batch of {batch} is more than {PAGES_MAX} pages"
            )));
        }
        Ok(PageFault {
            pages: Mapping::anonymous(batch as usize)?,
        })
    }
}

impl Primitive for PageFault {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        self.pages.advise(libc::MADV_DONTNEED)?;
        let before = minor_faults();
        watch.time(|| {
            for page in self.pages.page_starts() {
                // SAFETY: the page is ours to write.
                unsafe { page.write_volatile(1) };
            }
        });
        let faults = minor_faults() - before;
        expect(faults == i64::from(operations), || {
            format!("{operations} pages took {faults} faults")
        })
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::UserPageFault, operations)]
    }
}

/// Faults of this thread that needed no device.
fn minor_faults() -> i64 {
    // SAFETY: all zeros are valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: `usage` is written to.
    unsafe { libc::getrusage(libc::RUSAGE_THREAD, &mut usage) };
    usage.ru_minflt
}
