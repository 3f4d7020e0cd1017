//! The boot image: a system's manifest and binaries in one file, `CAPBOOT1`.
//!
//! ```text
//! 0   8  magic `CAPBOOT1`
//! 8   4  manifest length, little endian
//! 12  4  zero
//! 16  n  manifest, postcard
//! ..     binaries, each at a multiple of 4096 from the start, zero padded
//! ```
//!
//! The image is a pure function of its inputs: same system, same binaries, same
//! parameters, same bytes. Binary offsets depend on the manifest's length and
//! the manifest holds the offsets, so space is reserved for a manifest with the
//! largest offsets; the length field says how much of it is used.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::manifest::{AuthorityProfile, Grant, MEASUREMENT_SOURCE, System};

const MAGIC: [u8; 8] = *b"CAPBOOT1";
const HEADER_BYTES: usize = 16;
const ALIGNMENT: usize = 4096;
const MANIFEST_VERSION: u32 = 1;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct BootManifest {
    version: u32,
    parameters: Vec<(String, String)>,
    binaries: Vec<BootBinary>,
    init: BootProgram,
    programs: Vec<BootProgram>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct BootBinary {
    name: String,
    offset: u32,
    length: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct BootProgram {
    name: String,
    binary: String,
    grants: Vec<BootGrant>,
    parameters: Vec<(String, String)>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct BootGrant {
    name: String,
    source: String,
}

/// What one boot image is made of.
pub struct Contents<'a> {
    /// The system to boot.
    pub system: &'a System,
    /// The authority profiles its programs name.
    pub authority: &'a BTreeMap<String, AuthorityProfile>,
    /// Kernel parameters on top of the system's own.
    pub kernel_parameters: BTreeMap<String, String>,
    /// Parameters per program name, on top of the system's own.
    pub program_parameters: BTreeMap<String, BTreeMap<String, String>>,
    /// Binaries by name; every one that is named must be there.
    pub binaries: BTreeMap<String, Vec<u8>>,
    /// Whether the kernel can grant the measurement source.
    pub measured: bool,
}

/// Why there is no image.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum ImageError {
    /// A program names a binary the guest does not have.
    #[error("system `{system}` names binary `{binary}`, which the guest does not build")]
    #[diagnostic(
        code(capbench::image),
        help("correct the name in manifests/systems/{system}.toml")
    )]
    NoBinary {
        /// The system.
        system: String,
        /// The binary.
        binary: String,
    },
    /// Offsets are 32 bits wide.
    #[error("the boot image of system `{0}` would exceed 4 GiB")]
    #[diagnostic(code(capbench::image), help("remove or shrink programs"))]
    TooLarge(String),
}

/// Lays out the image.
pub fn build(contents: &Contents<'_>) -> Result<Vec<u8>, ImageError> {
    let system = contents.system;
    let mut manifest = BootManifest {
        version: MANIFEST_VERSION,
        parameters: merged(&system.kernel, Some(&contents.kernel_parameters)),
        binaries: binaries(contents)?,
        init: BootProgram {
            name: "init".into(),
            binary: system.init.binary.clone(),
            grants: grants(&system.init.grants, contents.measured),
            parameters: Vec::new(),
        },
        programs: system
            .programs
            .iter()
            .map(|program| BootProgram {
                name: program.name.clone(),
                binary: program.binary.clone(),
                grants: grants(
                    &contents.authority[&program.authority].grants,
                    contents.measured,
                ),
                parameters: merged(
                    &program.parameters,
                    contents.program_parameters.get(&program.name),
                ),
            })
            .collect(),
    };

    // With the largest offsets the encoding is longest; postcard integers are
    // variable in length, so real offsets can only make it shorter.
    let reserved = encode(&manifest).len();
    let mut end = HEADER_BYTES + reserved;
    for binary in &mut manifest.binaries {
        let offset = end.next_multiple_of(ALIGNMENT);
        end = offset + binary.length as usize;
        binary.offset = u32::try_from(offset)
            .ok()
            .filter(|_| u32::try_from(end).is_ok())
            .ok_or_else(|| ImageError::TooLarge(system.name.clone()))?;
    }

    let encoded = encode(&manifest);
    let mut image = vec![0; end];
    image[..8].copy_from_slice(&MAGIC);
    image[8..12].copy_from_slice(&(encoded.len() as u32).to_le_bytes());
    image[HEADER_BYTES..HEADER_BYTES + encoded.len()].copy_from_slice(&encoded);
    for binary in &manifest.binaries {
        let bytes = &contents.binaries[&binary.name];
        image[binary.offset as usize..][..bytes.len()].copy_from_slice(bytes);
    }
    Ok(image)
}

fn encode(manifest: &BootManifest) -> Vec<u8> {
    postcard::to_allocvec(manifest).expect("strings and integers always encode")
}

