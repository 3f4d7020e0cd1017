//! A page, and what it holds.

use crate::requests::PAGE;

/// Where in a page a word is left that nothing but this program touches: the kernel
/// writes to the first bytes when it is asked whether it can.
const MARK: u64 = PAGE / 2;
/// Words that must be zero when a page is new, one in each quarter.
const LOOKED_AT: [u64; 4] = [0, PAGE / 4, MARK, PAGE - 8];

/// A page that the kernel says is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page(pub u64);

impl Page {
    /// The page so many pages behind this one, of the same mapping.
    pub fn plus(self, pages: usize) -> Self {
        Self(self.0 + pages as u64 * PAGE)
    }

    /// Whether it looks as if nobody had written to it.
    pub fn is_new(self) -> bool {
        LOOKED_AT.into_iter().all(|offset| self.word(offset) == 0)
    }

    /// The word that was left there.
    pub fn mark(self) -> u64 {
        self.word(MARK)
    }

    /// Leaves a word.
    pub fn set_mark(self, mark: u64) {
        // SAFETY: the page is no memory of Rust's, and the kernel says it is there. If
        // it is not, the program faults, and the row has no result.
        unsafe { ((self.0 + MARK) as *mut u64).write_volatile(mark) };
    }

    fn word(self, offset: u64) -> u64 {
        // SAFETY: as above.
        unsafe { ((self.0 + offset) as *const u64).read_volatile() }
    }
}
