//! Links the kernel with its own script. The compiler flags it needs are in
//! `../README.md`: a build script cannot set them.

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
    // From the workspace's root, where cargo runs the compiler: this output is
    // cached, and an absolute path would outlive a checkout that moved.
    println!("cargo:rustc-link-arg-bins=-Wl,-T,kernel/kernel.ld");
}
