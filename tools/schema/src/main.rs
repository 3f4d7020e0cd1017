//! Generates the Rust code of our Cap'n Proto schemas with a pinned compiler.
//!
//! The generated code is committed, so that nobody needs this crate to build.
//! Run it from the repository root after editing a schema:
//!
//! ```text
//! cargo run --manifest-path tools/schema/Cargo.toml            # write
//! cargo run --manifest-path tools/schema/Cargo.toml -- --check # compare only
//! ```
//!
//! Each generated file starts with the SHA-256 of its schema; the crate that
//! owns it tests that line, which notices a stale file without a compiler.

use sha2::{Digest, Sha256};
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

/// Schema, the generated file it owns, and the module that holds that file.
const SCHEMAS: &[(&str, &str, &[&str])] = &[
    (
        "analyzer/results/schema/results.capnp",
        "analyzer/results/src/results_capnp.rs",
        &[],
    ),
    (
        "reference-guests/capos/schema/capos.capnp",
        "reference-guests/capos/abi/src/schema/capos_capnp.rs",
        &["schema"],
    ),
    (
        "reference-guests/capos/schema/measure.capnp",
        "reference-guests/capos/abi/src/schema/measure_capnp.rs",
        &["schema"],
    ),
];

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let check = env::args().skip(1).any(|argument| argument == "--check");
    let mut stale = false;
    for (schema, generated, modules) in SCHEMAS {
        let fresh = generate(Path::new(schema), modules)?;
        if check {
            if fs::read_to_string(generated)? != fresh {
                eprintln!("{generated} does not match {schema}: run tools/schema without --check");
                stale = true;
            }
        } else {
            fs::write(generated, fresh)?;
        }
    }
    Ok(if stale { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn generate(schema: &Path, modules: &[&str]) -> Result<String, Box<dyn Error>> {
    let folder = schema.parent().ok_or("a schema lies in a folder")?;
    let request = capnpc_embedded::CompileCommand::new()
        .src_prefix(folder)
        .file(schema)
        .compile()?;
    let output = env::temp_dir().join(format!("capbench-schema-{}", std::process::id()));
    fs::create_dir_all(&output)?;
    capnpc::codegen::CodeGenerationCommand::new()
        .output_directory(&output)
        .default_parent_module(modules.iter().map(ToString::to_string).collect())
        .run(&request[..])?;
    let name = schema.file_stem().ok_or("a schema has a name")?.to_string_lossy();
    let code = fs::read_to_string(output.join(format!("{name}_capnp.rs")))?;
    fs::remove_dir_all(&output)?;
    let hash: String = Sha256::digest(fs::read(schema)?)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(format!("// schema sha256: {hash}\n{code}"))
}
