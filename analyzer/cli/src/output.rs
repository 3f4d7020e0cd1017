//! Files that commands write where the user said: a failure names the place and a
//! remedy, for what the system says of it names neither.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use capbench_runner::remedy;
use miette::{Report, Result, miette};

/// Makes a directory and what is missing above it.
pub fn directory(path: &Path) -> Result<()> {
    fs::create_dir_all(path).map_err(|error| unwritable(path, &error))
}

/// Writes a file, whole or not at all. The name it has until it is whole is this
/// process's own, and no file of that name is written into.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.part", std::process::id()));
    let mut file = File::create_new(&temporary).map_err(|error| unwritable(path, &error))?;
    file.write_all(bytes)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|error| {
            // What is not whole is of no use, and ours.
            let _ = fs::remove_file(&temporary);
            unwritable(path, &error)
        })
}

/// Why nothing was written there.
pub fn unwritable(path: &Path, error: &io::Error) -> Report {
    miette!(
        code = "capbench::output",
        help = remedy::unwritable(error.kind()),
        "cannot write {}: {error}",
        path.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_a_neighbour_is_not_touched() {
        let directory = tempfile::tempdir().unwrap();
        let (path, neighbour) = (
            directory.path().join("table.csv"),
            directory.path().join("table.csv.part"),
        );
        fs::write(&path, "old").unwrap();
        fs::write(&neighbour, "somebody's").unwrap();
        write(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read(&neighbour).unwrap(), b"somebody's");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_cannot_take_its_place_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("place");
        fs::create_dir(&path).unwrap();
        assert!(write(&path, b"new").is_err());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
