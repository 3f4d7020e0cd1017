//! Where a run's files lie, seen from a report.

use std::path::{Path, PathBuf};

use capbench_report::appendix::File;
use capbench_runner::artifact::inside;
use miette::{IntoDiagnostic, Result};

/// The way from a report's directory to a run's.
pub struct Files {
    run: PathBuf,
    way: String,
}

impl Files {
    /// Both directories must exist: links are followed, so that `runs/latest`
    /// means the run it points to today.
    pub fn new(run: &Path, report: &Path) -> Result<Self> {
        let run = run.canonicalize().into_diagnostic()?;
        let way = way(&report.canonicalize().into_diagnostic()?, &run);
        Ok(Self { run, way })
    }

    /// A file of the run, if it is there.
    pub fn link(&self, label: &str, path: &Path) -> Option<File> {
        inside::open(&self.run, path).ok()?;
        Some(File {
            label: label.to_owned(),
            path: format!("{}{}", self.way, path.display()),
        })
    }
}

/// Up to what two directories share, and down again; empty or with `/` at its end.
fn way(from: &Path, to: &Path) -> String {
    let shared = from
        .components()
        .zip(to.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = from.components().skip(shared).map(|_| "..".to_owned());
    let down = to.components().skip(shared);
    let down = down.map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).map(|part| part + "/").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_goes_up_to_what_is_shared_and_down() {
        let way = |from: &str, to: &str| super::way(Path::new(from), Path::new(to));
        assert_eq!(way("/a/target/report/r", "/a/runs/r"), "../../../runs/r/");
        assert_eq!(way("/a/r", "/a/r"), "");
        assert_eq!(way("/tmp/x", "/a/r"), "../../a/r/");
    }

    #[test]
    fn what_is_not_in_the_run_has_no_link() {
        let run = tempfile::tempdir().unwrap();
        std::fs::write(run.path().join("run.json"), "{}").unwrap();
        let files = Files::new(run.path(), run.path()).unwrap();
        assert!(files.link("x", Path::new("run.json")).is_some());
        std::os::unix::fs::symlink("/etc/hostname", run.path().join("link")).unwrap();
        for outside in ["../x", "/etc/hostname", "link", "absent"] {
            assert!(files.link("x", Path::new(outside)).is_none(), "{outside}");
        }
    }
}
