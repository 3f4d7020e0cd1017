//! The emulator on this host: where it is, which version, which firmware.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miette::Diagnostic;
use rustix::fs::{Access, access};

use crate::hash;
use capbench_results::Digest;

/// The program every boot starts.
pub const PROGRAM: &str = "qemu-system-x86_64";
/// Names the executable to use in place of the one on the search path.
pub const PROGRAM_VARIABLE: &str = "CAPBENCH_QEMU";
/// A kernel-only firmware: boots in 30 ms where SeaBIOS needs 470 under icount.
pub const FIRMWARE: &str = "qboot.rom";
/// Older versions were never tried with the canonical arguments.
pub const OLDEST: (u32, u32) = (7, 2);
/// What to type when it is missing.
pub const INSTALL_HELP: &str = "run `capbench doctor --fix`, or install it by hand:
  apt:    apt-get install --no-install-recommends qemu-system-x86
  dnf:    dnf install qemu-system-x86-core
  pacman: pacman -S qemu-system-x86
or, with nothing installed, set
  CAPBENCH_QEMU=$(sh tools/qemu.sh)";

/// An emulator that answered.
#[derive(Clone, Debug)]
pub struct Qemu {
    /// The executable.
    pub program: PathBuf,
    /// Its whole version line, distribution suffix included.
    pub version: String,
    /// Major and minor version.
    pub release: (u32, u32),
    /// The firmware file.
    pub firmware: PathBuf,
    /// Digest of the firmware.
    pub firmware_sha256: Digest,
}

/// Why no guest can boot here.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum QemuError {
    /// Not on the search path.
    #[error("QEMU is not installed: no `{PROGRAM}` on PATH")]
    #[diagnostic(code(capbench::qemu::missing), help("{INSTALL_HELP}"))]
    Missing,
    /// What the user named cannot be started.
    #[error("`{}` is not an executable file", program.display())]
    #[diagnostic(
        code(capbench::qemu::not_executable),
        help(
            "name a {PROGRAM} by `--qemu FILE` or {PROGRAM_VARIABLE}, or leave both out for the one on PATH"
        )
    )]
    NotExecutable {
        /// The program that was named.
        program: PathBuf,
    },
    /// It did not report its version.
    #[error("`{}` does not run: {detail}", program.display())]
    #[diagnostic(code(capbench::qemu::broken), help("reinstall QEMU; {INSTALL_HELP}"))]
    Broken {
        /// The executable.
        program: PathBuf,
        /// The failure, in words.
        detail: String,
    },
    /// Its version is too old.
    #[error("QEMU {}.{} is too old; capbench needs {}.{} or newer", found.0, found.1, OLDEST.0, OLDEST.1)]
    #[diagnostic(
        code(capbench::qemu::old),
        help("install a newer qemu-system-x86, from the distribution's backports if need be")
    )]
    TooOld {
        /// What is installed.
        found: (u32, u32),
    },
    /// The distribution split the firmware off.
    #[error("QEMU's firmware `{FIRMWARE}` is not in any of: {}", searched.join(", "))]
    #[diagnostic(code(capbench::qemu::firmware), help("reinstall QEMU; {INSTALL_HELP}"))]
    NoFirmware {
        /// Where it was looked for.
        searched: Vec<String>,
    },
}

impl Qemu {
    /// Asks an emulator for version and firmware: the one that is named, else the one
    /// that [`PROGRAM_VARIABLE`] names, else the first on `PATH`.
    pub fn find(named: Option<&Path>) -> Result<Self, QemuError> {
        let program = choose(
            named,
            std::env::var_os(PROGRAM_VARIABLE),
            std::env::var_os("PATH").unwrap_or_default(),
        )?;
        let version = ask(&program, &["--version"])?;
        let version = version.lines().next().unwrap_or_default().to_owned();
        let release = parse_release(&version).ok_or_else(|| QemuError::Broken {
            program: program.clone(),
            detail: format!("its version reads `{version}`"),
        })?;
        if release < OLDEST {
            return Err(QemuError::TooOld { found: release });
        }
        let firmware = find_firmware(&ask(&program, &["-L", "help"])?)?;
        let firmware_sha256 = hash::of_file(&firmware).map_err(|error| QemuError::Broken {
            program: firmware.clone(),
            detail: error.to_string(),
        })?;
        Ok(Self {
            program,
            version,
            release,
            firmware,
            firmware_sha256,
        })
    }
}

