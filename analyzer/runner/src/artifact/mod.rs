//! A run's directory: `runs/<run-id>/`, complete or recognisably not.
//!
//! Work happens in `<run-id>.partial`; sealing writes the checksums, renames the
//! directory and moves `latest`. A run that dies without sealing leaves the
//! `.partial` directory with everything that had arrived. Single files appear
//! whole or not at all.

mod definitions;
pub mod inside;
pub mod instructions;
mod read;
mod stored;

pub use read::{Artifact, ReadError};
pub use stored::{Stored, StoredError};

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use capbench_results::Digest;
use miette::Diagnostic;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::hash;
use crate::manifest::Catalogue;
use crate::plan::Plan;
use crate::record::RunRecord;

/// Names of the files of an artifact.
pub mod names {
    /// Everything that decided the numbers.
    pub const RECORD: &str = "run.json";
    /// The results as JSON.
    pub const RESULTS_JSON: &str = "results.json";
    /// The same as a Cap'n Proto message.
    pub const RESULTS_MESSAGE: &str = "results.capnp";
    /// SHA-256 of every other file, in the format of `sha256sum`.
    pub const CHECKSUMS: &str = "SHA256SUMS";
    /// Repeats the run.
    pub const REPLAY: &str = "replay.sh";
    /// The definitions that `run.json` has the hashes of.
    pub const DEFINITIONS: &str = "definitions.json";
    /// The audit boots' verdicts.
    pub const AUDITS: &str = "audit.json";
    /// Privileged acts that the guests noted.
    pub const PRIVILEGED: &str = "privileged.json";
    /// What programs used of their authority, and which denials they proved.
    pub const EXERCISED: &str = "exercised.json";
    /// Streams and logs, one set per boot.
    pub const BOOTS: &str = "boots";
    /// The Linux guest's program on this host: rows, stream and log.
    pub const NATIVE: &str = "native";
    /// Boot images.
    pub const IMAGES: &str = "images";
    /// The ending of a directory's name until its run is sealed.
    pub const PARTIAL: &str = "partial";
    /// Points at the newest run.
    pub const LATEST: &str = "latest";
}

/// The artifact could not be written.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("{}: {source}", path.display())]
#[diagnostic(
    code(capbench::artifact),
    help("check free space and permissions; what had arrived is kept in the .partial directory")
)]
pub struct ArtifactError {
    path: PathBuf,
    source: io::Error,
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ArtifactError {
    let path = path.to_owned();
    move |source| ArtifactError { path, source }
}

/// A run directory that is being filled.
#[derive(Debug)]
pub struct RunDirectory {
    runs: PathBuf,
    run_id: String,
    partial: PathBuf,
}

impl RunDirectory {
    /// Creates the directory of a new run below `runs`.
    pub fn create(runs: &Path, run_id: &str) -> Result<Self, ArtifactError> {
        let partial = runs.join(format!("{run_id}.{}", names::PARTIAL));
        for directory in [names::BOOTS, names::IMAGES] {
            let path = partial.join(directory);
            fs::create_dir_all(&path).map_err(at(&path))?;
        }
        // QEMU gets these paths and may be started from anywhere.
        let runs = runs.canonicalize().map_err(at(runs))?;
        Ok(Self {
            partial: runs.join(format!("{run_id}.{}", names::PARTIAL)),
            runs,
            run_id: run_id.to_owned(),
        })
    }

    /// Where the files are for now.
    pub fn path(&self) -> &Path {
        &self.partial
    }

    /// The same with every path of this directory, in whatever text it stands, relative
    /// to it: the directory gets another name when it is sealed, and can be moved.
    /// QEMU's arguments hold from inside of it, its messages name files that are there.
    pub fn without_its_place<T: Serialize + DeserializeOwned>(&self, told: T) -> T {
        let place = format!("{}/", self.partial.display());
        let places = [place.replace(',', ",,"), place];
        let mut value = serde_json::to_value(told).expect("a record is plain data");
        shorten(&mut value, &places);
        serde_json::from_value(value).expect("of the shape that it had")
    }

    /// Writes one file, whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, ArtifactError> {
        let path = self.partial.join(name);
        let temporary = self.partial.join(format!("{name}.part"));
        let write = || {
            let mut file = File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        write().map_err(at(&path))?;
        Ok(path)
    }

