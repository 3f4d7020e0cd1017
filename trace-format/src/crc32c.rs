//! CRC32C (Castagnoli) for the encoding side.
//!
//! Uses the processor's `crc32` instruction where there is one: it works on
//! general registers only, so a kernel may call it without touching SSE state.
//! Elsewhere a table. The host's decoder uses the `crc32c` crate, which runs
//! three instructions in parallel; a test holds the two together.

const TABLE: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);

/// CRC32C of `bytes` (RFC 3720, section 12.1).
pub fn crc32c(bytes: &[u8]) -> u32 {
    Crc32c::new().update(bytes).finish()
}

/// A CRC32C in progress.
#[derive(Clone, Copy)]
pub(crate) struct Crc32c {
    /// The register, not yet inverted.
    state: u32,
}

impl Crc32c {
    pub(crate) const fn new() -> Self {
        Crc32c { state: u32::MAX }
    }

    pub(crate) fn update(self, bytes: &[u8]) -> Self {
        #[cfg(target_arch = "x86_64")]
        if instruction::available() {
            // SAFETY: `available` has seen SSE4.2 in CPUID.
            let state = unsafe { instruction::update(self.state, bytes) };
            return Crc32c { state };
        }
        Crc32c {
            state: update_by_table(self.state, bytes),
        }
    }

    pub(crate) const fn finish(self) -> u32 {
        !self.state
    }
}

fn update_by_table(state: u32, bytes: &[u8]) -> u32 {
    // The crate takes its start value bit-reversed and hands the result out
    // inverted.
    let mut digest = TABLE.digest_with_initial(state.reverse_bits());
    digest.update(bytes);
    !digest.finalize()
}

#[cfg(target_arch = "x86_64")]
mod instruction {
    use core::arch::x86_64::{__cpuid, _mm_crc32_u8, _mm_crc32_u64};
    use core::sync::atomic::{AtomicU8, Ordering};

    const UNKNOWN: u8 = 0;
    const ABSENT: u8 = 1;
    const PRESENT: u8 = 2;

    /// Asked once: CPUID leaves the guest under hardware virtualisation.
    static SSE4_2: AtomicU8 = AtomicU8::new(UNKNOWN);

    const CPUID_1_ECX_SSE4_2: u32 = 1 << 20;

    pub(super) fn available() -> bool {
        match SSE4_2.load(Ordering::Relaxed) {
            UNKNOWN => {
                let present = __cpuid(1).ecx & CPUID_1_ECX_SSE4_2 != 0;
                SSE4_2.store(if present { PRESENT } else { ABSENT }, Ordering::Relaxed);
                present
            }
            known => known == PRESENT,
        }
    }

    #[target_feature(enable = "sse4.2")]
    pub(super) fn update(state: u32, bytes: &[u8]) -> u32 {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut wide = u64::from(state);
        for word in words {
            wide = _mm_crc32_u64(wide, u64::from_le_bytes(*word));
        }
        let mut state = wide as u32;
        for byte in rest {
            state = _mm_crc32_u8(state, *byte);
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn matches_the_published_check_value() {
        // "123456789" -> E3069283, catalogue of parametrised CRC algorithms.
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    }

    proptest! {
        #[test]
        fn instruction_table_and_host_crate_agree(bytes: std::vec::Vec<u8>, cut in 0usize..100) {
            let cut = cut.min(bytes.len());
            let whole = crc32c(&bytes);
            let parts = Crc32c::new().update(&bytes[..cut]).update(&bytes[cut..]).finish();
            prop_assert_eq!(whole, parts);
            prop_assert_eq!(whole, !update_by_table(u32::MAX, &bytes));
            prop_assert_eq!(whole, ::crc32c::crc32c(&bytes));
        }
    }
}
