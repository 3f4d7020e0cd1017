//! Programs that a test uses and that cargo does not build: a browser, the `capnp`
//! tool, a Python with readers of our files.
//!
//! Where one is missing, a test has shown nothing. It must not pass then, and it is
//! no fault of ours either: it is reported as ignored, with the reason and the remedy.
//! The built-in harness knows no such answer at run time, so these tests stand in a
//! program of their own: [`test_with`].

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Completion, Trial};

/// Why a component is not here.
#[derive(Clone, Debug)]
pub struct Missing(String);

impl Missing {
    fn new(what: &str) -> Self {
        Self(format!("{what}; `make deps-test` installs it"))
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A test that needs a component, and that is ignored where it is missing.
pub fn test_with<C: 'static>(
    name: &'static str,
    find: fn() -> Result<C, Missing>,
    test: fn(&C),
) -> Trial {
    Trial::ignorable_test(name, move || match find() {
        Ok(component) => {
            test(&component);
            Ok(Completion::Completed)
        }
        Err(missing) => {
            // In one piece, for others write as well.
            let line = format!("skipped: {name}: {missing}\n");
            let _ = io::stderr().write_all(line.as_bytes());
            Ok(Completion::ignored_with(missing))
        }
    })
}

/// Chromium, or a browser made of it.
pub struct Browser(PathBuf);

/// Finds the browser.
///
/// # Errors
///
/// There is none on the path.
pub fn browser() -> Result<Browser, Missing> {
    let names = [
        "chromium",
        "chromium-browser",
        "chromium-headless-shell",
        "google-chrome",
    ];
    let found = names.into_iter().find_map(on_path);
    found
        .map(Browser)
        .ok_or_else(|| Missing::new("there is no Chromium on the path"))
}

impl Browser {
    /// Starts it without a window, with a profile of its own. Whatever it wants from a
    /// network is refused by a port on which nobody listens.
    pub fn command(&self, profile: &Path) -> Command {
        let mut command = Command::new(&self.0);
        command
            .args([
                "--headless=new",
                "--disable-gpu",
                "--disable-extensions",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                "--hide-scrollbars",
                "--proxy-server=127.0.0.1:9",
                "--enable-logging=stderr",
                // It shows nothing but our own files, and its own sandbox needs what
                // containers and root do not have.
                "--no-sandbox",
                "--disable-dev-shm-usage",
            ])
            .arg(format!("--user-data-dir={}", profile.display()));
        command
    }
}

/// The `capnp` tool.
pub struct Capnp(PathBuf);

/// Finds the `capnp` tool.
///
/// # Errors
///
/// There is none on the path.
pub fn capnp() -> Result<Capnp, Missing> {
    let found = on_path("capnp").map(Capnp);
    found.ok_or_else(|| Missing::new("there is no `capnp` on the path"))
}

impl Capnp {
    /// Starts it.
    pub fn command(&self) -> Command {
        Command::new(&self.0)
    }
}

/// A Python that has what `tools/requirements-test.txt` names.
pub struct Python(PathBuf);

/// Finds the environment that `make deps-test` makes beside the build.
///
/// # Errors
///
/// There is none, or one of other requirements.
pub fn python() -> Result<Python, Missing> {
    let environment = target().join("test-venv");
    let wanted = include_str!("../../tools/requirements-test.txt");
    match std::fs::read_to_string(environment.join("requirements.txt")) {
        Ok(held) if held == wanted => Ok(Python(environment.join("bin/python"))),
        Ok(_) => Err(Missing::new(
            "the Python environment of the tests is of other requirements",
        )),
        Err(_) => Err(Missing::new("there is no Python environment for tests")),
    }
}

impl Python {
    /// Runs a script that ends well, and returns what it printed.
    ///
    /// # Panics
    ///
    /// If it does not: with what it said.
    pub fn run(&self, script: &Path, prepare: impl FnOnce(&mut Command)) -> Vec<u8> {
        let output = self.output(script, prepare);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", script.display());
        output.stdout
    }

    /// Runs a script to its end.
    ///
    /// # Panics
    ///
    /// If it does not start.
    pub fn output(
        &self,
        script: &Path,
        prepare: impl FnOnce(&mut Command),
    ) -> std::process::Output {
        let mut command = Command::new(&self.0);
        command.arg(script);
        prepare(&mut command);
        command.output().expect("the environment's Python starts")
    }
}

/// The build directory that this test lies in.
///
/// # Panics
///
/// If it lies in none.
pub fn target() -> PathBuf {
    let test = std::env::current_exe().expect("a running test");
    let target = test.ancestors().nth(3).expect("target/debug/deps");
    target.to_owned()
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join(name))
        .find(|candidate| candidate.is_file())
}
