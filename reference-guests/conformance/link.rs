//! Build script of both programs: links them as capOS loads them. (Link arguments
//! of a library do not reach the programs that use it, so capos-rt cannot do it.)

fn main() {
    println!("cargo:rerun-if-changed=../../capos/user/runtime/program.ld");
    println!("cargo:rerun-if-changed=../link.rs");
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
    println!("cargo:rustc-link-arg-bins=-Wl,-T,../capos/user/runtime/program.ld");
}
