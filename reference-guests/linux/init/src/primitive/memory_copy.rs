//! `memcpy` of the C library between two buffers that are in use. No kernel
//! takes part: the row says what the processor, or its emulator, makes of it.

use super::{Failure, Primitive, expect};
use crate::watch::Watch;
use std::hint::black_box;

/// Copies.
pub struct MemoryCopy {
    source: Vec<u8>,
    target: Vec<u8>,
}

impl MemoryCopy {
    /// Buffers of this length, the source full of a pattern.
    pub fn new(length: usize) -> MemoryCopy {
        /// Prime, so that no power of two repeats in the pattern.
        const PERIOD: usize = 251;
        MemoryCopy {
            source: (0..length).map(|index| (index % PERIOD) as u8).collect(),
            target: vec![0; length],
        }
    }
}

impl Primitive for MemoryCopy {
    fn batch(&mut self, operations: u32, watch: &mut Watch<'_>) -> Result<(), Failure> {
        self.target.fill(u8::MAX);
        let length = self.source.len();
        watch.time(|| {
            for _ in 0..operations {
                let (target, source) = (self.target.as_mut_ptr(), self.source.as_ptr());
                // SAFETY: both buffers are that long and do not overlap.
                unsafe { libc::memcpy(black_box(target).cast(), source.cast(), black_box(length)) };
            }
        });
        expect(self.target == self.source, || "the copy differs".into())
    }
}
