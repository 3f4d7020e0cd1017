//! How cargo makes each guest's images, as data.

use super::GuestName;

impl GuestName {
    pub(super) fn recipe(self) -> &'static Recipe {
        match self {
            Self::Capos => &CAPOS,
            Self::Linux => &LINUX,
        }
    }
}

/// A guest's images and how cargo makes each.
pub(super) struct Recipe {
    /// Its own cargo workspace, from the repository root.
    pub(super) workspace: &'static str,
    pub(super) parts: &'static [Part],
}

/// Packages that share one set of compiler flags, hence one cargo invocation.
pub(super) struct Part {
    /// Directory below the build directory; flags differ, so caches must too.
    pub(super) cache: &'static str,
    pub(super) rustflags: &'static [&'static str],
    /// Whether the variant's feature belongs to these packages.
    pub(super) instrumented: bool,
    /// The package, where it has another name than its binary.
    pub(super) package: Option<&'static str>,
    /// (package and binary, image name)
    pub(super) outputs: &'static [(&'static str, &'static str)],
}

/// The host's own target: stock toolchains need no other. `--target` keeps the
/// flags away from build scripts.
pub(super) const TARGET: &str = "x86_64-unknown-linux-gnu";

const CAPOS: Recipe = Recipe {
    workspace: "reference-guests/capos",
    parts: &[
        Part {
            cache: "kernel",
            // No red zone: interrupts share the kernel's stack discipline. Frame
            // pointers: panics print a back trace without unwind tables.
            rustflags: &[
                "-Crelocation-model=static",
                "-Ccode-model=kernel",
                "-Cno-redzone=yes",
                "-Cforce-frame-pointers=yes",
                // Symbols name types by path. The older scheme hashes a type's
                // fields too, and with them the order of functions: a field of
                // size zero, as a compiled-out probe is, would move code about.
                "-Csymbol-mangling-version=v0",
            ],
            instrumented: true,
            package: None,
            outputs: &[("kernel", "kernel.elf")],
        },
        Part {
            cache: "user",
            rustflags: &["-Crelocation-model=static"],
            instrumented: false,
            package: None,
            outputs: &[
                ("init", "init.elf"),
                ("ring-nop", "ring-nop.elf"),
                ("ipc-bench", "ipc-bench.elf"),
                ("thread-bench", "thread-bench.elf"),
                ("hostile", "hostile.elf"),
                ("vm-bench", "vm-bench.elf"),
                ("process-bench", "process-bench.elf"),
                ("leaf", "leaf.elf"),
                ("large-leaf", "large-leaf.elf"),
                ("terminal-bench", "terminal-bench.elf"),
                ("peer", "peer.elf"),
                ("smoke", "smoke.elf"),
                ("abi-check", "abi-check.elf"),
            ],
        },
    ],
};

/// The kernel is not built; see `kernel_image`.
const LINUX: Recipe = Recipe {
    workspace: "reference-guests/linux",
    parts: &[Part {
        cache: "init",
        // Alone in its file system: no loader and no libraries; and at a fixed
        // address, so that every boot lays it out alike.
        rustflags: &["-Ctarget-feature=+crt-static", "-Crelocation-model=static"],
        instrumented: false,
        package: Some("linux-init"),
        outputs: &[("init", "init.elf")],
    }],
};

impl Part {
    /// Its flags under its name, for the record.
    pub(super) fn flags(&self) -> (String, Vec<String>) {
        let flags = self.rustflags.iter().map(ToString::to_string).collect();
        (self.cache.to_owned(), flags)
    }
}
