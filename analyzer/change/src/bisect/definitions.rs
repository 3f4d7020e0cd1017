//! Today's definitions, as far as an older guest can follow them.

use std::fs;
use std::path::Path;

use capbench_runner::guest::{GuestName, packages_of};
use capbench_runner::manifest::{Benchmark, Catalogue};

/// Takes the smokes out of a work tree's definition of a benchmark whose programs its
/// guest does not have, and names them. Smokes are no part of what a row means.
///
/// # Errors
///
/// Why the work tree cannot be used, in words.
pub(super) fn leave_out_smokes(
    tree: &Path,
    benchmark: &Benchmark,
    guest: GuestName,
) -> Result<Vec<String>, String> {
    let manifests = tree.join("manifests");
    let catalogue = Catalogue::load(&manifests).map_err(|error| error.to_string())?;
    let packages = packages_of(tree, guest).map_err(|error| error.to_string())?;
    let is_lacking = |smoke: &&String| {
        let smoke = &catalogue.benchmarks[smoke.as_str()];
        let system = smoke.guests.get(guest.name()).map(|of| of.system.as_str());
        let system = system.and_then(|system| catalogue.systems.get(system));
        system.is_some_and(|system| system.binaries().any(|binary| !packages.contains(binary)))
    };
    let lacking: Vec<String> = benchmark
        .smokes
        .iter()
        .filter(is_lacking)
        .cloned()
        .collect();
    if lacking.is_empty() {
        return Ok(lacking);
    }
    let path = manifests.join(format!("benchmarks/{}.toml", benchmark.name));
    let words = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = fs::read_to_string(&path).map_err(|error| words(&error))?;
    let mut definition: toml::Table = text.parse().map_err(|error| words(&error))?;
    let left = benchmark
        .smokes
        .iter()
        .filter(|smoke| !lacking.contains(smoke));
    let left = left.cloned().map(toml::Value::from).collect();
    definition.insert("smokes".to_owned(), toml::Value::Array(left));
    let text = toml::to_string(&definition).map_err(|error| words(&error))?;
    fs::write(&path, text).map_err(|error| words(&error))?;
    Ok(lacking)
}
