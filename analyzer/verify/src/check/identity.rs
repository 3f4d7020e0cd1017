//! One run in all its files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use capbench_results::plain;
use memchr::memmem;

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
    faults.extend(unnamed(run)?);
    let (words, strange) = words(run)?;
    faults.extend(strange);
    let looked_at = format!(
        "{}, {} of kernels",
        count(images.len(), "boot image"),
        count(words, "word")
    );
    Answer::new(faults, looked_at)
}

/// Files among the images that the record knows nothing of.
fn unnamed(run: &Run) -> Result<Vec<String>, String> {
    let record = run.record()?;
    let guests = record.guests.iter().flat_map(|guest| &guest.images);
    let kernels: BTreeSet<String> = guests
        .filter_map(|image| Some(format!("{}.elf", image.sha256.get(..IMAGE_DIGITS)?)))
        .collect();
    let Ok(entries) = fs::read_dir(run.directory.join("images")) else {
        return Ok(Vec::new());
    };
    let names = entries.flatten().map(|entry| entry.file_name());
    let names = names.map(|name| name.to_string_lossy().into_owned());
    let unnamed = names.filter(|name| {
        !kernels.contains(name) && !record.boot_images.contains_key(&format!("images/{name}"))
    });
    Ok(unnamed
        .map(|name| format!("images/{}: the record does not name it", plain(&name)))
        .collect())
}

/// How many words streams say that are compiled into their kernel, and those that stand
/// in none of the guest's kernels that are kept.
fn words(run: &Run) -> Result<(usize, Vec<String>), String> {
    let record = run.record()?;
    let mut kernels: BTreeMap<&str, Vec<Vec<u8>>> = BTreeMap::new();
    let mut read = BTreeSet::new();
    for guest in &record.guests {
        let kernel = guest
            .images
            .iter()
            .find(|image| image.name.starts_with("kernel"));
        let short = kernel.and_then(|kernel| kernel.sha256.get(..IMAGE_DIGITS));
        if let Some(short) = short.filter(|short| read.insert((&guest.guest, *short)))
            && guest.kernel_image.is_none()
            && let Ok(image) = inside::read(&run.directory, &format!("images/{short}.elf"))
        {
            kernels.entry(&guest.guest).or_default().push(image);
        }
    }
    let (mut known, mut strange) = (BTreeSet::new(), BTreeSet::new());
    for boot in &record.boots {
        let (Some(images), Some(stored)) = (kernels.get(boot.guest.as_str()), boot.stored()) else {
            continue;
        };
        let Ok(said) = run.said(&stored.file) else {
            continue;
        };
        for word in said.statements.words.iter().filter(|word| !word.is_empty()) {
            let pair = (&boot.guest, word.clone());
            if known.contains(&pair) || strange.contains(&pair) {
                continue;
            }
            let is_there = images
                .iter()
                .any(|image| memmem::find(image, word.as_bytes()).is_some());
            match is_there {
                true => known.insert(pair),
                false => strange.insert(pair),
            };
        }
    }
    let strange = strange.iter().map(|(guest, word)| {
        format!(
            "{guest}: a stream says {:?}, which no kernel image holds",
            plain(word)
        )
    });
    Ok((known.len(), strange.collect()))
}

/// What a kept kernel is called by: the first digits of its hash.
const IMAGE_DIGITS: usize = 12;
