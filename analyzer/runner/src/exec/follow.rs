//! A growing file, copied as it grows.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Short enough to look live, long against reading nothing.
const POLL: Duration = Duration::from_millis(20);

/// Does `work` on another thread and copies what appears in `file` meanwhile. A
/// place that takes no more bytes ends the copying and not the work. Both their ends.
pub(super) fn follow<T: Send>(
    file: &Path,
    to: &mut dyn Write,
    work: impl FnOnce() -> T + Send,
) -> (T, io::Result<()>) {
    thread::scope(|scope| {
        let worker = scope.spawn(work);
        let mut source = None;
        let mut copied = Ok(());
        loop {
            // Asked first: what came before the end is then copied below.
            let finished = worker.is_finished();
            source = source.or_else(|| File::open(file).ok());
            if let Some(source) = source.as_mut().filter(|_| copied.is_ok()) {
                copied = io::copy(source, to).and_then(|_| to.flush());
            }
            if finished {
                break;
            }
            thread::sleep(POLL);
        }
        (worker.join().expect("boots do not panic"), copied)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn everything_that_is_written_before_the_end_is_copied() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("console");
        let mut copied = Vec::new();
        let (answer, ended) = follow(&path, &mut copied, || {
            let mut file = File::create(&path).unwrap();
            for _ in 0..3 {
                file.write_all(b"line\n").unwrap();
                thread::sleep(POLL);
            }
            file.write_all(b"last").unwrap();
            7
        });
        assert_eq!(answer, 7);
        assert!(ended.is_ok());
        assert_eq!(copied, fs::read(&path).unwrap());
    }

    #[test]
    fn a_file_that_never_appears_is_nothing() {
        let mut copied = Vec::new();
        let (_, ended) = follow(Path::new("/nonexistent/console"), &mut copied, || ());
        assert!(ended.is_ok());
        assert!(copied.is_empty());
    }

    #[test]
    fn a_full_place_ends_the_copying_and_not_the_work() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("console");
        fs::write(&path, b"lines").unwrap();
        let mut full: &mut [u8] = &mut [0; 2];
        let (answer, ended) = follow(&path, &mut full, || 7);
        assert_eq!(answer, 7);
        assert_eq!(ended.unwrap_err().kind(), io::ErrorKind::WriteZero);
    }
}
