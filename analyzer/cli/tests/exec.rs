//! What `capbench guest exec` refuses before anything is built: each mistake with its
//! own words and the remedy.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use predicates::Predicate;

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn exec(arguments: &[&str]) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("capbench");
    command
        .current_dir(repository())
        .args(["guest", "exec"])
        .args(arguments)
        .env("NO_COLOR", "1");
    command
}

/// White space is layout: messages wrap.
fn said(words: &str) -> impl Predicate<[u8]> {
    let words = words.to_owned();
    predicates::function::function(move |output: &[u8]| {
        let text = String::from_utf8_lossy(output).replace(['│', '×'], " ");
        let text: Vec<&str> = text.split_whitespace().collect();
        text.join(" ").contains(&words)
    })
}

/// The headers of a program with one segment of this size.
fn program(directory: &Path, memory: u64) -> String {
    let mut file = vec![0; 64 + 56];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"\x7fELF\x02\x01\x01");
    put(16, &2u16.to_le_bytes());
    put(18, &62u16.to_le_bytes());
    put(20, &1u32.to_le_bytes());
    put(32, &64u64.to_le_bytes());
    for (at, value) in [(52, 64u16), (54, 56), (56, 1)] {
        put(at, &value.to_le_bytes());
    }
    put(64, &1u32.to_le_bytes());
    put(80, &0x20_0000u64.to_le_bytes());
    put(104, &memory.to_le_bytes());
    let path = directory.join("demo.elf");
    fs::write(&path, file).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn files_that_are_no_programs_are_refused_with_what_they_are() {
    let directory = tempfile::tempdir().unwrap();
    let large = program(directory.path(), 64 << 20);
    let own = assert_cmd::cargo::cargo_bin!("capbench");
    // Its debug information alone is more than fits.
    let own_words = if fs::metadata(own).unwrap().len() > 128 << 20 {
        "is too large"
    } else {
        "it needs a loader; link it with -static"
    };
    for (file, words) in [
        ("no-such-file", "no-such-file: No such file or directory"),
        (
            "Makefile",
            "Makefile is no program for this guest: it is no ELF file",
        ),
        (&large, "is too large: its memory ends at 0x4200000"),
        (own.to_str().unwrap(), own_words),
    ] {
        exec(&[file, "--grant", "console"])
            .assert()
            .code(1)
            .stdout("")
            .stderr(said(words));
    }
}

#[test]
fn grants_that_no_kernel_can_make_are_refused_with_those_it_can() {
    let directory = tempfile::tempdir().unwrap();
    let demo = program(directory.path(), 0x1000);
    for (arguments, words) in [
        (
            &["--grant", "consle"][..],
            "there is no capability source `consle` (grant `consle`)",
        ),
        (&["--grant", "consle"], "known sources: console, endpoint,"),
        (
            &["--grant", "a=timer", "--grant", "a=null"],
            "two grants are called `a`",
        ),
        (
            &["--grant", "m=measure_control"],
            "add --variant samples or --variant segments",
        ),
        (&["--parameter", "rows=x"], "add --grant boot=boot_package"),
        (&["--grant", "=timer"], "expected NAME or NAME=SOURCE"),
        (&["--program", "child"], "expected NAME=ELF"),
        (&["--timeout", "0"], "0 is not in 1.."),
    ] {
        let arguments = [&[demo.as_str()], arguments].concat();
        exec(&arguments)
            .assert()
            .code(1)
            .stdout("")
            .stderr(said(words));
    }
    let child = format!("demo={demo}");
    exec(&[&demo, "--program", &child])
        .assert()
        .code(1)
        .stderr(said(
            "`demo` cannot be a program's name: two programs are called so",
        ));
}

/// A source that the guest has and the command refuses could never be tried.
#[test]
fn every_source_of_the_guest_can_be_asked_for() {
    let interfaces = repository().join("reference-guests/capos/abi/src/interface.rs");
    let interfaces = fs::read_to_string(interfaces).unwrap();
    let names: Vec<&str> = interfaces
        .lines()
        .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \""))
        .filter_map(|(_, rest)| rest.strip_suffix("\","))
        .collect();
    assert!(names.contains(&"console") && names.len() > 6, "{names:?}");
    let directory = tempfile::tempdir().unwrap();
    let demo = program(directory.path(), 0x1000);
    let refused = exec(&[&demo, "--grant", "none"]).output().unwrap();
    let known = String::from_utf8_lossy(&refused.stderr).into_owned();
    for name in names {
        assert!(known.contains(name), "{name}: {known}");
    }
}

#[test]
fn a_trace_replaces_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let program = program(directory.path(), 4096);
    let trace = directory.path().join("kept.ktrace");
    fs::write(&trace, "kept").unwrap();
    exec(&[&program, "--trace", trace.to_str().unwrap()])
        .assert()
        .code(1)
        .stdout("")
        .stderr(said("is already there"))
        .stderr(said("name another file for the trace"));
    assert_eq!(fs::read(&trace).unwrap(), b"kept");
}
