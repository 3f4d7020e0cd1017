//! A distribution's Linux kernel and the program that measures it.

use super::definition::{BootImage, Definition, Kernel, Pass, Purpose};
use super::recipe::{Part, Recipe};
use super::{GuestName, Variant};

/// The guest.
pub const GUEST: GuestName = GuestName(&DEFINITION);

/// The program that runs in the guest and on a host.
const PROGRAM: &str = "init.elf";

static DEFINITION: Definition = Definition {
    name: "linux",
    title: "Linux",
    caution: None,
    session_kernel: "linux ",
    session_program: Some("linux-init"),
    subsystems: &["process", "timer"],
    has_capabilities: false,
    // One build, booted in passes; the longest first.
    passes: &[
        Pass {
            variant: Variant::Counts,
            purpose: Purpose::Instrument,
            instrument: Some("ebpf"),
        },
        Pass {
            variant: Variant::Perf,
            purpose: Purpose::Instrument,
            instrument: Some("perf"),
        },
        Pass {
            variant: Variant::Samples,
            purpose: Purpose::Medians,
            instrument: Some("markers"),
        },
    ],
    ring_parameter: None,
    kernel_parameters: None,
    boot_image: BootImage::FileSystem {
        pass_parameter: "capbench.pass",
    },
    kernel: Kernel::Fetched {
        pins: "kernels.toml",
    },
    has_neutral_variants: false,
    native_program: Some(PROGRAM),
    user_program: None,
    recipe: RECIPE,
};

const RECIPE: Recipe = Recipe {
    workspace: "reference-guests/linux",
    parts: &[Part {
        cache: "init",
        // Alone in its file system: no loader and no libraries; and at a fixed
        // address, so that every boot lays it out alike.
        rustflags: &["-Ctarget-feature=+crt-static", "-Crelocation-model=static"],
        instrumented: false,
        package: Some("linux-init"),
        outputs: &[("init", PROGRAM)],
    }],
};
