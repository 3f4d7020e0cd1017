//! What a program may do with its pages: never write and execute both.

/// May be read.
pub const READ: u32 = 1;
/// May be written.
pub const WRITE: u32 = 2;
/// May be executed.
pub const EXECUTE: u32 = 4;

/// Rights to pages. Whatever they are, reading is among them: the processor has no
/// way to withhold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protection {
    /// May be written.
    pub write: bool,
    /// May be executed.
    pub execute: bool,
}

/// Why a protection is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadProtection {
    /// To be written and executed.
    WriteAndExecute,
    /// No right at all, or one that does not exist.
    Unknown,
}

impl Protection {
    /// The rights that these bits stand for.
    pub fn from_bits(bits: u32) -> Result<Self, BadProtection> {
        if bits == 0 || bits & !(READ | WRITE | EXECUTE) != 0 {
            return Err(BadProtection::Unknown);
        }
        let (write, execute) = (bits & WRITE != 0, bits & EXECUTE != 0);
        if write && execute {
            return Err(BadProtection::WriteAndExecute);
        }
        Ok(Self { write, execute })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_bits_give_a_page_to_write_and_execute() {
        for bits in 0..=u32::from(u8::MAX) {
            match Protection::from_bits(bits) {
                Ok(rights) => assert!(!(rights.write && rights.execute)),
                Err(BadProtection::WriteAndExecute) => assert_eq!(bits & 6, 6),
                Err(BadProtection::Unknown) => assert!(bits == 0 || bits > 7),
            }
        }
        assert!(Protection::from_bits(READ | EXECUTE).is_ok_and(|rights| rights.execute));
        assert!(Protection::from_bits(1 << 31 | READ).is_err());
    }
}