impl std::fmt::Display for Qemu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.version, self.program.display())
    }
}

fn choose(
    named: Option<&Path>,
    variable: Option<OsString>,
    search_path: OsString,
) -> Result<PathBuf, QemuError> {
    let variable = variable.filter(|name| !name.is_empty()).map(PathBuf::from);
    if let Some(program) = named.map(Path::to_owned).or(variable) {
        // Boots are started from anywhere.
        let absolute = std::path::absolute(&program).unwrap_or(program);
        return match is_executable(&absolute) {
            true => Ok(absolute),
            false => Err(QemuError::NotExecutable { program: absolute }),
        };
    }
    std::env::split_paths(&search_path)
        .map(|directory| directory.join(PROGRAM))
        .find(|candidate| is_executable(candidate))
        .ok_or(QemuError::Missing)
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && access(path, Access::EXEC_OK).is_ok()
}

fn ask(program: &Path, arguments: &[&str]) -> Result<String, QemuError> {
    let broken = |detail| QemuError::Broken {
        program: program.to_owned(),
        detail,
    };
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| broken(error.to_string()))?;
    if !output.status.success() {
        return Err(broken(format!(
            "{}, {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        )));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn find_firmware(directories: &str) -> Result<PathBuf, QemuError> {
    let searched: Vec<String> = directories.lines().map(str::to_owned).collect();
    let candidates = searched
        .iter()
        .map(|directory| Path::new(directory).join(FIRMWARE));
    candidates
        .into_iter()
        .find(|candidate| candidate.is_file())
        .ok_or(QemuError::NoFirmware { searched })
}

fn parse_release(version: &str) -> Option<(u32, u32)> {
    let number = version
        .split("version ")
        .nth(1)?
        .split_whitespace()
        .next()?;
    let mut parts = number.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn versions_of_several_distributions_are_read() {
        let debian = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)";
        assert_eq!(parse_release(debian), Some((7, 2)));
        assert_eq!(parse_release("QEMU emulator version 10.0.2"), Some((10, 0)));
        assert_eq!(parse_release("something else"), None);
    }

    /// A file below `directory`, executable or not.
    fn file(directory: &Path, name: &str, mode: u32) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn what_is_named_stands_before_the_variable_and_that_before_the_search_path() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path();
        let [one, two, on_path] = ["one", "two", PROGRAM].map(|name| file(directory, name, 0o755));
        let search = OsString::from(directory);
        let variable = || Some(OsString::from(&two));
        let chosen = |named, variable| choose(named, variable, search.clone()).unwrap();
        assert_eq!(chosen(Some(&one), variable()), one);
        assert_eq!(chosen(None, variable()), two);
        assert_eq!(chosen(None, Some(OsString::new())), on_path);
        assert_eq!(chosen(None, None), on_path);
    }

    #[test]
    fn what_cannot_be_executed_is_refused_by_name_and_passed_over_on_the_search_path() {
        let directory = tempfile::tempdir().unwrap();
        let plain = file(directory.path(), PROGRAM, 0o644);
        for named in [plain.as_path(), directory.path(), Path::new("/nonexistent")] {
            let error = choose(Some(named), None, OsString::new()).unwrap_err();
            assert!(error.to_string().contains(&*named.to_string_lossy()));
            assert!(matches!(error, QemuError::NotExecutable { .. }));
        }
        let missing = choose(None, None, directory.path().into()).unwrap_err();
        assert!(matches!(missing, QemuError::Missing));
    }

    #[test]
    fn a_missing_firmware_lists_where_it_was_looked_for() {
        let error = find_firmware("/nonexistent/a\n/nonexistent/b\n").unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("/nonexistent/a, /nonexistent/b")
        );
    }
}
