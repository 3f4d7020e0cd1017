//! The hash of every file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::{Answer, Found, count};
use crate::inside::{self, NotInside};
use crate::run::{Run, SUMS};

pub(super) fn check(run: &Run) -> Found {
    let (stated, faults) = compare(&run.directory)?;
    Answer::new(faults, count(stated, "file"))
}

/// What of the run in `directory` is not as its checksums say; nothing where all is.
///
/// # Errors
///
/// The directory cannot be read.
pub fn faults(directory: &Path) -> Result<Vec<String>, String> {
    compare(directory).map(|(_, faults)| faults)
}

/// How many files the list names, and what is wrong with them.
fn compare(directory: &Path) -> Result<(usize, Vec<String>), String> {
    let text = match inside::text(directory, SUMS) {
        Ok(text) => text,
        Err(error) if error.is_missing() => {
            return Ok((0, vec![format!("{SUMS} is missing")]));
        }
        Err(error) => return Ok((0, vec![format!("{SUMS} cannot be read: {error}")])),
    };
    let (stated, mut faults) = parse(&text);
    let mut found = BTreeSet::new();
    walk(directory, directory, &mut found)
        .map_err(|error| format!("the directory cannot be read: {error}"))?;
    found.remove(SUMS);
    for (name, hash) in &stated {
        if !found.remove(name) {
            faults.push(format!("{name} is missing"));
            continue;
        }
        match sha256_of(directory, name) {
            Ok(actual) if actual == *hash => {}
            Ok(actual) => faults.push(format!("{name} was changed: {actual}, not {hash}")),
            Err(error) => faults.push(format!("{name} cannot be read: {error}")),
        }
    }
    faults.extend(found.iter().map(|name| format!("{name} is in no list")));
    Ok((stated.len(), faults))
}

fn parse(text: &str) -> (BTreeMap<String, String>, Vec<String>) {
    let (mut stated, mut faults) = (BTreeMap::new(), Vec::new());
    for line in text.lines() {
        let entry = line.split_once("  ").filter(|(hash, _)| hash.len() == 64);
        let Some((hash, name)) = entry else {
            faults.push(format!("{SUMS}: `{line}` is no hash and name"));
            continue;
        };
        if stated.insert(name.to_owned(), hash.to_owned()).is_some() {
            faults.push(format!("{SUMS} names {name} twice"));
        }
    }
    (stated, faults)
}

/// Every file by its name relative to the run. A link is no file of the run: what
/// it points to can change without it.
fn walk(root: &Path, directory: &Path, found: &mut BTreeSet<String>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            walk(root, &path, found)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path);
            found.insert(name.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

fn sha256_of(directory: &Path, name: &str) -> Result<String, NotInside> {
    let (mut file, mut hasher) = (inside::open(directory, name)?, Sha256::new());
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    let digest: [u8; 32] = hasher.finalize().into();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
