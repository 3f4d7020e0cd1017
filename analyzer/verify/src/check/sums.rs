//! The hash of every file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Answer, Found, count};
use crate::run::{Run, SUMS};

pub(super) fn check(run: &Run) -> Found {
    let Ok(text) = fs::read_to_string(run.directory.join(SUMS)) else {
        return Answer::new(vec![format!("{SUMS} is missing")], "");
    };
    let (stated, mut faults) = parse(&text);
    let mut found = BTreeMap::new();
    walk(&run.directory, &run.directory, &mut found)
        .map_err(|error| format!("the directory cannot be read: {error}"))?;
    found.remove(SUMS);
    for (name, hash) in &stated {
        match found.remove(name) {
            None => faults.push(format!("{name} is missing")),
            Some(path) => match sha256_of(&path) {
                Ok(actual) if actual == *hash => {}
                Ok(actual) => faults.push(format!("{name} was changed: {actual}, not {hash}")),
                Err(error) => faults.push(format!("{name} cannot be read: {error}")),
            },
        }
    }
    faults.extend(found.keys().map(|name| format!("{name} is in no list")));
    Answer::new(faults, count(stated.len(), "file"))
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
fn walk(root: &Path, directory: &Path, found: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            walk(root, &path, found)?;
        } else {
            let name = path.strip_prefix(root).unwrap_or(&path);
            found.insert(name.to_string_lossy().into_owned(), path);
        }
    }
    Ok(())
}

fn sha256_of(path: &Path) -> io::Result<String> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other("it is a link"));
    }
    let (mut file, mut hasher) = (File::open(path)?, Sha256::new());
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
