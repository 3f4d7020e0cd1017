//! The boot image: a manifest and the programs it names, in one file.
//!
//! Built by the host, handed over as initrd, read by the kernel and, through the
//! `BootPackage` capability, by init. Everything read from it is checked against
//! the bytes that are there.
//!
//! ```text
//! 0   8  magic `CAPBOOT1`
//! 8   4  manifest length, little endian
//! 12  4  zero
//! 16  n  manifest, postcard
//! ..     binaries, each at a multiple of 4096 from the start
//! ```

use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// First bytes of an image.
pub const MAGIC: [u8; 8] = *b"CAPBOOT1";
/// Bytes before the manifest.
pub const HEADER_LENGTH: usize = 16;
/// Alignment of every binary.
pub const BINARY_ALIGNMENT: usize = 4096;
/// Version of the manifest.
pub const VERSION: u32 = 1;

/// What to boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootManifest<'a> {
    /// [`VERSION`].
    pub version: u32,
    /// Kernel parameters.
    #[serde(borrow)]
    pub parameters: Vec<(&'a str, &'a str)>,
    /// The binaries of the image.
    #[serde(borrow)]
    pub binaries: Vec<Binary<'a>>,
    /// The first process.
    #[serde(borrow)]
    pub init: Program<'a>,
    /// What init starts, in order.
    #[serde(borrow)]
    pub programs: Vec<Program<'a>>,
}

/// A named executable in the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binary<'a> {
    /// The name programs refer to.
    pub name: &'a str,
    /// First byte, from the start of the image.
    pub offset: u32,
    /// Length in bytes.
    pub length: u32,
}

/// A process to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program<'a> {
    /// The process's name.
    pub name: &'a str,
    /// The binary it runs.
    pub binary: &'a str,
    /// Its capabilities, in CapSet order.
    #[serde(borrow)]
    pub grants: Vec<Grant<'a>>,
    /// Its parameters.
    #[serde(borrow)]
    pub parameters: Vec<(&'a str, &'a str)>,
}

/// A capability to grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant<'a> {
    /// Its name in the CapSet.
    pub name: &'a str,
    /// The kernel source, in snake case.
    pub source: &'a str,
}

/// Why an image was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageError {
    /// Shorter than its header or manifest says.
    Truncated,
    /// Not a boot image.
    BadMagic,
    /// The manifest is not one.
    BadManifest,
    /// The manifest has another version.
    BadVersion,
    /// A binary is misaligned or not inside the image.
    BadBinary,
    /// A program names a binary the image does not hold.
    UnknownBinary,
}

/// A checked image.
#[derive(Clone, Debug)]
pub struct BootImage<'a> {
    bytes: &'a [u8],
    manifest_bytes: &'a [u8],
    manifest: BootManifest<'a>,
}

impl<'a> BootImage<'a> {
    /// Checks an image and everything it points at.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let header = bytes.get(..HEADER_LENGTH).ok_or(ImageError::Truncated)?;
        if header[..8] != MAGIC || header[12..16] != [0; 4] {
            return Err(ImageError::BadMagic);
        }
        let length = u32::from_le_bytes([header[8], header[9], header[10], header[11]]) as usize;
        let manifest_bytes = HEADER_LENGTH
            .checked_add(length)
            .and_then(|end| bytes.get(HEADER_LENGTH..end))
            .ok_or(ImageError::Truncated)?;
        let manifest = parse_manifest(manifest_bytes)?;
        for binary in &manifest.binaries {
            let offset = binary.offset as usize;
            let inside = offset
                .checked_add(binary.length as usize)
                .is_some_and(|end| end <= bytes.len());
            if !offset.is_multiple_of(BINARY_ALIGNMENT) || !inside {
                return Err(ImageError::BadBinary);
            }
        }
        let image = Self {
            bytes,
            manifest_bytes,
            manifest,
        };
        let programs = core::iter::once(&image.manifest.init).chain(&image.manifest.programs);
        for program in programs {
            image
                .binary(program.binary)
                .ok_or(ImageError::UnknownBinary)?;
        }
        Ok(image)
    }

    /// The manifest.
    pub fn manifest(&self) -> &BootManifest<'a> {
        &self.manifest
    }

    /// The manifest's bytes, as `BootPackage` serves them.
    pub fn manifest_bytes(&self) -> &'a [u8] {
        self.manifest_bytes
    }

    /// The entry of one program, in the manifest's encoding.
    pub fn program_bytes(&self, index: usize) -> Option<Vec<u8>> {
        postcard::to_allocvec(self.manifest.programs.get(index)?).ok()
    }

    /// The binary with this name.
    pub fn binary(&self, name: &str) -> Option<&'a [u8]> {
        let binary = self.manifest.binaries.iter().find(|b| b.name == name)?;
        let start = binary.offset as usize;
        self.bytes.get(start..start + binary.length as usize)
    }

    /// A kernel parameter.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        find(&self.manifest.parameters, name)
    }
}

