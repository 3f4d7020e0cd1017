//! Knows when a helper thread sleeps.
//!
//! Reads the thread's state from `/proc` with `pread64`, a call no primitive
//! measures, so that waiting for a helper disturbs no count.

use super::{Failure, expect};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

const POLL_INTERVAL: Duration = Duration::from_micros(20);
/// A helper that is awake for a second will not sleep any more.
const POLLS: u32 = 50_000;

/// The state of one thread.
pub struct Sleeper {
    stat: File,
}

impl Sleeper {
    /// Of the thread with this id, in this process.
    pub fn new(thread: i32) -> Result<Sleeper, Failure> {
        let stat = File::open(format!("/proc/self/task/{thread}/stat"))
            .map_err(Failure::of("open the helper's stat file"))?;
        Ok(Sleeper { stat })
    }

    /// Returns once the thread sleeps.
    pub fn wait(&self) -> Result<(), Failure> {
        for _ in 0..POLLS {
            if self.sleeps()? {
                return Ok(());
            }
            std::thread::sleep(POLL_INTERVAL);
        }
        expect(false, || "a helper thread did not go to sleep".into())
    }

    fn sleeps(&self) -> Result<bool, Failure> {
        let mut text = [0; 128];
        let length = self
            .stat
            .read_at(&mut text, 0)
            .map_err(Failure::of("read the helper's stat file"))?;
        Ok(state(&text[..length]) == Some(b'S'))
    }
}

/// The state in a stat line: the letter after the name, which may hold any
/// character but stands in parentheses.
fn state(line: &[u8]) -> Option<u8> {
    let end = line.iter().rposition(|byte| *byte == b')')?;
    line.get(end + 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_follows_the_last_parenthesis() {
        assert_eq!(state(b"7 (a) R b) S 1 7 7"), Some(b'S'));
        assert_eq!(state(b"7 (a"), None);
    }
}
