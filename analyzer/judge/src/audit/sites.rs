//! Where a kernel image reads the clock for its probes.
//!
//! Each probe notes the address of its reading in the section
//! [`SITES_SECTION`], which is not loaded: the kernel does not carry it in
//! memory, and no probe is a byte longer for it.

use object::{Object, ObjectSection};
use std::ops::Range;

/// Section of 8-byte little-endian addresses.
pub const SITES_SECTION: &str = ".capbench.sites";

/// The probe sites of a kernel image and the range of its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeSites {
    addresses: Vec<u64>,
    text: Range<u64>,
}

/// Why an image tells no probe sites.
#[derive(Debug, thiserror::Error)]
pub enum SitesError {
    /// It is no ELF file, or a broken one.
    #[error("the kernel image is not readable as ELF: {0}")]
    Elf(#[from] object::Error),
    /// It has no code.
    #[error("the kernel image has no .text section")]
    NoText,
    /// It has no probes.
    #[error("the kernel image notes no probe sites: build the `segments` variant")]
    NoSites,
}

impl ProbeSites {
    /// Reads the sites of an ELF image.
    pub fn from_elf(image: &[u8]) -> Result<ProbeSites, SitesError> {
        let file = object::File::parse(image)?;
        let text = file.section_by_name(".text").ok_or(SitesError::NoText)?;
        let section = file
            .section_by_name(SITES_SECTION)
            .ok_or(SitesError::NoSites)?;
        let mut addresses: Vec<u64> = section
            .data()?
            .as_chunks::<8>()
            .0
            .iter()
            .map(|bytes| u64::from_le_bytes(*bytes))
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        // Code that the linker dropped leaves its sites behind as zero.
        addresses.retain(|address| *address != 0);
        if addresses.is_empty() {
            return Err(SitesError::NoSites);
        }
        Ok(ProbeSites {
            addresses,
            text: text.address()..text.address() + text.size(),
        })
    }

    /// Whether a probe reads the clock at `address`.
    pub fn contains(&self, address: u64) -> bool {
        self.addresses.binary_search(&address).is_ok()
    }

    /// Number of sites.
    pub fn len(&self) -> usize {
        self.addresses.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty()
    }

    /// Addresses of the kernel's code, what the emulator must log.
    pub fn text(&self) -> Range<u64> {
        self.text.clone()
    }

    #[cfg(test)]
    pub(super) fn from_addresses(addresses: &[u64]) -> ProbeSites {
        ProbeSites {
            addresses: addresses.to_vec(),
            text: 0..u64::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_image_are_refused() {
        assert!(matches!(
            ProbeSites::from_elf(b"not an image"),
            Err(SitesError::Elf(_))
        ));
    }
}
