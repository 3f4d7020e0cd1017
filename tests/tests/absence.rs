//! Compiled out means absent: the `plain` kernel's code is, to the byte, the
//! code of a kernel whose probes were never written.

use capbench_runner::guest::{BuildRequest, Extra, Guest, Variant, build, capos};
use capbench_tests::source_copy::SourceCopy;
use capbench_tests::strip_probes::strip_probes;
use object::{Object, ObjectSection};
use std::fs;

/// Fewer removals than this would mean that the transform lost the probes.
const PROBES_AT_LEAST: usize = 20;

fn build_plain(copy: &SourceCopy, environment: &[(&str, String)]) -> (Guest, Vec<u8>) {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect();
    let guest = build(&BuildRequest {
        root: copy.root(),
        guest: capos::GUEST,
        variant: Variant::Plain,
        extra: Extra {
            environment,
            ..Extra::default()
        },
        programs: None,
    })
    .unwrap_or_else(|error| panic!("{error}"));
    let image = fs::read(&guest.kernel().path).unwrap();
    let file = object::File::parse(&image[..]).unwrap();
    let text = file.section_by_name(".text").unwrap().data().unwrap();
    (guest.clone(), text.to_vec())
}

#[test]
fn the_plain_kernel_is_the_kernel_without_probes() {
    let copy = SourceCopy::new().unwrap();
    let (guest, plain) = build_plain(&copy, &[]);

    let mut removed = 0;
    for path in copy.kernel_sources().unwrap() {
        let source = fs::read_to_string(&path).unwrap();
        let stripped = strip_probes(&source).unwrap();
        removed += stripped.removed;
        fs::write(&path, stripped.source).unwrap();
    }
    assert!(removed >= PROBES_AT_LEAST, "only {removed} probes found");
    let (_, without_probes) = build_plain(&copy, &[]);
    assert!(
        plain == without_probes,
        "compiled-out probes left code behind"
    );

    // The same comparison must fail when one probe is left alive.
    let original = SourceCopy::new().unwrap();
    let mut flags = guest.rustflags["kernel"].clone();
    flags.push("--cfg=capbench_one_live_probe".into());
    let flags = [("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))];
    for path in copy.kernel_sources().unwrap() {
        let relative = path.strip_prefix(copy.root()).unwrap();
        fs::copy(original.root().join(relative), &path).unwrap();
    }
    let (_, one_probe) = build_plain(&copy, &flags);
    assert!(plain != one_probe, "a live probe went unnoticed");
}
