//! Which frames of memory are free.
//!
//! One bit a frame. Allocation is next-fit: the search starts at a hint and skips
//! full words, so the cost is one word on the usual path. A search that reaches
//! the end starts over once. Freeing says what went wrong instead of guessing.

use core::ops::Range;

/// Why a frame could not be freed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FreeError {
    /// The bitmap does not cover this frame.
    OutOfRange,
    /// The frame was free already.
    DoubleFree,
}

/// The bitmap, over words the caller provides. A set bit is a free frame.
#[derive(Debug)]
pub struct FrameBitmap<'a> {
    words: &'a mut [u64],
    hint: usize,
    free: usize,
}

impl<'a> FrameBitmap<'a> {
    /// A bitmap with no frame free.
    pub fn new(words: &'a mut [u64]) -> Self {
        words.fill(0);
        Self {
            words,
            hint: 0,
            free: 0,
        }
    }

    /// Frames covered.
    pub fn capacity(&self) -> usize {
        self.words.len() * 64
    }

    /// Frames that can be allocated.
    pub fn free_frames(&self) -> usize {
        self.free
    }

    /// Takes one frame.
    pub fn allocate(&mut self) -> Option<usize> {
        let count = self.words.len();
        let start = self.hint / 64;
        let word = (start..count)
            .chain(0..start)
            .find(|&word| self.words[word] != 0)?;
        let frame = word * 64 + self.words[word].trailing_zeros() as usize;
        self.take(frame);
        Some(frame)
    }

    /// Takes `count` neighbouring frames, hint to end first, then from the start.
    pub fn allocate_contiguous(&mut self, count: usize) -> Option<usize> {
        if count == 0 || count > self.free {
            return None;
        }
        let capacity = self.capacity();
        let first = self
            .find_run(self.hint, capacity, count)
            .or_else(|| self.find_run(0, capacity, count))?;
        for frame in first..first + count {
            self.take(frame);
        }
        Some(first)
    }

    /// Gives a frame back.
    pub fn release(&mut self, frame: usize) -> Result<(), FreeError> {
        if frame >= self.capacity() {
            return Err(FreeError::OutOfRange);
        }
        let (word, bit) = (frame / 64, 1u64 << (frame % 64));
        if self.words[word] & bit != 0 {
            return Err(FreeError::DoubleFree);
        }
        self.words[word] |= bit;
        self.free += 1;
        Ok(())
    }

    /// Frees every frame of a range that is not free yet; what is not covered stays.
    pub fn release_range(&mut self, frames: Range<usize>) {
        for (word, mask) in self.parts(frames) {
            self.free += (mask & !self.words[word]).count_ones() as usize;
            self.words[word] |= mask;
        }
    }

    /// Takes every frame of a range that is free.
    pub fn reserve_range(&mut self, frames: Range<usize>) {
        for (word, mask) in self.parts(frames) {
            self.free -= (mask & self.words[word]).count_ones() as usize;
            self.words[word] &= !mask;
        }
    }

    /// The words that a range touches, each with the bits that lie in the range.
    fn parts(&self, frames: Range<usize>) -> impl Iterator<Item = (usize, u64)> + use<> {
        let end = frames.end.min(self.capacity());
        let words = frames.start / 64..end.div_ceil(64);
        words.map(move |word| {
            let first = frames.start.saturating_sub(word * 64);
            let behind = (end - word * 64).min(64);
            (word, (u64::MAX << first) & (u64::MAX >> (64 - behind)))
        })
    }

    fn is_free(&self, frame: usize) -> bool {
        self.words[frame / 64] & (1u64 << (frame % 64)) != 0
    }

    fn take(&mut self, frame: usize) {
        self.words[frame / 64] &= !(1u64 << (frame % 64));
        self.free -= 1;
        self.hint = frame + 1;
        if self.hint >= self.capacity() {
            self.hint = 0;
        }
    }

    fn find_run(&self, from: usize, to: usize, count: usize) -> Option<usize> {
        let mut run = 0;
        for frame in from..to {
            run = if self.is_free(frame) { run + 1 } else { 0 };
            if run == count {
                return Some(frame + 1 - count);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use alloc::vec;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn bitmap(words: &mut [u64]) -> FrameBitmap<'_> {
        let mut bitmap = FrameBitmap::new(words);
        bitmap.release_range(0..bitmap.capacity());
        bitmap
    }

    #[test]
    fn freeing_twice_or_outside_is_an_error_and_changes_nothing() {
        let mut words = [0; 2];
        let mut bitmap = bitmap(&mut words);
        assert_eq!(bitmap.release(5), Err(FreeError::DoubleFree));
        assert_eq!(bitmap.release(128), Err(FreeError::OutOfRange));
        assert_eq!(bitmap.free_frames(), 128);
    }

    #[test]
    fn the_search_goes_on_after_the_last_frame_taken() {
        let mut words = [0; 2];
        let mut bitmap = bitmap(&mut words);
        assert_eq!(bitmap.allocate(), Some(0));
        assert_eq!(bitmap.allocate_contiguous(100), Some(1));
        bitmap.release(0).unwrap();
        assert_eq!(bitmap.allocate_contiguous(28), None);
        assert_eq!(bitmap.allocate_contiguous(27), Some(101));
        assert_eq!(bitmap.allocate(), Some(0));
        assert_eq!(bitmap.allocate(), None);
    }

    proptest! {
        #[test]
        fn ranges_do_what_their_frames_one_by_one_do(
            ranges in prop::collection::vec((0usize..210, 0usize..210, any::<bool>()), 1..12),
        ) {
            let (mut by_range, mut by_frame) = (vec![0; 3], vec![false; 192]);
            let mut bitmap = FrameBitmap::new(&mut by_range);
            for (start, end, release) in ranges {
                if release {
                    bitmap.release_range(start..end);
                } else {
                    bitmap.reserve_range(start..end);
                }
                for frame in start..end.min(192) {
                    by_frame[frame] = release;
                }
                let free: Vec<_> = (0..192).map(|frame| bitmap.is_free(frame)).collect();
                prop_assert_eq!(&free, &by_frame);
                prop_assert_eq!(bitmap.free_frames(), by_frame.iter().filter(|&&free| free).count());
            }
        }

        #[test]
        fn no_frame_is_handed_out_twice(sizes in prop::collection::vec(1usize..9, 1..64)) {
            let mut words = vec![0; 3];
            let mut bitmap = bitmap(&mut words);
            let mut taken = BTreeSet::new();
            for size in sizes {
                if let Some(first) = bitmap.allocate_contiguous(size) {
                    for frame in first..first + size {
                        prop_assert!(taken.insert(frame));
                    }
                }
                prop_assert_eq!(bitmap.free_frames() + taken.len(), 192);
            }
        }
    }
}
