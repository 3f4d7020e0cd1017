//! The capOS reference kernel and its programs.

use super::definition::{
    BootImage, Definition, Kernel, KernelParameter, Pass, Purpose, UserProgram,
};
use super::recipe::{Part, Recipe};
use super::{GuestName, Variant};

/// The guest.
pub const GUEST: GuestName = GuestName(&DEFINITION);

static DEFINITION: Definition = Definition {
    name: "capos",
    title: "capos (reference kernel)",
    caution: Some(
        "Rows of capos describe the reference kernel in this repository, not capOS. The capOS \
         kernel is not published.",
    ),
    session_kernel: "capos-reference",
    session_program: None,
    subsystems: &[
        "ring",
        "null",
        "park_bench",
        "process",
        "timer",
        "endpoint",
        "park",
        "threads",
        "virtual_memory",
        "terminal",
        "session",
    ],
    has_capabilities: true,
    // The longest first, so that the last core does not wait for one.
    passes: &[
        Pass {
            variant: Variant::Segments,
            purpose: Purpose::Audit,
            instrument: None,
        },
        Pass {
            variant: Variant::Segments,
            purpose: Purpose::Instrument,
            instrument: None,
        },
        Pass {
            variant: Variant::Samples,
            purpose: Purpose::Medians,
            instrument: None,
        },
        Pass {
            variant: Variant::Plain,
            purpose: Purpose::Ending,
            instrument: None,
        },
    ],
    ring_parameter: Some("trace_slots"),
    kernel_parameters: Some(&KERNEL_PARAMETERS),
    boot_image: BootImage::Package {
        command_line: "capbench",
    },
    kernel: Kernel::Built,
    has_neutral_variants: true,
    native_program: None,
    user_program: Some(&UserProgram {
        init: "init",
        init_grants: &[
            ("boot", "boot_package"),
            ("console", "console"),
            ("spawner", "process_spawner"),
        ],
        kernel_parameters: &[("transport", "virtio")],
    }),
    recipe: RECIPE,
};

const KERNEL_PARAMETERS: [KernelParameter; 13] = [
    one_of("trace_mode", &["discard", "overwrite"]),
    one_of("transport", &["virtio", "debugcon"]),
    text("console_password"),
    text("development_shell"),
    text("first_process"),
    text("hostname"),
    text("motd"),
    // Read by nobody: only its length is meant.
    text("padding"),
    text("session_profiles"),
    text("stack_offset"),
    text("start_ns"),
    text("terminal_script"),
    text("test_panic_at_window"),
];

const fn one_of(name: &'static str, values: &'static [&'static str]) -> KernelParameter {
    KernelParameter {
        name,
        values: Some(values),
    }
}

const fn text(name: &'static str) -> KernelParameter {
    KernelParameter { name, values: None }
}

const RECIPE: Recipe = Recipe {
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Names in `parameter("…")` of every source below a directory.
    fn parameters_read(directory: &Path, names: &mut Vec<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                parameters_read(&path, names);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let calls = text.split("parameter(\"").skip(1);
                names.extend(calls.filter_map(|call| Some(call.split_once('"')?.0.to_owned())));
            }
        }
    }

    #[test]
    fn every_parameter_that_the_kernel_reads_is_known() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut names = Vec::new();
        let kernel = root.join(RECIPE.workspace).join("kernel/src");
        parameters_read(&kernel, &mut names);
        assert!(names.iter().any(|name| name == "transport"), "{names:?}");
        for name in names {
            let known = KERNEL_PARAMETERS.iter().any(|known| known.name == name);
            assert!(known || GUEST.ring_parameter == Some(&name), "{name}");
        }
    }
}
