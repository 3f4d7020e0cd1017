//! Build script of every program: links it with the runtime's script. (Link
//! arguments of a library do not reach the programs that use it.)

fn main() {
    let here = std::env::var("CARGO_MANIFEST_DIR").expect("cargo sets the manifest directory");
    let script = format!("{here}/../runtime/program.ld");
    println!("cargo:rerun-if-changed={script}");
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
    println!("cargo:rustc-link-arg-bins=-Wl,-T,{script}");
}
