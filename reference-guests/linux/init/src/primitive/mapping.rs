//! A mapping of whole pages that is given back at the end.

use super::Failure;
use crate::sys::check;
use std::io;
use std::ops::Range;

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// Pages of our own, between two that nobody may touch: neighbours with other
/// rights keep the kernel from merging the mapping with another one.
pub struct Mapping {
    base: *mut u8,
    pages: usize,
}

impl Mapping {
    /// Private zeros, readable and writable, of ordinary page size.
    pub fn anonymous(pages: usize) -> Result<Mapping, Failure> {
        let length = (pages + 2) * PAGE;
        // SAFETY: a new mapping disturbs none that exists.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(Failure::of("mmap")(io::Error::last_os_error()));
        }
        let base = base.cast();
        let mapping = Mapping { base, pages };
        mapping.protect(libc::PROT_READ | libc::PROT_WRITE)?;
        mapping.advise(libc::MADV_NOHUGEPAGE)?;
        Ok(mapping)
    }

    /// First byte of the pages.
    pub fn start(&self) -> *mut u8 {
        // SAFETY: the guard page is part of the mapping.
        unsafe { self.base.add(PAGE) }
    }

    /// Length of the pages in bytes.
    pub fn length(&self) -> usize {
        self.pages * PAGE
    }

    /// First byte of each page.
    pub fn page_starts(&self) -> impl Iterator<Item = *mut u8> {
        let offsets: Range<usize> = 0..self.pages;
        // SAFETY: the pages are part of the mapping.
        offsets.map(|page| unsafe { self.start().add(page * PAGE) })
    }

    /// Changes the rights to all pages.
    pub fn protect(&self, rights: libc::c_int) -> Result<(), Failure> {
        // SAFETY: the pages are ours, and no reference into them exists.
        check(unsafe { libc::mprotect(self.start().cast(), self.length(), rights) })
            .map_err(Failure::of("mprotect"))?;
        Ok(())
    }

    /// Advises the kernel on the use of all pages.
    pub fn advise(&self, advice: libc::c_int) -> Result<(), Failure> {
        // SAFETY: the pages are ours, and no reference into them exists.
        check(unsafe { libc::madvise(self.start().cast(), self.length(), advice) })
            .map_err(Failure::of("madvise"))?;
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let length = (self.pages + 2) * PAGE;
        // SAFETY: the mapping is ours, and no reference into it exists.
        unsafe { libc::munmap(self.base.cast(), length) };
    }
}
