//! Source text, for what no program can ask: which constants a file declares, and
//! what those are that its crate keeps to itself.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The guest's ABI crate.
pub fn guest_abi() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../capos/abi/src")
}

/// Reads a file that must be there.
///
/// # Panics
///
/// If it is not.
pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The names of the constants that a source file makes public, tests left out.
pub fn public_constants(source: &str) -> BTreeSet<String> {
    let code = source.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines()
        .filter_map(|line| line.trim_start().strip_prefix("pub const "))
        .filter_map(|rest| rest.split_once(':'))
        .map(|(name, _)| name.to_owned())
        .filter(|name| !name.contains(' '))
        .collect()
}

/// A file of a published crate, as cargo unpacked it.
///
/// # Panics
///
/// If cargo does not know the crate or the file is not in it.
pub fn published(package: &str, file: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--offline", "--locked"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .expect("cargo starts");
    let metadata = String::from_utf8_lossy(&output.stdout);
    // One path is wanted of a format with a parser of its own: its manifest's.
    let manifest = metadata
        .split("\"manifest_path\":\"")
        .filter_map(|rest| rest.split('"').next())
        .find(|path| path.contains(&format!("/{package}-0.1.0/")))
        .unwrap_or_else(|| panic!("no {package}: {}", String::from_utf8_lossy(&output.stderr)));
    read(&Path::new(manifest).with_file_name(file))
}

/// Whether a source file defines this constant so, whatever its layout.
pub fn defines(source: &str, definition: &str) -> bool {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    words(source).contains(&words(definition))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_found_wherever_they_are_and_functions_are_not() {
        let source = "pub const A: u8 = 1;\nconst B: u8 = 2;\nmod m {\n    pub const C: u8 = 3;\n}\n\
                      pub const fn d(e: u8) {}\n#[cfg(test)]\nmod tests {\n    pub const F: u8 = 1;\n}";
        let found: Vec<String> = public_constants(source).into_iter().collect();
        assert_eq!(found, ["A", "C"]);
    }
}
