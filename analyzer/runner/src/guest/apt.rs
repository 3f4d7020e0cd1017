//! Packages of the distribution, fetched and never installed.
//!
//! Works without privileges: nothing of the system changes. Where the system's
//! package lists do not know a package (a fresh machine has none, an old one
//! names versions that are gone), lists of our own are fetched once and asked
//! instead. Whether a package is the one that was wanted is for the caller to
//! check, by its hash; that it is the distribution's is checked by apt.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::child::dies_with_us;

/// The distribution's own tools.
pub(super) struct Apt {
    /// Holds our own package lists, once they are needed.
    directory: PathBuf,
    refreshed: OnceCell<Result<(), String>>,
}

impl Apt {
    /// Keeps what it needs below `directory`.
    pub(super) fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            refreshed: OnceCell::new(),
        }
    }

    /// Puts the package's file into `directory`, which holds no other.
    pub(super) fn download(&self, package: &str, directory: &Path) -> Result<PathBuf, String> {
        self.ask("apt-get", |apt| {
            apt.args(["download", "--quiet", package])
                .current_dir(directory)
        })?;
        let mut files = fs::read_dir(directory).map_err(|error| error.to_string())?;
        files
            .find_map(|file| {
                Some(file.ok()?.path()).filter(|p| p.extension() == Some("deb".as_ref()))
            })
            .ok_or_else(|| "apt-get left no package".to_owned())
    }

    /// Names of the packages that `package` depends on, alternatives included.
    pub(super) fn dependencies(&self, package: &str) -> Result<Vec<String>, String> {
        let text = self.ask("apt-cache", |apt| {
            apt.args(["depends", "--important", package])
        })?;
        Ok(text
            .lines()
            .filter_map(|line| {
                line.trim_start_matches([' ', '|'])
                    .strip_prefix("Depends: ")
            })
            .map(str::to_owned)
            .collect())
    }

    /// Asks by the system's lists, then by our own.
    fn ask(
        &self,
        program: &str,
        what: impl Fn(&mut Command) -> &mut Command,
    ) -> Result<String, String> {
        let first = run(what(&mut Command::new(program)));
        if first.is_ok() {
            return first;
        }
        let refreshed = self.refreshed.get_or_init(|| self.refresh());
        if refreshed.is_err() {
            // That a list cannot be fetched says less than what was asked for.
            return first;
        }
        run(what(self.with_own_lists(&mut Command::new(program))))
    }

    fn refresh(&self) -> Result<(), String> {
        for part in ["lists/partial", "archives/partial"] {
            fs::create_dir_all(self.directory.join(part)).map_err(|error| error.to_string())?;
        }
        run(self
            .with_own_lists(&mut Command::new("apt-get"))
            .args(["update", "--quiet"]))
        .map(drop)
    }

    fn with_own_lists<'a>(&self, apt: &'a mut Command) -> &'a mut Command {
        let option = |name: &str, path: &Path| format!("{name}={}", path.display());
        let lists = option("Dir::State::Lists", &self.directory.join("lists"));
        let cache = option("Dir::Cache", &self.directory);
        let archives = option("Dir::Cache::Archives", &self.directory.join("archives"));
        apt.args(["-o", &lists, "-o", &cache, "-o", &archives])
            // What is installed here may be newer than anything to be had.
            .args(["-o", "Dir::State::Status=/dev/null"])
            // The user that apt would drop to cannot write here.
            .args(["-o", "APT::Sandbox::User="])
    }
}

/// Puts a package's files below `directory`.
pub(super) fn extract(package: &Path, directory: &Path) -> Result<(), String> {
    run(Command::new("dpkg-deb")
        .arg("--extract")
        .args([package, directory]))
    .map(drop)
}

/// A package's version, as it says itself.
pub(super) fn version(package: &Path) -> Result<String, String> {
    let version = run(Command::new("dpkg-deb")
        .arg("--field")
        .arg(package)
        .arg("Version"))?;
    Ok(version.trim().to_owned())
}

/// What the command printed, or the last line of its complaint.
fn run(command: &mut Command) -> Result<String, String> {
    dies_with_us(command);
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let last = complaint.lines().rfind(|line| !line.trim().is_empty());
    Err(last.unwrap_or("failed without a word").trim().to_owned())
}
