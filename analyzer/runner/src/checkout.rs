//! Which commit the sources are of, and whether they differ from it.
//!
//! Git is asked about the sources and nothing else: variables that point at another
//! repository, as a hook has them, do not count; a repository that happens to lie
//! around the sources does not either. Files are compared by content, whatever flags,
//! time stamps or settings make `git status` pass over them. What git does not say
//! is unknown, with the reason, and unknown sources are never called unchanged.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use miette::Diagnostic;
use serde::{Deserialize, Serialize};

use crate::host::ROOT_DIRECTORIES;

/// What stands for a commit that is not known.
pub const UNKNOWN: &str = "unknown";

/// Variables that point git at a repository, or at parts of one. `git rev-parse
/// --local-env-vars` names them, settings of the user aside.
const POINTERS: [&str; 13] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_CEILING_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Settings under which git passes over changes.
const STRICT: [&str; 8] = [
    "-c",
    "core.fileMode=true",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.sparseCheckout=false",
    "-c",
    "core.untrackedCache=false",
];

/// The state of the sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    /// The commit, or [`UNKNOWN`].
    pub commit: String,
    /// Whether the sources differ from that commit. So they may where it is unknown.
    pub dirty: bool,
    /// Where the sources are in their repository, if not at its top.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub directory: Option<PathBuf>,
    /// Why the commit is unknown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unknown: Option<String>,
}

impl Checkout {
    /// Sources of which git said nothing.
    pub fn unknown(why: &UnknownCommit) -> Self {
        Self {
            commit: UNKNOWN.to_owned(),
            dirty: true,
            directory: None,
            unknown: Some(why.to_string()),
        }
    }

    /// Whether it says what the sources are, apart from changes.
    pub fn has_commit(&self) -> bool {
        self.commit != UNKNOWN
    }
}

/// Why the commit of the sources is unknown.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum UnknownCommit {
    /// There is no git, or it does not start.
    #[error("git does not run: {source}")]
    #[diagnostic(code(capbench::commit), help("install git"))]
    NoGit {
        /// The system's message.
        source: io::Error,
    },
    /// The repository is another user's, as in a container.
    #[error("git refuses to read the repository: {words}")]
    #[diagnostic(code(capbench::commit), help("trust it: {remedy}"))]
    Refused {
        /// Git's own words.
        words: String,
        /// The command that git names.
        remedy: String,
    },
    /// An unpacked archive, for instance.
    #[error("{} is in no git repository", root.display())]
    #[diagnostic(code(capbench::commit), help("work in a clone of the repository"))]
    NoRepository {
        /// The sources.
        root: PathBuf,
    },
    /// An archive that was unpacked inside of another repository, for instance.
    #[error(
        "{} is not of the git repository around it, {}, which does not hold its files",
        root.display(),
        repository.display()
    )]
    #[diagnostic(code(capbench::commit), help("work in a clone of the repository"))]
    AnotherRepository {
        /// The sources.
        root: PathBuf,
        /// The repository around them, which does not hold their files.
        repository: PathBuf,
    },
    /// Anything else that git says.
    #[error("git does not report the commit of {}: {words}", root.display())]
    #[diagnostic(
        code(capbench::commit),
        help("make `git -C {} status` work, then try again", root.display())
    )]
    Git {
        /// The sources.
        root: PathBuf,
        /// Git's own words.
        words: String,
    },
}

/// Asks git about the sources at `root`.
pub fn read(root: &Path) -> Result<Checkout, UnknownCommit> {
    let git = Git { root };
    let repository = PathBuf::from(git.answer(&["rev-parse", "--show-toplevel"])?);
    let commit = git.answer(&["rev-parse", "--verify", "HEAD^{commit}"])?;
    let directory = directory(root, &repository)
        .filter(|_| git.holds_the_sources(&commit))
        .ok_or_else(|| UnknownCommit::AnotherRepository {
            root: root.to_owned(),
            repository,
        })?;
    let dirty = git.differs_from(&commit)?;
    Ok(Checkout {
        commit,
        dirty,
        directory: Some(directory).filter(|directory| !directory.as_os_str().is_empty()),
        unknown: None,
    })
}

/// The way from the repository's top to the sources, if they are in it.
fn directory(root: &Path, repository: &Path) -> Option<PathBuf> {
    let (root, repository) = (root.canonicalize().ok()?, repository.canonicalize().ok()?);
    root.strip_prefix(repository).map(Path::to_owned).ok()
}

/// Git, asked about the sources at a root.
pub(crate) struct Git<'a> {
    pub(crate) root: &'a Path,
}

impl Git<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for pointer in POINTERS {
            command.env_remove(pointer);
        }
        command
            // A commit stands for its own files, and reading changes nothing.
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C")
            .args(STRICT)
            .args(arguments)
            .current_dir(self.root)
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn answer(&self, arguments: &[&str]) -> Result<String, UnknownCommit> {
        self.run(&mut self.command(arguments))
    }

    /// Whether the commit has what makes the sources a root, where they lie.
    fn holds_the_sources(&self, commit: &str) -> bool {
        let has = |directory| self.answer(&["cat-file", "-e", &format!("{commit}:./{directory}")]);
        ROOT_DIRECTORIES
            .iter()
            .all(|directory| has(directory).is_ok())
    }

    /// Compares with an index made of the commit: the repository's own one may have
    /// files marked as unchanged, or think so by their time stamps.
    fn differs_from(&self, commit: &str) -> Result<bool, UnknownCommit> {
        let scratch = tempfile::tempdir().map_err(|error| self.failed(error.to_string()))?;
        let index = scratch.path().join("index");
        let mut fill = self.command(&["read-tree", commit]);
        self.run(fill.env("GIT_INDEX_FILE", &index))?;
        let mut compare = self.command(&[
            "status",
            "--porcelain",
            "--untracked-files=normal",
            "--ignore-submodules=none",
            "--",
            ".",
        ]);
        let changes = self.run(compare.env("GIT_INDEX_FILE", &index))?;
        Ok(!changes.is_empty())
    }

    /// Git's output.
    fn run(&self, command: &mut Command) -> Result<String, UnknownCommit> {
        let output = command.output();
        let output = output.map_err(|source| UnknownCommit::NoGit { source })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout)
                .trim_end()
                .to_owned());
        }
        Err(self.complaint(&output))
    }

    fn complaint(&self, output: &Output) -> UnknownCommit {
        let said = String::from_utf8_lossy(&output.stderr);
        let mut lines = said.lines().map(str::trim);
        let first = lines.next().unwrap_or_default();
        let words = first.strip_prefix("fatal: ").unwrap_or(first).to_owned();
        if words.starts_with("not a git repository") {
            return UnknownCommit::NoRepository {
                root: self.root.to_owned(),
            };
        }
        match lines.find(|line| line.contains("safe.directory")) {
            Some(remedy) => UnknownCommit::Refused {
                words,
                remedy: remedy.to_owned(),
            },
            None => self.failed(words),
        }
    }

    fn failed(&self, words: String) -> UnknownCommit {
        UnknownCommit::Git {
            root: self.root.to_owned(),
            words,
        }
    }
}

#[cfg(test)]
#[path = "checkout_tests.rs"]
mod tests;
