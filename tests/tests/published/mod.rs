//! Programs of the published crates, built as somebody with nothing but those crates
//! would build them.

use capbench_tests::source_copy::repository;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The host's own target; naming it keeps flags away from build scripts.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The programs, built once for all tests.
pub static PROGRAMS: LazyLock<Programs> = LazyLock::new(Programs::build);

/// Executables for the guest.
pub struct Programs {
    /// The smoke program of the published runtime, byte for byte its source.
    pub smoke: PathBuf,
    /// Our own, on the published typed clients.
    pub typed_clients: PathBuf,
    /// What `typed_clients` starts.
    pub typed_child: PathBuf,
}

impl Programs {
    fn build() -> Self {
        let arguments = [
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--target",
            TARGET,
        ];
        let packages = ["typed-clients", "typed-child", "link-support"];
        let packages = packages.iter().flat_map(|package| ["--package", package]);
        succeed(cargo(&arguments).args(packages));
        build_smoke();
        Self {
            smoke: built("capos-rt-smoke"),
            typed_clients: built("typed-clients"),
            typed_child: built("typed-child"),
        }
    }
}

/// The runtime's own binary, out of the registry: compiled in place, so that not a
/// byte of it can be changed, and linked with its own script. Link arguments behind
/// `--` reach only this binary; everything below it is shared with our programs.
fn build_smoke() {
    let script = package_directory("capos-rt").join("linker.ld");
    let mut command = cargo(&[
        "rustc",
        "--quiet",
        "--release",
        "--locked",
        "--target",
        TARGET,
    ]);
    command.args(["--package", "capos-rt", "--bin", "capos-rt-smoke", "--"]);
    command.arg("-Crelocation-model=static");
    for argument in [
        "-nostdlib".to_owned(),
        "-nostartfiles".to_owned(),
        "-static".to_owned(),
        "-no-pie".to_owned(),
        "-Wl,--build-id=none".to_owned(),
        "-Wl,-z,norelro".to_owned(),
        format!("-Wl,-T,{}", script.display()),
        // memcpy and friends, which this target expects from a C library.
        built("liblink_support.rlib").display().to_string(),
    ] {
        command.arg(format!("-Clink-arg={argument}"));
    }
    succeed(&mut command);
}

/// Where cargo unpacked a package.
fn package_directory(name: &str) -> PathBuf {
    let mut command = cargo(&["metadata", "--format-version=1", "--locked"]);
    let metadata = command.output().expect("cargo starts");
    let metadata: serde_json::Value =
        serde_json::from_slice(&metadata.stdout).expect("cargo's metadata");
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let package = packages.find(|package| package["name"] == name);
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    let directory = manifest.map(Path::new).and_then(Path::parent);
    directory.expect("a dependency of the workspace").to_owned()
}

fn built(name: &str) -> PathBuf {
    let directory = repository().join("target/conformance").join(TARGET);
    directory.join("release").join(name)
}

/// Cargo in the workspace, which settles the build directory itself. Settings of the
/// build that runs this test are not meant for it.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    let keep = ["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let setting = text.starts_with("CARGO") || text.starts_with("RUST");
        if setting && !keep.contains(&&*text) {
            command.env_remove(&name);
        }
    }
    command
        .args(arguments)
        .current_dir(repository().join("reference-guests/conformance"));
    command
}

/// Runs a command, which must succeed. What it printed.
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("cargo starts");
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{command:?}\n{text}");
    text
}
