//! The features that this host has and lacks, each with the remedy.
//!
//! Checks are cheap (a second in all) and change nothing. The one thing that can
//! be mended from here, missing packages, is left to `tools/first-run.sh`, which
//! must work before this program exists and so is the only place that installs.

use std::io;
use std::path::Path;
use std::process::Command;

use capbench_results::Mode;
use miette::Diagnostic;
use serde::Serialize;

use crate::guest::{GuestName, KernelImage, kernels_at_hand};
use crate::host;
use crate::manifest::Catalogue;
use crate::probe::prove;
use crate::qemu::{PROGRAM, Qemu, QemuError};

/// As `tools/first-run.sh` says.
const DISK_MIB: u64 = 4000;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The name of the check.
    pub name: String,
    /// How it stands.
    pub state: Health,
    /// The findings.
    pub found: String,
    /// The remedy; empty when nothing is to be done.
    pub remedy: String,
}

/// How a check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// Missing, and only something optional does without.
    Optional,
    /// Missing, and no run works without.
    Bad,
}

impl Check {
    fn good(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            state: Health::Good,
            found: found.into(),
            remedy: String::new(),
        }
    }

    fn bad(name: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            state: Health::Bad,
            found: found.into(),
            remedy: remedy.into(),
        }
    }

    fn optional(self) -> Self {
        Self {
            state: match self.state {
                Health::Bad => Health::Optional,
                other => other,
            },
            ..self
        }
    }
}

/// Looks at everything a run needs.
pub fn examine(root: &Path, qemu: Result<Qemu, QemuError>) -> Vec<Check> {
    let mut checks = vec![
        program(
            "rust",
            "rustc",
            "install a stable toolchain: https://rustup.rs",
        ),
        program(
            "cargo",
            "cargo",
            "install a stable toolchain: https://rustup.rs",
        ),
        program(
            "c compiler",
            "cc",
            "apt-get install gcc libc6-dev (or dnf/pacman: gcc)",
        ),
        program(
            "git",
            "git",
            "install git; without it runs record no commit",
        )
        .optional(),
        manifests(root),
        disk(root),
    ];
    let kernels = kernels_at_hand(root).into_iter();
    checks.extend(kernels.map(|(guest, found)| kernel(guest, found)));
    match qemu {
        Ok(qemu) => {
            checks.push(Check::good("qemu", qemu.to_string()));
            checks.push(Check::good("firmware", qemu.firmware.display().to_string()));
            checks.push(mode("exact mode", Mode::Exact, &qemu));
            checks.push(mode("hardware mode", Mode::Hardware, &qemu).optional());
        }
        Err(error) => checks.push(Check::bad("qemu", error.to_string(), help(&error))),
    }
    checks
}

/// Whether every run would work, optional parts aside.
pub fn is_healthy(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.state != Health::Bad)
}

/// Packages could not be installed.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("installing packages failed")]
#[diagnostic(
    code(capbench::doctor),
    help("the messages above say why and what to type instead")
)]
pub struct NotInstalled;

/// Installs missing distribution packages.
pub fn install(root: &Path) -> Result<(), NotInstalled> {
    let status = Command::new("sh")
        .arg(root.join("tools/first-run.sh"))
        .arg("--packages")
        // What it says of its work is no data.
        .stdout(io::stderr())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err(NotInstalled),
    }
}

fn program(name: &'static str, program: &str, remedy: &str) -> Check {
    match host::first_line(program, &["--version"]) {
        Some(version) => Check::good(name, version),
        None => Check::bad(name, format!("`{program}` does not run"), remedy),
    }
}

fn manifests(root: &Path) -> Check {
    match Catalogue::load(&root.join("manifests")) {
        Ok(catalogue) => Check::good(
            "manifests",
            format!(
                "{} benchmarks, {} suites",
                catalogue.benchmarks.len(),
                catalogue.suites.len()
            ),
        ),
        Err(error) => Check::bad("manifests", error.to_string(), help(&*error)),
    }
}

fn disk(root: &Path) -> Check {
    let free = rustix::fs::statvfs(root).map(|fs| (fs.f_bavail * fs.f_frsize) >> 20);
    match free {
        Ok(free) if free >= DISK_MIB => Check::good("disk", format!("{free} MiB free")),
        Ok(free) => Check::bad(
            "disk",
            format!("{free} MiB free"),
            format!("a first build takes about {DISK_MIB} MiB; make room"),
        )
        .optional(),
        Err(error) => Check::bad(
            "disk",
            error.to_string(),
            "check the checkout's file system",
        ),
    }
}

/// Without one, the guest's rows are unsupported and everything else runs.
fn kernel(guest: GuestName, found: Option<KernelImage>) -> Check {
    let name = format!("{guest} kernel");
    match found {
        Some(kernel) => Check::good(name, kernel.to_string()),
        None => Check::bad(
            name,
            "not fetched yet",
            format!(
                "`capbench guest build {guest}` fetches it from Debian's or Ubuntu's own \
                 archive, without installing it; elsewhere name one of your own: `--kernel FILE`"
            ),
        )
        .optional(),
    }
}

fn mode(name: &'static str, mode: Mode, qemu: &Qemu) -> Check {
    match prove(mode, qemu, host::identify()) {
        Ok(_) => Check::good(name, format!("a probe boot under {PROGRAM} succeeded")),
        Err(error) => Check::bad(name, error.reason.clone(), help(&error)),
    }
}

fn help(diagnostic: &dyn Diagnostic) -> String {
    diagnostic
        .help()
        .map_or_else(String::new, |help| help.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bad_check_makes_a_host_unfit() {
        let bad = Check::bad("x", "missing", "install x");
        assert!(is_healthy(&[Check::good("a", "1"), bad.clone().optional()]));
        assert!(!is_healthy(&[Check::good("a", "1"), bad]));
    }

    #[test]
    fn a_program_that_is_missing_names_its_remedy() {
        let check = program("x", "capbench-no-such-program", "install x");
        assert_eq!(
            (check.state, check.remedy.as_str()),
            (Health::Bad, "install x")
        );
    }
}
