//! A side of a comparison, found by its name.

use std::path::{Path, PathBuf};

use capbench_change::Source;
use capbench_frames::trace::read_file;
use capbench_results::is_plain_name;
use capbench_runner::artifact::Artifact;
use capbench_store::Store;
use miette::{IntoDiagnostic, Result, miette};

/// Where names are looked up, besides as paths.
pub struct Places {
    /// A checkout, where there is one.
    pub root: Option<PathBuf>,
    /// The store, where one was named.
    pub store: Option<PathBuf>,
}

impl Places {
    /// A run's directory, a trace, the id of a run below `runs`, or of one in the store.
    pub fn find(&self, name: &str) -> Result<Source> {
        let path = Path::new(name);
        if path.is_dir() {
            return run(name, path);
        }
        if path.exists() {
            return trace(name, path);
        }
        if is_plain_name(name) {
            let known = self.root.as_ref().map(|root| root.join("runs").join(name));
            if let Some(known) = known.filter(|known| known.is_dir()) {
                return run(name, &known);
            }
            if let Some(stored) = self.stored(name)? {
                return Ok(stored);
            }
        }
        Err(miette!(
            code = "capbench::diff",
            help = "name a run's directory or a .ktrace, or the id of a run: `ls runs` and \
                    `capbench store list` show them",
            "there is no run, trace or stored run `{}`",
            capbench_results::plain(name)
        ))
    }

    fn stored(&self, id: &str) -> Result<Option<Source>> {
        let own = self.root.as_ref().map(|root| root.join("store"));
        let store = match (&self.store, own) {
            (Some(named), _) => Store::open(named)?,
            (None, Some(own)) if own.is_dir() => Store::open(&own)?,
            (None, _) => return Ok(None),
        };
        let run = store.run(id)?;
        let source = run.map(|run| Source::of_stored(id, run));
        source.transpose().into_diagnostic()
    }
}

fn run(name: &str, directory: &Path) -> Result<Source> {
    let artifact = Artifact::open(directory)?;
    Ok(Source::of_run(name, &artifact.results))
}

fn trace(name: &str, path: &Path) -> Result<Source> {
    let trace = read_file(path, name).map_err(|error| {
        miette!(
            code = "capbench::diff",
            help = "pass a run's directory, a .ktrace or a raw stream",
            "{error}"
        )
    })?;
    let summary = capbench_judge::trace(&trace).into_diagnostic()?;
    Ok(Source::of_trace(name, &summary))
}
