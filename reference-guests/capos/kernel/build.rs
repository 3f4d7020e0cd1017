//! Links the kernel with its own script. The compiler flags it needs are in
//! `../README.md`: a build script cannot set them.

/// Variables that lay the image out in another way, which changes no instruction, each
/// with the linker's argument that its value ends.
const LAYOUT: [(&str, &str); 2] = [
    ("CAPBENCH_TEXT_OFFSET", "-Wl,--defsym=TEXT_OFFSET="),
    ("CAPBENCH_SECTION_ORDER", "-Wl,--sort-section="),
];

fn main() {
    println!("cargo:rerun-if-changed=kernel.ld");
    println!("cargo:rerun-if-changed=build.rs");
    for argument in [
        "-nostdlib",
        "-nostartfiles",
        "-static",
        "-no-pie",
        "-Wl,--build-id=none",
        "-Wl,-z,max-page-size=4096",
        "-Wl,-z,norelro",
        "-Wl,--gc-sections",
    ] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    for (variable, argument) in LAYOUT {
        println!("cargo:rerun-if-env-changed={variable}");
        if let Ok(value) = std::env::var(variable) {
            println!("cargo:rustc-link-arg-bins={argument}{value}");
        }
    }
    // From the workspace's root, where cargo runs the compiler: this output is
    // cached, and an absolute path would outlive a checkout that moved.
    println!("cargo:rustc-link-arg-bins=-Wl,-T,kernel/kernel.ld");
}
