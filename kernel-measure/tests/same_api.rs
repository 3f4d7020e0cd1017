//! A kernel that compiles with the recorder compiles without it, and then
//! records nothing.
//!
//! The examples are built in a package of their own, since tests of this one
//! always have all features.

use std::fs;
use std::path::Path;
use std::process::Command;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Makes the package, with the versions this workspace uses.
fn package() -> &'static Path {
    let folder = Path::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/variants"));
    fs::create_dir_all(folder).unwrap();
    let manifest = format!(
        r#"
            [package]
            name = "variants"
            edition = "2024"

            [features]
            measure = ["kernel-measure/measure"]
            segments = ["kernel-measure/segments"]

            [dependencies]
            kernel-measure = {{ path = {PACKAGE:?} }}

            [[bin]]
            name = "kernel"
            path = "{PACKAGE}/examples/kernel.rs"

            [[bin]]
            name = "integration"
            path = "{PACKAGE}/examples/integration.rs"

            [profile.dev]
            debug = false

            [workspace]
        "#
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    let lock = Path::new(PACKAGE).join("../Cargo.lock");
    fs::copy(lock, folder.join("Cargo.lock")).unwrap();
    folder
}

/// Builds both examples and returns what the kernel says.
fn build_and_run(features: &str) -> String {
    let folder = package();
    run(Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--bins", "--features", features])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", "target"));
    run(&mut Command::new(folder.join("target/debug/kernel")))
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn one_kernel_compiles_in_every_variant_and_records_in_its_own() {
    for (features, says) in [
        ("", "plain: 0 records\n"),
        ("measure", "samples: 0 records\n"),
        // Ten syscalls of a lap, an interval and a dispatch of four each.
        ("segments", "segments: 60 records\n"),
    ] {
        assert_eq!(build_and_run(features), says);
    }
}
