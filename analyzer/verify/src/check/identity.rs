//! One run in all its files.

use super::{Answer, Found, count, differ};
use crate::canonical::sha256;
use crate::inside;
use crate::run::Run;

pub(super) fn check(run: &Run) -> Found {
    let (record, document) = (run.record()?, run.document()?);
    let line = &document.run;
    let mut faults: Vec<String> = [
        differ("run id", &line.id, &record.run_id),
        differ("selection", &line.suite, &record.selection),
        differ("mode", &line.mode, &record.mode),
        differ("commit", &line.commit, &record.checkout.commit),
        differ("envelope", &line.envelope.hash, &record.envelope.hash),
        (line.dirty != record.checkout.dirty)
            .then(|| "the two do not agree on whether the tree had changes".to_owned()),
        differ("envelope's mode", &record.envelope.mode, &record.mode),
    ]
    .into_iter()
    .flatten()
    .collect();
    for row in &document.results {
        if row.run_id != record.run_id || row.mode != record.mode {
            faults.push(format!("{} is of another run or mode", row.title()));
        }
    }
    Answer::new(faults, format!("run {}", record.run_id))
}

pub(super) fn images(run: &Run) -> Found {
    let images = &run.record()?.boot_images;
    let mut faults = Vec::new();
    for (name, hash) in images {
        match inside::read(&run.directory, name) {
            Ok(bytes) => faults.extend(differ(name, hash, &sha256(&bytes))),
            Err(error) => faults.push(format!("{name}: {error}")),
        }
    }
    Answer::new(faults, count(images.len(), "boot image"))
}