    /// Writes the record and the script that repeats the run.
    pub fn write_record(&self, record: &RunRecord) -> Result<(), ArtifactError> {
        self.write(names::RECORD, record.to_json().as_bytes())?;
        let script = self.write(names::REPLAY, replay_script(record).as_bytes())?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).map_err(at(&script))
    }

    /// Writes the definitions that the plan's rows rest on.
    pub fn write_definitions(
        &self,
        plan: &Plan,
        catalogue: &Catalogue,
    ) -> Result<(), ArtifactError> {
        let kept = definitions::of(plan, catalogue);
        let text = serde_json::to_string_pretty(&kept).expect("definitions are plain data");
        self.write(names::DEFINITIONS, format!("{text}\n").as_bytes())?;
        Ok(())
    }

    /// Keeps a kernel image, whose code gives an instruction log its meaning.
    pub fn write_kernel(&self, bytes: &[u8]) -> Result<(), ArtifactError> {
        let name = kept_kernel(hash::of(bytes));
        self.write(&name.to_string_lossy(), bytes)?;
        Ok(())
    }

    /// Writes the checksums, gives the directory its name and makes it `latest`.
    pub fn seal(self) -> Result<PathBuf, ArtifactError> {
        let sums = checksums(&self.partial).map_err(at(&self.partial))?;
        self.write(names::CHECKSUMS, sums.as_bytes())?;
        let sealed = self.runs.join(&self.run_id);
        fs::rename(&self.partial, &sealed).map_err(at(&sealed))?;
        let latest = self.runs.join(names::LATEST);
        point(&latest, &self.run_id).map_err(at(&latest))?;
        Ok(sealed)
    }
}

/// Where a run keeps a kernel image, if it does.
pub fn kept_kernel(sha256: Digest) -> PathBuf {
    format!("{}/{}.elf", names::IMAGES, hash::short(sha256)).into()
}

