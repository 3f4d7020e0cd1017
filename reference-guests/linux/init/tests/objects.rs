//! The committed eBPF objects are those of the committed sources.

use sha2::{Digest, Sha256};
use std::path::Path;

#[test]
fn the_objects_were_built_from_the_present_sources() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bpf");
    let sums = std::fs::read_to_string(folder.join("objects/SHA256SUMS")).unwrap();
    let mut listed = 0;
    for line in sums.lines() {
        let (stated, name) = line.split_once("  ").unwrap();
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let found: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            found, stated,
            "{name} has changed: run bpf/build.sh and commit what it makes"
        );
        listed += 1;
    }
    let sources = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "c" || end == "h"))
        .count();
    let objects = std::fs::read_dir(folder.join("objects")).unwrap().count() - 1;
    assert_eq!(
        listed,
        sources + objects,
        "bpf/build.sh has not seen every file"
    );
}
