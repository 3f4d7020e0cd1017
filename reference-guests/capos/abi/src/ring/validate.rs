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
/// Most transfer descriptors one submission may carry.
const MAX_TRANSFERS: u16 = 16;

/// Checks a submission against the rules of its operation.
#[inline]
pub fn validate(sqe: &Sqe) -> Result<(), RequestError> {
    let valid = match sqe.opcode {
        opcode::CALL => call(sqe),
        opcode::NOP => only(sqe, Fields::NONE),
        opcode::RELEASE => only(sqe, Fields::CAP),
        opcode::PARK_BENCH => park_bench(sqe),
        opcode::RETURN => return_(sqe),
        opcode::RECV => only(sqe, Fields::CAP | Fields::RESULT),
        opcode::CANCEL => only(sqe, Fields::CAP | Fields::DEPENDENCY) && sqe.pipeline_dep != 0,
        opcode::PARK => park(sqe),
        opcode::UNPARK => only(sqe, Fields::CAP | Fields::PARAMS),
        opcode::FINISH => return Err(RequestError::Unsupported),
        _ => false,
    };
    if valid {
        Ok(())
    } else {
        Err(RequestError::Invalid)
    }
}

fn call(sqe: &Sqe) -> bool {
    let owned = sqe.flags & SqeFlags::THREAD_OWNED != 0;
    sqe.flags & !SqeFlags::THREAD_OWNED == 0
        && owned == (sqe.call_id != 0)
        && sqe.pipeline_dep == 0
        && sqe.pipeline_field == 0
        && sqe.xfer_cap_count <= MAX_TRANSFERS
        && sqe.session_disclosure & !DISCLOSURE_BITS == 0
}

fn return_(sqe: &Sqe) -> bool {
    let exception = sqe.flags & SqeFlags::RETURN_APPLICATION_EXCEPTION != 0;
    sqe.flags & !SqeFlags::RETURN_APPLICATION_EXCEPTION == 0
        && !(exception && sqe.xfer_cap_count != 0)
        && sqe.xfer_cap_count <= MAX_TRANSFERS
        && unlisted_are_zero(
            sqe,
            Fields::CAP | Fields::PARAMS | Fields::CALL_ID | Fields::FLAGS | Fields::TRANSFERS,
        )
}

fn park_bench(sqe: &Sqe) -> bool {
    sqe.method_id <= 1
        && sqe.addr != 0
        && unlisted_are_zero(sqe, Fields::CAP | Fields::METHOD | Fields::PARAMS)
}

fn park(sqe: &Sqe) -> bool {
    sqe.flags == SqeFlags::THREAD_OWNED
        && sqe.call_id != 0
        && unlisted_are_zero(
            sqe,
            Fields::FLAGS | Fields::CALL_ID | Fields::CAP | Fields::PARAMS | Fields::DEPENDENCY,
        )
}

fn only(sqe: &Sqe, listed: u16) -> bool {
    unlisted_are_zero(sqe, listed)
}

/// Groups of fields an operation may list.
struct Fields;

impl Fields {
    const NONE: u16 = 0;
    const FLAGS: u16 = 1;
    const METHOD: u16 = 2;
    const CAP: u16 = 4;
    const PARAMS: u16 = 8;
    const RESULT: u16 = 16;
    const DEPENDENCY: u16 = 32;
    const TRANSFERS: u16 = 64;
    const CALL_ID: u16 = 128;
}

#[inline(always)]
fn unlisted_are_zero(sqe: &Sqe, listed: u16) -> bool {
    let has = |group: u16| listed & group != 0;
    (has(Fields::FLAGS) || sqe.flags == 0)
        && (has(Fields::METHOD) || sqe.method_id == 0)
        && (has(Fields::CAP) || sqe.cap_id == 0)
        && (has(Fields::PARAMS) || (sqe.addr == 0 && sqe.len == 0))
        && (has(Fields::RESULT) || (sqe.result_addr == 0 && sqe.result_len == 0))
        && (has(Fields::DEPENDENCY) || sqe.pipeline_dep == 0)
        && (has(Fields::TRANSFERS) || sqe.xfer_cap_count == 0)
        && (has(Fields::CALL_ID) || sqe.call_id == 0)
        && sqe.pipeline_field == 0
        && sqe.session_disclosure == 0
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
