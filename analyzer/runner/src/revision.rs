//! Revisions of the repository, each in a work tree of its own.
//!
//! A work tree lies below `target/revisions/` and is kept, so that what was built there
//! once is there the next time. The checkout itself is not touched.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use miette::Diagnostic;

use crate::checkout::{Git, UnknownCommit};

/// Where work trees lie, below the checkout.
const WORK_TREES: &str = "target/revisions";
/// Digits of a commit that name its work tree.
const SHORT: usize = 12;
/// The definitions, below a checkout.
const MANIFESTS: &str = "manifests";

/// A revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its commit, whole.
    pub commit: String,
    /// The first line of its message.
    pub subject: String,
}

/// A revision cannot be had.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum RevisionError {
    /// Nothing of the repository has this name.
    #[error(
        "`{}` is no revision of this repository",
        capbench_results::plain(name)
    )]
    #[diagnostic(
        code(capbench::revision),
        help("name a commit, a branch or a tag; `git log --oneline` shows them")
    )]
    Unknown {
        /// As it was named.
        name: String,
    },
    /// Nothing lies between the two.
    #[error("there is no way from {from} to {to}: the one is no ancestor of the other")]
    #[diagnostic(
        code(capbench::revision::range),
        help("name the older revision first; both must be of one history")
    )]
    NoRange {
        /// The commit that should be older.
        from: String,
        /// The commit that should be newer.
        to: String,
    },
    /// Git does not answer.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Git(#[from] UnknownCommit),
    /// A file of a work tree.
    #[error("{}: {source}", path.display())]
    #[diagnostic(
        code(capbench::revision::file),
        help("check free space and permissions, or remove target/revisions and try again")
    )]
    File {
        /// Which file.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
}

impl Revision {
    /// The revision of this name.
    ///
    /// # Errors
    ///
    /// There is none, or git does not answer.
    pub fn find(root: &Path, name: &str) -> Result<Self, RevisionError> {
        let git = Git { root };
        let unknown = || RevisionError::Unknown {
            name: name.to_owned(),
        };
        // A name that begins with a dash would be an option.
        if name.is_empty() || name.starts_with('-') {
            return Err(unknown());
        }
        // Whether git answers at all is another fault than a name that it does not know.
        git.answer(&["rev-parse", "--git-dir"])?;
        let wanted = format!("{name}^{{commit}}");
        let commit = git.answer(&["rev-parse", "--quiet", "--verify", &wanted]);
        let commit = commit.map_err(|_| unknown())?;
        Self::of(&git, commit)
    }

    /// Revisions from one to another, both included, oldest first: the first parents of
    /// the later one.
    ///
    /// # Errors
    ///
    /// The one is no ancestor of the other, or git does not answer.
    pub fn range(root: &Path, from: &Self, to: &Self) -> Result<Vec<Self>, RevisionError> {
        let git = Git { root };
        let ancestor = ["merge-base", "--is-ancestor", &from.commit, &to.commit];
        if from == to || git.answer(&ancestor).is_err() {
            return Err(RevisionError::NoRange {
                from: from.short().to_owned(),
                to: to.short().to_owned(),
            });
        }
        let range = format!("{}..{}", from.commit, to.commit);
        let listed = git.answer(&[
            "log",
            "--reverse",
            "--first-parent",
            "--format=%H %s",
            &range,
        ])?;
        let listed = listed.lines().filter_map(|line| {
            let (commit, subject) = line.split_once(' ')?;
            Some(Self {
                commit: commit.to_owned(),
                subject: subject.to_owned(),
            })
        });
        Ok(std::iter::once(from.clone()).chain(listed).collect())
    }

    fn of(git: &Git<'_>, commit: String) -> Result<Self, RevisionError> {
        let subject = git.answer(&["show", "--no-patch", "--format=%s", &commit])?;
        Ok(Self { commit, subject })
    }

    /// The first digits of its commit.
    pub fn short(&self) -> &str {
        self.commit.get(..SHORT).unwrap_or(&self.commit)
    }

    /// A work tree of its own, which nobody else checks out into.
    ///
    /// # Errors
    ///
    /// As [`Revision::check_out`].
    pub fn work_tree(&self, root: &Path) -> Result<PathBuf, RevisionError> {
        self.check_out(root, self.short())
    }

    /// The work tree of this name, at this revision, with the definitions of `root` in
    /// place of its own: what is measured is the same on every revision, and only the
    /// guest is another. What was built there stays.
    ///
    /// # Errors
    ///
    /// Git does not make it, or a file cannot be written.
    pub fn check_out(&self, root: &Path, name: &str) -> Result<PathBuf, RevisionError> {
        let place = root.join(WORK_TREES).join(name);
        let tree = Git { root: &place };
        match is_work_tree(&place) {
            true => {
                tree.answer(&["checkout", "--quiet", "--detach", "--force", &self.commit])?;
            }
            false => {
                remove(&place)?;
                let git = Git { root };
                // One that was removed by hand is still known to git.
                git.answer(&["worktree", "prune"])?;
                let path = place.to_string_lossy();
                git.answer(&[
                    "worktree",
                    "add",
                    "--detach",
                    "--force",
                    &path,
                    &self.commit,
                ])?;
            }
        }
        let definitions = place.join(MANIFESTS);
        remove(&definitions)?;
        copy(&root.join(MANIFESTS), &definitions)?;
        Ok(place)
    }
}

/// Whether git takes the directory for a work tree, and not for a part of the one
/// around it.
fn is_work_tree(place: &Path) -> bool {
    let top = Git { root: place }.answer(&["rev-parse", "--show-toplevel"]);
    let top = top.ok().and_then(|top| Path::new(&top).canonicalize().ok());
    top.is_some() && top == place.canonicalize().ok()
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> RevisionError {
    let path = path.to_owned();
    move |source| RevisionError::File { path, source }
}

fn remove(directory: &Path) -> Result<(), RevisionError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(directory)(error)),
        _ => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), RevisionError> {
    fs::create_dir_all(to).map_err(at(to))?;
    for entry in fs::read_dir(from).map_err(at(from))? {
        let entry = entry.map_err(at(from))?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        match entry.file_type().map_err(at(&from))?.is_dir() {
            true => copy(&from, &to)?,
            false => {
                fs::copy(&from, &to).map_err(at(&from))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "revision_tests.rs"]
mod tests;
