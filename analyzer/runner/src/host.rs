//! The machine and the toolchain a run took place on, and where the sources are.
//!
//! Everything here is asked, never assumed: what cannot be found out is recorded
//! as `unknown` or left out, and no run fails because of it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miette::Diagnostic;
use serde::{Deserialize, Serialize};

use crate::envelope::Host;

/// The compilers of the guests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Toolchain {
    /// `rustc --version`.
    pub rustc: String,
    /// `cargo --version`.
    pub cargo: String,
    /// First line of `cc --version`.
    pub cc: String,
}

/// No checkout around the working directory.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("no capbench checkout here: neither {} nor a directory above it has `manifests/` and `reference-guests/`", start.display())]
#[diagnostic(
    code(capbench::root),
    help("change into a checkout of the capbench repository, or pass --root DIRECTORY")
)]
pub struct NoRoot {
    start: PathBuf,
}

/// The repository root at or above `start`.
pub fn find_root(start: &Path) -> Result<PathBuf, NoRoot> {
    start
        .ancestors()
        .find(|directory| is_root(directory))
        .map(Path::to_owned)
        .ok_or_else(|| NoRoot {
            start: start.to_owned(),
        })
}

/// What only the root of the sources has.
pub(crate) const ROOT_DIRECTORIES: [&str; 2] = ["manifests", "reference-guests"];

fn is_root(directory: &Path) -> bool {
    ROOT_DIRECTORIES
        .iter()
        .all(|name| directory.join(name).is_dir())
}

/// Processor and kernel of this host.
pub fn identify() -> Host {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let system = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    Host {
        processor: processor_model(&cpuinfo).unwrap_or_else(|| "unknown".into()),
        kernel: format!(
            "{} {} {}",
            text(system.sysname()),
            text(system.release()),
            text(system.version())
        ),
    }
}

fn processor_model(cpuinfo: &str) -> Option<String> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What to say of a host whose processor shows no virtualisation. KVM may be there
/// all the same, and then is another thing.
pub fn without_virtualisation() -> Option<&'static str> {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    (!shows_virtualisation(&cpuinfo)).then_some(
        "the processor shows neither vmx nor svm: nested virtualisation is off, or KVM \
         here is a software hypervisor",
    )
}

/// Intel's or AMD's, of any processor.
fn shows_virtualisation(cpuinfo: &str) -> bool {
    let flags = cpuinfo.lines().filter(|line| line.starts_with("flags"));
    flags
        .flat_map(str::split_whitespace)
        .any(|flag| flag == "vmx" || flag == "svm")
}

/// How many boots may run at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The compilers on this host.
pub fn toolchain() -> Toolchain {
    let version = |program: &str| first_line(program, &["--version"]);
    Toolchain {
        rustc: version("rustc").unwrap_or_else(|| "unknown".into()),
        cargo: version("cargo").unwrap_or_else(|| "unknown".into()),
        cc: version("cc").unwrap_or_else(|| "unknown".into()),
    }
}

/// The first line a program prints, if it runs and succeeds.
pub fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    output
        .status
        .success()
        .then(|| text.lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_found_from_any_directory_inside() {
        let directory = tempfile::tempdir().unwrap();
        let inside = directory.path().join("a/b");
        for path in ["a/b", "manifests", "reference-guests"] {
            std::fs::create_dir_all(directory.path().join(path)).unwrap();
        }
        assert_eq!(find_root(&inside).unwrap(), directory.path());
        let outside = find_root(Path::new("/nonexistent")).unwrap_err();
        assert!(outside.to_string().starts_with("no capbench checkout here"));
    }

    #[test]
    fn the_processor_model_is_read_from_cpuinfo() {
        let text = "processor\t: 0\nmodel name\t: A Processor 9000\n";
        assert_eq!(processor_model(text).as_deref(), Some("A Processor 9000"));
        assert_eq!(processor_model("processor : 0\n"), None);
    }

    #[test]
    fn virtualisation_is_a_flag_and_no_part_of_one() {
        let intel = "model name\t: A Processor\nflags\t\t: fpu vmx sse\n";
        assert!(shows_virtualisation(intel));
        assert!(shows_virtualisation("flags : svm\n"));
        assert!(!shows_virtualisation(
            "flags : fpu svm_lock\nvmx flags : a\n"
        ));
    }

    #[test]
    fn a_program_that_is_not_there_has_no_first_line() {
        assert_eq!(first_line("capbench-no-such-program", &[]), None);
    }
}
