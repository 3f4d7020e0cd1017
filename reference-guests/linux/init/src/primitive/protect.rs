//! `mprotect` of one page in use: one operation takes the right to write away
//! or gives it back.

use super::mapping::{Mapping, PAGE};
use super::{Event, Failure, Primitive, expect};
use crate::watch::Watch;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

const READ: libc::c_int = libc::PROT_READ;
const READ_WRITE: libc::c_int = libc::PROT_READ | libc::PROT_WRITE;

/// Changes rights.
pub struct Protect {
    page: Mapping,
    /// Gives bytes to write into the page by the kernel's hand, which refuses
    /// where the program would fault.
    zeros: File,
    writable: bool,
}

impl Protect {
    /// Maps and touches the page.
    pub fn new() -> Result<Protect, Failure> {
        let protect = Protect {
            page: Mapping::anonymous(1)?,
            zeros: File::open("/dev/zero").map_err(Failure::of("open /dev/zero"))?,
            writable: true,
        };
        protect.check_rights()?;
        Ok(protect)
    }

    fn check_rights(&self) -> Result<(), Failure> {
        let file = self.zeros.as_raw_fd();
        // SAFETY: the page is ours; where it cannot be written the call fails.
        let length = unsafe { libc::pread(file, self.page.start().cast(), PAGE, 0) };
        let writable = length == PAGE as isize;
        let refused = io::Error::last_os_error().raw_os_error() == Some(libc::EFAULT);
        expect(writable == self.writable && (writable || refused), || {
            format!("the page should be writable: {}", self.writable)
        })
    }
}

impl Primitive for Protect {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let mut result = 0;
        watch.time(|| {
            for _ in 0..operations {
                self.writable = !self.writable;
                let rights = if self.writable { READ_WRITE } else { READ };
                // SAFETY: the page is ours, and no reference into it exists.
                result |= unsafe { libc::mprotect(self.page.start().cast(), PAGE, rights) };
            }
        });
        expect(result == 0, || "mprotect failed".into())?;
        self.check_rights()
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![(Event::Syscall(libc::SYS_mprotect), operations)]
    }
}
