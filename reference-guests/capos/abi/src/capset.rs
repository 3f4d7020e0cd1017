//! The CapSet page: the capabilities a program starts with, by name.
//!
//! One page, mapped read-only into the program. A 16-byte header, then entries
//! of 48 bytes in grant order.

/// ASCII `capsetv1`, little endian.
pub const MAGIC: u64 = u64::from_le_bytes(*b"capsetv1");
/// Version of the page's layout.
pub const VERSION: u32 = 1;
/// Entries that fit into the page.
pub const MAX_ENTRIES: usize = 85;
/// Bytes of a name, NUL padded; longer names are refused at spawn.
pub const NAME_LENGTH: usize = 32;

/// First bytes of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: u64,
    /// [`VERSION`].
    pub version: u32,
    /// Number of entries that follow.
    pub count: u32,
}

/// One named capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Entry {
    /// The capability's id in the program's table.
    pub cap_id: u32,
    /// Bytes used of `name`.
    pub name_length: u32,
    /// Interface of the hold.
    pub interface_id: u64,
    /// The name, NUL padded.
    pub name: [u8; NAME_LENGTH],
}

impl Entry {
    /// An entry, or `None` if the name is empty or too long.
    pub fn new(name: &[u8], cap_id: u32, interface_id: u64) -> Option<Self> {
        if name.is_empty() || name.len() > NAME_LENGTH {
            return None;
        }
        let mut padded = [0; NAME_LENGTH];
        padded[..name.len()].copy_from_slice(name);
        Some(Self {
            cap_id,
            name_length: name.len() as u32,
            interface_id,
            name: padded,
        })
    }

    /// The name without its padding.
    pub fn name(&self) -> &[u8] {
        &self.name[..(self.name_length as usize).min(NAME_LENGTH)]
    }
}

const _: () = {
    assert!(size_of::<Header>() == 16);
    assert!(size_of::<Entry>() == 48);
    assert!(16 + MAX_ENTRIES * 48 <= 4096 && 16 + (MAX_ENTRIES + 1) * 48 > 4096);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_padded_and_read_back_exactly() {
        let entry = Entry::new(b"console", 3, 9).unwrap();
        assert_eq!(entry.name(), b"console");
        assert_eq!(entry.name[7..], [0; 25]);
    }

    #[test]
    fn a_name_longer_than_its_field_is_refused() {
        assert!(Entry::new(&[b'x'; 32], 0, 0).is_some());
        assert!(Entry::new(&[b'x'; 33], 0, 0).is_none());
        assert!(Entry::new(b"", 0, 0).is_none());
    }
}
