//! Outputs: without room, without a reader, without permission, or with something
//! already there.

use std::fs;
use std::os::unix::fs::symlink;

use crate::case::{Case, Expected, Output, Place};
use crate::damage::fifo;

const AREA: &str = "output";

/// Commands that print; `@` is the run and `*` a trace.
const PRINTERS: [&[&str]; 8] = [
    &["inspect", "*"],
    &["inspect", "*", "--format=json"],
    &["verify", "@"],
    &["judge", "@"],
    &["explain", "ring/nop/1", "--run", "@"],
    &["list"],
    &["man", "--help"],
    &["--help"],
];

/// Commands that write; `%` is where to.
const WRITERS: [&[&str]; 9] = [
    &["report", "@", "--out", "%"],
    &["plot", "@", "--out", "%"],
    &["export", "@", "--format=csv", "--output", "%"],
    &["export", "@", "--format=parquet", "--output", "%"],
    &["export", "@", "--format=perfetto", "--output", "%"],
    &["export", "@", "--format=capnp", "--output", "%"],
    &["judge", "@", "--output", "%"],
    &["store", "--store", "%", "add", "@"],
    &["record", "*", "--out", "%"],
];

fn fill(command: &[&str], place: &Place, to: &str) -> Vec<String> {
    let words = command.iter().map(|&word| match word {
        "@" => place.base.run.to_str().unwrap().to_owned(),
        "*" => place.base.golden[0].to_str().unwrap().to_owned(),
        "%" => to.to_owned(),
        word => word.to_owned(),
    });
    words.collect()
}

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (seed, printer) in (0..).zip(PRINTERS) {
        let outputs = [
            ("full", Output::Full, Expected::REFUSED),
            ("reader-gone", Output::ReaderGone, Expected::status(&[141])),
        ];
        for (kind, output, expected) in outputs {
            let case = Case::new(AREA, kind, seed, expected, |place, _| {
                fill(printer, place, "")
            });
            cases.push(Case { output, ..case });
        }
    }
    for (seed, writer) in (0..).zip(WRITERS) {
        let places: [(&str, &str); 7] = [
            ("file-in-the-way", "file"),
            ("fifo-in-the-way", "fifo"),
            ("file-as-parent", "file/below"),
            ("no-permission", "/proc/self/capbench"),
            ("device", "full"),
            ("below-device", "full/below"),
            ("name-too-long", ""),
        ];
        for (kind, to) in places {
            // Recording names its files by itself where a FIFO or device stands: it is
            // refused like a file that is there.
            let expected = Expected::REFUSED;
            cases.push(Case::new(AREA, kind, seed, expected, move |place, _| {
                fs::write(place.path("file"), b"kept").unwrap();
                fifo(&place.path("fifo"));
                // A link: a command that replaces what is there takes no device away.
                symlink("/dev/full", place.path("full")).unwrap();
                let to = match kind {
                    "name-too-long" => place.path(&"x".repeat(300)),
                    _ => place.path(to),
                };
                fill(writer, place, to.to_str().unwrap())
            }));
        }
    }
    cases
}
