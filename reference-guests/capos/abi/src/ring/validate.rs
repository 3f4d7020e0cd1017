//! The wire rules of submissions.
//!
//! Pure: a verdict depends on the 64 bytes alone. Whether the capability exists
//! or a buffer is mapped is somebody else's question. "Zero" in the published
//! rules means: every field an operation does not list must be 0, `user_data`
//! excepted.

use super::{Sqe, SqeFlags, opcode, result};

/// Why a submission was refused before any lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// It breaks a rule of its operation, or the operation does not exist.
    Invalid,
    /// The operation exists and is not offered.
    Unsupported,
}

impl RequestError {
    /// The completion's result.
    pub const fn code(self) -> i32 {
        match self {
            Self::Invalid => result::INVALID_REQUEST,
            Self::Unsupported => result::UNSUPPORTED_OPCODE,
        }
    }
}

/// Session disclosure bits that are defined.
const DISCLOSURE_BITS: u64 = 0b111;

/// A submission as words, which is how most of its rules are checked: an operation
/// states the bits it uses, and all others must be zero.
type Words = [u64; 8];

/// Fields as bits of the words.
mod field {
    use super::Words;

    pub const NONE: Words = bits(0, 0xff, bits(1, u64::MAX, [0; 8])); // opcode, user_data
    pub const CAP: Words = bits(0, 0xffff_ffff << 32, [0; 8]);
    pub const METHOD: Words = bits(0, 0xffff << 16, [0; 8]);
    pub const PARAMS: Words = bits(2, u64::MAX, bits(3, 0xffff_ffff, [0; 8]));
    pub const RESULT: Words = bits(3, 0xffff_ffff << 32, bits(4, u64::MAX, [0; 8]));
    pub const DEPENDENCY: Words = bits(5, u64::MAX, [0; 8]);
    pub const TRANSFERS: Words = bits(6, 0xffff << 16, [0; 8]);
    pub const CALL_ID: Words = bits(6, 0xffff_ffff << 32, [0; 8]);
    pub const DISCLOSURE: Words = bits(7, super::DISCLOSURE_BITS, [0; 8]);

    /// These bits of the flags.
    pub const fn flags(flags: u8) -> Words {
        bits(0, (flags as u64) << 8, [0; 8])
    }

    const fn bits(word: usize, bits: u64, mut words: Words) -> Words {
        words[word] |= bits;
        words
    }
}

/// The bits that must be zero when an operation uses only these fields.
const fn unused<const N: usize>(used: [Words; N]) -> Words {
    let mut must_be_zero = [u64::MAX; 8];
    let mut word = 0;
    while word < 8 {
        must_be_zero[word] &= !field::NONE[word];
        let mut index = 0;
        while index < N {
            must_be_zero[word] &= !used[index][word];
            index += 1;
        }
        word += 1;
    }
    must_be_zero
}

/// By operation.
const MUST_BE_ZERO: [Words; 10] = {
    use field::{CALL_ID, CAP, DEPENDENCY, DISCLOSURE, METHOD, PARAMS, RESULT, TRANSFERS, flags};
    let owned = flags(SqeFlags::THREAD_OWNED);
    let exception = flags(SqeFlags::RETURN_APPLICATION_EXCEPTION);
    let mut table = [[0; 8]; 10];
    table[opcode::CALL as usize] = unused([
        owned, METHOD, CAP, PARAMS, RESULT, TRANSFERS, CALL_ID, DISCLOSURE,
    ]);
    table[opcode::RETURN as usize] = unused([exception, CAP, PARAMS, TRANSFERS, CALL_ID]);
    table[opcode::RECV as usize] = unused([CAP, RESULT]);
    table[opcode::RELEASE as usize] = unused([CAP]);
    table[opcode::NOP as usize] = unused([]);
    table[opcode::CANCEL as usize] = unused([CAP, DEPENDENCY]);
    table[opcode::PARK_BENCH as usize] = unused([METHOD, CAP, PARAMS]);
    table[opcode::PARK as usize] = unused([owned, CAP, PARAMS, DEPENDENCY, CALL_ID]);
    table[opcode::UNPARK as usize] = unused([CAP, PARAMS]);
    table
};

/// Checks a submission against the rules of its operation.
#[inline(always)]
pub fn validate(sqe: &Sqe) -> Result<(), RequestError> {
    if sqe.opcode == opcode::FINISH {
        return Err(RequestError::Unsupported);
    }
    let Some(must_be_zero) = MUST_BE_ZERO.get(usize::from(sqe.opcode)) else {
        return Err(RequestError::Invalid);
    };
    // SAFETY: a submission is eight words without padding.
    let words: &Words = unsafe { &*(&raw const *sqe).cast() };
    let mut stray = 0;
    for word in 0..8 {
        stray |= words[word] & must_be_zero[word];
    }
    if stray == 0 && is_consistent(sqe) {
        Ok(())
    } else {
        Err(RequestError::Invalid)
    }
}