fn shorten(value: &mut Value, places: &[String]) {
    match value {
        Value::String(text) => {
            for place in places {
                *text = text.replace(place, "");
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| shorten(value, places)),
        Value::Object(fields) => fields.values_mut().for_each(|value| shorten(value, places)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn relative(directory: &Path, path: &Path) -> PathBuf {
    path.strip_prefix(directory).unwrap_or(path).to_owned()
}

/// Replaces a link in one step: there is always a `latest`, old or new.
fn point(link: &Path, target: &str) -> io::Result<()> {
    let temporary = link.with_extension(format!("{}.new", std::process::id()));
    std::os::unix::fs::symlink(target, &temporary)?;
    fs::rename(&temporary, link)
}

fn checksums(directory: &Path) -> io::Result<String> {
    let mut lines = String::new();
    for path in files(directory)? {
        let digest = hash::of_file(&path)?;
        let name = relative(directory, &path);
        lines.push_str(&format!("{digest}  {}\n", name.display()));
    }
    Ok(lines)
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(self::files(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A script that runs the same selection at the same commit and refuses another
/// envelope, whose numbers would belong to another series. Of an unknown commit it
/// repeats nothing: whatever sources are there would say nothing of the run.
fn replay_script(record: &RunRecord) -> String {
    if !record.checkout.has_commit() {
        let why = record.checkout.unknown.as_deref();
        let why = why.unwrap_or("git did not name it");
        let refusal = format!(
            "replay: run {} cannot be repeated: the commit of its sources is unknown ({why})",
            record.run_id
        );
        return format!("#!/bin/sh\necho {} >&2\nexit 1\n", quote(&refusal));
    }
    let mut words = vec!["run".to_owned(), record.selection.clone()];
    words.extend(["--mode".to_owned(), record.mode.to_string()]);
    words.extend(record.overrides.options());
    let arguments = words
        .iter()
        .map(|word| quote(word))
        .collect::<Vec<_>>()
        .join(" ");
    let directory = record.checkout.directory.as_deref();
    let directory = directory.unwrap_or(Path::new("."));
    format!(
        r#"#!/bin/sh
# Repeats run {run_id}: same commit, same definitions, same envelope.
# Usage: replay.sh [REPOSITORY]   (default: the checkout this run lies in)
set -eu
commit={commit}
here=$(CDPATH= cd "$(dirname "$0")" && pwd)
# A hook points git at its own repository.
unset $(git rev-parse --local-env-vars)
repository=${{1:-$(git -C "$here" rev-parse --show-toplevel)}}
if ! git -C "$repository" cat-file -e "$commit^{{commit}}"; then
    echo "replay: $repository does not have commit $commit of the run; name a clone that does: replay.sh REPOSITORY" >&2
    exit 1
fi
repository=$(git -C "$repository" rev-parse --show-toplevel)
{dirty}
tree=$repository
if [ "$(git -C "$repository" rev-parse HEAD)" != "$commit" ]; then
    tree=$(mktemp -d)/capbench
    git -C "$repository" worktree add --quiet --detach "$tree" "$commit"
    trap 'git -C "$repository" worktree remove --force "$tree"' EXIT
fi
cd "$tree"/{directory}
cargo run --quiet --locked --package capbench -- {arguments} \
    --expect-envelope {envelope} --out "$repository"/{directory}/runs
"#,
        run_id = record.run_id,
        commit = quote(&record.checkout.commit),
        dirty = if record.checkout.dirty {
            "echo 'replay: the run was made from a tree with uncommitted changes; the commit alone may give other numbers' >&2"
        } else {
            ":"
        },
        directory = quote(&directory.to_string_lossy()),
        envelope = record.envelope.hash,
    )
}

fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn sealing_names_the_run_sums_its_files_and_moves_latest() {
        let runs = tempfile::tempdir().unwrap();
        for run_id in ["a", "b"] {
            let directory = RunDirectory::create(runs.path(), run_id).unwrap();
            directory.write("run.json", b"{}").unwrap();
            directory.write("boots/x.console.log", b"hello").unwrap();
            assert!(!runs.path().join(run_id).exists());
            directory.seal().unwrap();
        }
        assert_eq!(
            content(&runs.path().join("latest/boots/x.console.log")),
            "hello"
        );
        assert_eq!(
            fs::read_link(runs.path().join("latest")).unwrap(),
            Path::new("b")
        );
        let sums = content(&runs.path().join("b/SHA256SUMS"));
        assert_eq!(
            sums,
            format!(
                "{}  boots/x.console.log\n{}  run.json\n",
                hash::of(b"hello"),
                hash::of(b"{}")
            )
        );
        let left = fs::read_dir(runs.path()).unwrap().count();
        assert_eq!(left, 3, "a, b and latest");
    }

    #[test]
    fn an_unsealed_run_stays_readable_and_is_never_latest() {
        let runs = tempfile::tempdir().unwrap();
        let directory = RunDirectory::create(runs.path(), "a").unwrap();
        directory.write("boots/x.trace", b"frames").unwrap();
        drop(directory);
        assert_eq!(
            content(&runs.path().join("a.partial/boots/x.trace")),
            "frames"
        );
        assert!(!runs.path().join("latest").exists());
    }

    #[test]
    fn no_text_of_a_record_names_a_place_that_sealing_takes_away() {
        let runs = tempfile::tempdir().unwrap();
        let runs = runs.path().join("a,b");
        let directory = RunDirectory::create(&runs, "r").unwrap();
        let place = directory.path().display().to_string();
        let told = serde_json::json!({
            "console": format!("{place}/boots/x.console.log"),
            "arguments": ["-m", format!("file,path={}/boots/x.trace", place.replace(',', ",,"))],
            "exit": {"message": format!("cannot open {place}/boots/x.trace: no space")},
            "wallMs": 1,
        });
        let record = directory.without_its_place(told);
        assert_eq!(
            record,
            serde_json::json!({
                "console": "boots/x.console.log",
                "arguments": ["-m", "file,path=boots/x.trace"],
                "exit": {"message": "cannot open boots/x.trace: no space"},
                "wallMs": 1,
            })
        );
    }

    #[test]
    fn words_in_the_replay_script_are_quoted_for_the_shell() {
        assert_eq!(quote("a'b c"), r"'a'\''b c'");
        assert_eq!(quote("trace_slots=64"), "trace_slots=64");
        assert_eq!(quote(""), "''");
    }
}