/// Every binary that is named, once, in first-use order.
fn binaries(contents: &Contents<'_>) -> Result<Vec<BootBinary>, ImageError> {
    let system = contents.system;
    let mut binaries: Vec<BootBinary> = Vec::new();
    for name in system.binaries() {
        if binaries.iter().any(|binary| binary.name == name) {
            continue;
        }
        let bytes = contents
            .binaries
            .get(name)
            .ok_or_else(|| ImageError::NoBinary {
                system: system.name.clone(),
                binary: name.to_owned(),
            })?;
        binaries.push(BootBinary {
            name: name.to_owned(),
            offset: u32::MAX,
            length: u32::try_from(bytes.len())
                .map_err(|_| ImageError::TooLarge(system.name.clone()))?,
        });
    }
    Ok(binaries)
}

/// A kernel without instrumentation has no measurement source to grant.
fn grants(grants: &[Grant], measured: bool) -> Vec<BootGrant> {
    grants
        .iter()
        .filter(|grant| measured || grant.source != MEASUREMENT_SOURCE)
        .map(|grant| BootGrant {
            name: grant.name.clone(),
            source: grant.source.clone(),
        })
        .collect()
}

fn merged(
    base: &BTreeMap<String, String>,
    over: Option<&BTreeMap<String, String>>,
) -> Vec<(String, String)> {
    let mut all = base.clone();
    all.extend(
        over.into_iter()
            .flatten()
            .map(|(k, v)| (k.clone(), v.clone())),
    );
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Init, Program};
    use proptest::prelude::*;

    fn grant(name: &str, source: &str) -> Grant {
        Grant {
            name: name.into(),
            source: source.into(),
        }
    }

    fn system() -> System {
        System {
            name: "ring".into(),
            guest: "capos".into(),
            timeout_seconds: 1,
            kernel: [("transport".into(), "virtio".into())].into(),
            packages: BTreeMap::new(),
            init: Init {
                binary: "init".into(),
                grants: vec![grant("boot", "boot_package")],
            },
            children: Vec::new(),
            programs: vec![Program {
                name: "ring-nop".into(),
                binary: "ring-nop".into(),
                authority: "a".into(),
                parameters: BTreeMap::new(),
            }],
        }
    }

    fn authority() -> BTreeMap<String, AuthorityProfile> {
        let profile = AuthorityProfile {
            name: "a".into(),
            intent: "x".into(),
            grants: vec![
                grant("boot", "boot_package"),
                grant("measure", MEASUREMENT_SOURCE),
            ],
            denials: Vec::new(),
        };
        [("a".into(), profile)].into()
    }

    fn image_of(init: Vec<u8>, nop: Vec<u8>, rows: &str, measured: bool) -> Vec<u8> {
        let rows = [("rows".to_owned(), rows.to_owned())].into();
        build(&Contents {
            system: &system(),
            authority: &authority(),
            kernel_parameters: [("trace_slots".into(), "1024".into())].into(),
            program_parameters: [("ring-nop".to_owned(), rows)].into(),
            binaries: [("init".into(), init), ("ring-nop".into(), nop)].into(),
            measured,
        })
        .unwrap()
    }

    fn manifest_of(image: &[u8]) -> BootManifest {
        let length = u32::from_le_bytes(image[8..12].try_into().unwrap()) as usize;
        postcard::from_bytes(&image[16..16 + length]).unwrap()
    }

    proptest! {
        #[test]
        fn every_binary_is_found_aligned_where_the_manifest_says(
            init in prop::collection::vec(any::<u8>(), 0..9000),
            nop in prop::collection::vec(any::<u8>(), 0..9000),
            rows in "[a-z:,]{0,6000}",
        ) {
            let image = image_of(init.clone(), nop.clone(), &rows, true);
            prop_assert_eq!(&image[..8], b"CAPBOOT1");
            prop_assert_eq!(&image[12..16], &[0; 4]);
            let manifest = manifest_of(&image);
            for (binary, expected) in manifest.binaries.iter().zip([&init, &nop]) {
                let offset = binary.offset as usize;
                prop_assert_eq!(offset % 4096, 0);
                prop_assert_eq!(&image[offset..offset + binary.length as usize], &expected[..]);
            }
            prop_assert_eq!(&manifest.programs[0].parameters, &[("rows".to_owned(), rows)]);
        }
    }

    #[test]
    fn an_uninstrumented_kernel_is_not_asked_for_the_measurement_source() {
        let sources = |measured| -> Vec<String> {
            let manifest = manifest_of(&image_of(vec![1], vec![2], "", measured));
            manifest.programs[0]
                .grants
                .iter()
                .map(|g| g.source.clone())
                .collect()
        };
        assert_eq!(sources(true), ["boot_package", "measure_control"]);
        assert_eq!(sources(false), ["boot_package"]);
    }

    #[test]
    fn a_missing_binary_is_named() {
        let error = build(&Contents {
            system: &system(),
            authority: &authority(),
            kernel_parameters: BTreeMap::new(),
            program_parameters: BTreeMap::new(),
            binaries: [("init".into(), vec![])].into(),
            measured: true,
        })
        .unwrap_err();
        assert!(error.to_string().contains("`ring-nop`"));
    }
}
