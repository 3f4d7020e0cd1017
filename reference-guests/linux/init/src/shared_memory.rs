//! Memory that a file descriptor shares with the kernel.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// A shared mapping.
pub struct SharedMemory {
    base: *mut u8,
    length: usize,
}

impl SharedMemory {
    /// Maps `length` bytes at an offset of what the descriptor stands for.
    pub fn map(fd: &OwnedFd, offset: i64, length: usize) -> io::Result<SharedMemory> {
        let rights = libc::PROT_READ | libc::PROT_WRITE;
        let kind = libc::MAP_SHARED | libc::MAP_POPULATE;
        // SAFETY: a new mapping disturbs none that exists.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                length,
                rights,
                kind,
                fd.as_raw_fd(),
                offset,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(SharedMemory {
            base: base.cast(),
            length,
        })
    }

    /// Place of a value at an offset.
    ///
    /// # Panics
    ///
    /// If it does not lie in the mapping, or not on its alignment.
    pub fn at<T>(&self, offset: usize) -> *mut T {
        assert!(offset + size_of::<T>() <= self.length, "past the mapping");
        // SAFETY: inside the mapping.
        let place = unsafe { self.base.add(offset) }.cast::<T>();
        assert!(place.is_aligned(), "not aligned");
        place
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours; places in it are used only while we
        // live.
        unsafe { libc::munmap(self.base.cast(), self.length) };
    }
}