/// What an operation's own fields must say together. How many capabilities may go
/// with a message is no rule of the wire: whoever reads their descriptors counts.
#[inline(always)]
fn is_consistent(sqe: &Sqe) -> bool {
    let flagged = sqe.flags != 0;
    match sqe.opcode {
        opcode::CALL => flagged == (sqe.call_id != 0),
        opcode::RETURN => !flagged || sqe.xfer_cap_count == 0,
        opcode::CANCEL => sqe.pipeline_dep != 0,
        opcode::PARK_BENCH => sqe.method_id <= 1 && sqe.addr != 0,
        opcode::PARK => flagged && sqe.call_id != 0,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sqe(opcode: u8) -> Sqe {
        Sqe {
            opcode,
            user_data: 7,
            ..Sqe::default()
        }
    }

    #[test]
    fn a_nop_takes_user_data_and_nothing_else() {
        assert_eq!(validate(&sqe(opcode::NOP)), Ok(()));
        let edits: [fn(&mut Sqe); 11] = [
            |s| s.flags = 1,
            |s| s.method_id = 1,
            |s| s.cap_id = 1,
            |s| s.addr = 1,
            |s| s.len = 1,
            |s| s.result_len = 1,
            |s| s.result_addr = 1,
            |s| s.pipeline_dep = 1,
            |s| s.xfer_cap_count = 1,
            |s| s.call_id = 1,
            |s| s.session_disclosure = 1,
        ];
        for edit in edits {
            let mut nop = sqe(opcode::NOP);
            edit(&mut nop);
            assert_eq!(validate(&nop), Err(RequestError::Invalid), "{nop:?}");
        }
    }

    #[test]
    fn a_call_may_be_owned_by_a_thread_only_when_it_names_it() {
        let mut call = sqe(opcode::CALL);
        assert_eq!(validate(&call), Ok(()));
        call.flags = SqeFlags::THREAD_OWNED;
        assert_eq!(validate(&call), Err(RequestError::Invalid));
        call.call_id = 1;
        assert_eq!(validate(&call), Ok(()));
        call.flags = 0;
        assert_eq!(validate(&call), Err(RequestError::Invalid));
    }

    #[test]
    fn reserved_call_flags_are_refused() {
        for flags in [1, 2, 4, 8, 16, 64, 128] {
            let call = Sqe {
                flags,
                ..sqe(opcode::CALL)
            };
            assert_eq!(validate(&call), Err(RequestError::Invalid));
        }
    }

    #[test]
    fn finish_is_unsupported_and_unknown_operations_are_invalid() {
        assert_eq!(
            validate(&sqe(opcode::FINISH)),
            Err(RequestError::Unsupported)
        );
        assert_eq!(validate(&sqe(10)), Err(RequestError::Invalid));
        assert_eq!(validate(&sqe(255)), Err(RequestError::Invalid));
    }

    #[test]
    fn a_compact_park_needs_an_address_and_a_known_method() {
        let mut park = Sqe {
            addr: 0x1000,
            cap_id: 2,
            len: 1,
            ..sqe(opcode::PARK_BENCH)
        };
        assert_eq!(validate(&park), Ok(()));
        park.method_id = 1;
        assert_eq!(validate(&park), Ok(()));
        park.method_id = 2;
        assert_eq!(validate(&park), Err(RequestError::Invalid));
        park.method_id = 0;
        park.addr = 0;
        assert_eq!(validate(&park), Err(RequestError::Invalid));
    }

    #[test]
    fn a_returned_exception_cannot_carry_capabilities() {
        let mut answer = Sqe {
            call_id: 3,
            xfer_cap_count: 1,
            ..sqe(opcode::RETURN)
        };
        assert_eq!(validate(&answer), Ok(()));
        answer.flags = SqeFlags::RETURN_APPLICATION_EXCEPTION;
        assert_eq!(validate(&answer), Err(RequestError::Invalid));
    }

    #[test]
    fn every_stray_bit_of_a_nop_is_refused() {
        for bit in 8..512 {
            let mut words: Words = [0; 8];
            words[0] = u64::from(opcode::NOP);
            words[bit / 64] |= 1 << (bit % 64);
            // SAFETY: every bit pattern is a submission.
            let sqe: Sqe = unsafe { core::mem::transmute(words) };
            let is_user_data = (64..128).contains(&bit);
            assert_eq!(validate(&sqe).is_ok(), is_user_data, "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn pipelining_fields_are_never_accepted(bytes: [u8; 64], field in 1u16..) {
            // SAFETY: every bit pattern is a submission.
            let mut sqe: Sqe = unsafe { core::mem::transmute(bytes) };
            sqe.pipeline_field = field;
            prop_assert!(validate(&sqe).is_err());
        }

        #[test]
        fn user_data_never_decides(bytes: [u8; 64], user_data: u64) {
            // SAFETY: every bit pattern is a submission.
            let sqe: Sqe = unsafe { core::mem::transmute(bytes) };
            prop_assert_eq!(validate(&sqe), validate(&Sqe { user_data, ..sqe }));
        }
    }
}
