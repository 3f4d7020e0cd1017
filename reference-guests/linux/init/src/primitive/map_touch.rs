//! Mapping a page, touching it, unmapping it: fresh zeros, or a page of shared
//! memory that exists already.

use super::mapping::PAGE;
use super::{Event, Failure, Primitive, expect};
use crate::sys::check;
use crate::watch::Watch;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::FileExt;

/// What the second byte of the shared page holds. The first is written to.
const MARK: u8 = 0x5A;

/// Maps a page and unmaps it.
pub struct MapTouch {
    /// The shared memory; `None` is private zeros.
    shared: Option<File>,
    touches: u8,
}

impl MapTouch {
    /// Private zeros.
    pub fn anonymous() -> MapTouch {
        MapTouch {
            shared: None,
            touches: 0,
        }
    }

    /// A page of shared memory.
    pub fn shared() -> Result<MapTouch, Failure> {
        // SAFETY: the name is terminated; a descriptor is made.
        let fd = check(unsafe { libc::memfd_create(c"capbench".as_ptr(), libc::MFD_CLOEXEC) })
            .map_err(Failure::of("memfd_create"))?;
        // SAFETY: it is new and nobody else's.
        let file = unsafe { File::from_raw_fd(fd) };
        file.set_len(PAGE as u64)
            .and_then(|()| file.write_all_at(&[MARK], 1))
            .map_err(Failure::of("write to shared memory"))?;
        Ok(MapTouch {
            shared: Some(file),
            touches: 0,
        })
    }

    /// The last touch must have reached the memory itself.
    fn check_shared(&self) -> Result<(), Failure> {
        let Some(file) = &self.shared else {
            return Ok(());
        };
        let mut byte = [0];
        file.read_exact_at(&mut byte, 0)
            .map_err(Failure::of("read shared memory"))?;
        expect(byte == [self.touches], || {
            "the memory does not hold what was written to its mapping".into()
        })
    }
}

impl Primitive for MapTouch {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        let (kind, fd, second) = match &self.shared {
            None => (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0),
            Some(file) => (libc::MAP_SHARED, file.as_raw_fd(), MARK),
        };
        let rights = libc::PROT_READ | libc::PROT_WRITE;
        let mut failed = false;
        let mut wrong = 0;
        watch.time(|| {
            for _ in 0..operations {
                // SAFETY: a new mapping disturbs none that exists.
                let page = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, rights, kind, fd, 0) };
                if page == libc::MAP_FAILED {
                    failed = true;
                    break;
                }
                self.touches = self.touches.wrapping_add(1);
                let first = page.cast::<u8>();
                // SAFETY: the page is ours to read and write until it is
                // unmapped here.
                unsafe {
                    first.write_volatile(self.touches);
                    wrong |= first.add(1).read_volatile() ^ second;
                    libc::munmap(page, PAGE);
                }
            }
        });
        if failed {
            return Err(Failure::of("mmap")(io::Error::last_os_error()));
        }
        expect(wrong == 0, || "a mapping held what it should not".into())?;
        self.check_shared()
    }

    fn events(&self, operations: u64, _batches: u64) -> Vec<(Event, u64)> {
        vec![
            (Event::Syscall(libc::SYS_mmap), operations),
            (Event::Syscall(libc::SYS_munmap), operations),
            (Event::UserPageFault, operations),
        ]
    }
}