/// Reads a manifest's bytes.
pub fn parse_manifest(bytes: &[u8]) -> Result<BootManifest<'_>, ImageError> {
    let manifest: BootManifest<'_> =
        postcard::from_bytes(bytes).map_err(|_| ImageError::BadManifest)?;
    if manifest.version != VERSION {
        return Err(ImageError::BadVersion);
    }
    Ok(manifest)
}

/// Reads one program's entry, as [`BootImage::program_bytes`] wrote it.
pub fn parse_program(bytes: &[u8]) -> Result<Program<'_>, ImageError> {
    postcard::from_bytes(bytes).map_err(|_| ImageError::BadManifest)
}

/// The first value under a name.
pub fn find<'a>(parameters: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    parameters
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    fn program<'a>(name: &'a str, binary: &'a str) -> Program<'a> {
        Program {
            name,
            binary,
            grants: vec![Grant {
                name: "boot",
                source: "boot_package",
            }],
            parameters: vec![("rows", "ring/nop/1:nop:1:2:3:4")],
        }
    }

    fn manifest() -> BootManifest<'static> {
        BootManifest {
            version: VERSION,
            parameters: vec![("transport", "virtio")],
            binaries: vec![Binary {
                name: "one",
                offset: 4096,
                length: 10,
            }],
            init: program("init", "one"),
            programs: vec![program("first", "one"), program("second", "one")],
        }
    }

    fn image(manifest: &BootManifest<'_>) -> Vec<u8> {
        let bytes = postcard::to_allocvec(manifest).unwrap();
        let mut image = vec![0; 4096];
        image[..8].copy_from_slice(&MAGIC);
        image[8..12].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        image[16..16 + bytes.len()].copy_from_slice(&bytes);
        image.extend_from_slice(b"0123456789");
        image
    }

    #[test]
    fn a_whole_image_is_read_back() {
        let bytes = image(&manifest());
        let image = BootImage::parse(&bytes).unwrap();
        assert_eq!(image.manifest(), &manifest());
        assert_eq!(image.binary("one"), Some(&b"0123456789"[..]));
        assert_eq!(image.binary("two"), None);
        assert_eq!(image.parameter("transport"), Some("virtio"));
    }

    #[test]
    fn a_programs_own_entry_is_all_it_needs_to_find_its_parameters() {
        let bytes = image(&manifest());
        let image = BootImage::parse(&bytes).unwrap();
        let entry = image.program_bytes(1).unwrap();
        let program = parse_program(&entry).unwrap();
        assert_eq!(program.name, "second");
        assert!(find(&program.parameters, "rows").is_some());
        assert_eq!(image.program_bytes(2), None);
    }

    #[test]
    fn what_points_outside_of_the_image_is_refused() {
        let error = |edit: fn(&mut BootManifest<'static>)| {
            let mut manifest = manifest();
            edit(&mut manifest);
            BootImage::parse(&image(&manifest)).unwrap_err()
        };
        assert_eq!(error(|m| m.binaries[0].length = 11), ImageError::BadBinary);
        assert_eq!(error(|m| m.binaries[0].offset = 16), ImageError::BadBinary);
        assert_eq!(
            error(|m| m.binaries[0].offset = u32::MAX - 4095),
            ImageError::BadBinary
        );
        assert_eq!(
            error(|m| m.programs[0].binary = "none"),
            ImageError::UnknownBinary
        );
        assert_eq!(error(|m| m.version = 2), ImageError::BadVersion);
    }

    #[test]
    fn something_else_is_no_image() {
        assert_eq!(BootImage::parse(b"").unwrap_err(), ImageError::Truncated);
        let mut bytes = image(&manifest());
        bytes[0] = b'X';
        assert_eq!(BootImage::parse(&bytes).unwrap_err(), ImageError::BadMagic);
    }

    proptest! {
        #[test]
        fn damage_never_panics(at in 0usize..512, value: u8, length in 0usize..4200) {
            let mut bytes = image(&manifest());
            bytes[at] = value;
            bytes.truncate(length);
            if let Ok(image) = BootImage::parse(&bytes) {
                for binary in &image.manifest().binaries {
                    prop_assert!(image.binary(binary.name).is_some());
                }
            }
        }
    }
}
