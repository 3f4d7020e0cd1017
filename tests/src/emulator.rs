//! A script in front of the emulator, which starts it with other arguments.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use capbench_runner::qemu::Qemu;

/// Writes one into `directory`. It runs `change`, in bash, which may set the positional
/// parameters anew, and then the real emulator with them.
///
/// # Panics
///
/// If there is no emulator, or the directory cannot be written to.
pub fn in_front(directory: &Path, change: &str) -> PathBuf {
    let real = Qemu::find(None).unwrap_or_else(|e| panic!("{e}"));
    let path = directory.join("emulator");
    let script = format!(
        "#!/bin/bash\n{change}\nexec {} \"$@\"\n",
        real.program.display()
    );
    fs::write(&path, script).expect("a writable directory");
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&path, executable).expect("a file of our own");
    path
}
