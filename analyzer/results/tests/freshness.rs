//! Committed copies equal what they are copies of.

use sha2::{Digest, Sha256};

#[test]
fn the_generated_code_belongs_to_the_schema() {
    let schema = include_bytes!("../schema/results.capnp");
    let generated = include_str!("../src/results_capnp.rs");
    let hash: String = Sha256::digest(schema)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert!(
        generated.starts_with(&format!("// schema sha256: {hash}\n")),
        "results.capnp changed: run `cargo run --manifest-path tools/schema/Cargo.toml`"
    );
}

#[test]
fn the_json_schemas_belong_to_the_types() {
    let schemas = [
        ("results", capbench_results::json_schema()),
        ("change", capbench_results::change::json_schema()),
    ];
    for (name, fresh) in schemas {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/schema");
        let path = format!("{directory}/{name}.schema.json");
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, format!("{fresh:#}\n")).unwrap();
        }
        // Compared as values: the order of keys depends on how serde_json was built.
        let stored = std::fs::read_to_string(&path).unwrap();
        assert!(
            serde_json::from_str::<serde_json::Value>(&stored).unwrap() == fresh,
            "the types of {name} changed: run this test with BLESS=1"
        );
    }
}
