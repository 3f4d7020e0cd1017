//! The rule by which intervals nest, whatever they are of.

use std::ops::ControlFlow;

/// An interval that waits for its parent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finished<T> {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) what: T,
}

/// An interval begins inside another one and ends outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Overlap;

/// Intervals that wait for their parents, in the order of their ends.
#[derive(Debug)]
pub(crate) struct Stack<T>(Vec<Finished<T>>);

impl<T> Default for Stack<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Stack<T> {
    /// Takes off what lies inside of an interval from `start` on that ends after all
    /// of them, the last first. `adopt` may break off.
    #[inline]
    pub(crate) fn adopt(
        &mut self,
        start: u64,
        mut adopt: impl FnMut(&Finished<T>) -> ControlFlow<()>,
    ) -> Result<(), Overlap> {
        while let Some(last) = self.0.last() {
            if last.start < start {
                return if last.end > start {
                    Err(Overlap)
                } else {
                    Ok(())
                };
            }
            if adopt(last).is_break() {
                break;
            }
            self.0.pop();
        }
        Ok(())
    }

    #[inline]
    pub(crate) fn push(&mut self, finished: Finished<T>) {
        self.0.push(finished);
    }

    #[inline]
    pub(crate) fn last(&self) -> Option<&Finished<T>> {
        self.0.last()
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}
