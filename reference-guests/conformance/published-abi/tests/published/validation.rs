//! Both validators give every submission the same verdict.

use capos_config::ring::{CapSqe, sqe_wire_validation_error};
use guest_abi::ring::{Sqe, SqeFlags, opcode, validate};
use proptest::prelude::*;

fn published(sqe: &Sqe) -> Result<(), i32> {
    // SAFETY: both are the same 64 bytes without padding; see `layouts`.
    let theirs: CapSqe = unsafe { std::mem::transmute(*sqe) };
    sqe_wire_validation_error(&theirs)
}

fn ours(sqe: &Sqe) -> Result<(), i32> {
    validate(sqe).map_err(|error| error.code())
}

#[track_caller]
fn assert_same(sqe: &Sqe) {
    assert_eq!(ours(sqe), published(sqe), "ours, published: {sqe:?}");
}

/// The submission with one bit of its bytes flipped.
fn flipped(sqe: &Sqe, bit: usize) -> Sqe {
    // SAFETY: 64 bytes without padding, and any bytes are a submission.
    let mut bytes: [u8; 64] = unsafe { std::mem::transmute(*sqe) };
    bytes[bit / 8] ^= 1 << (bit % 8);
    // SAFETY: as above.
    unsafe { std::mem::transmute(bytes) }
}

/// Submissions around which verdicts change: empty, and with everything in place
/// that some operation demands.
fn bases(opcode: u8) -> Vec<Sqe> {
    let empty = Sqe {
        opcode,
        ..Sqe::default()
    };
    let owned = Sqe {
        flags: SqeFlags::THREAD_OWNED,
        call_id: 1,
        ..empty
    };
    let exception = Sqe {
        flags: SqeFlags::RETURN_APPLICATION_EXCEPTION,
        ..empty
    };
    let addressed = Sqe {
        addr: 0x1000,
        ..empty
    };
    let dependent = Sqe {
        pipeline_dep: 1,
        ..empty
    };
    let full = Sqe {
        cap_id: 3,
        user_data: 5,
        addr: 0x1000,
        len: 64,
        ..empty
    };
    let all = vec![empty, owned, exception, addressed, dependent, full];
    [
        all,
        vec![
            Sqe {
                xfer_cap_count: 17,
                ..full
            },
            Sqe {
                method_id: 1,
                ..addressed
            },
        ],
    ]
    .concat()
}

#[test]
fn every_operation_with_every_single_stray_bit() {
    for opcode in 0..=u8::MAX {
        for base in bases(opcode) {
            assert_same(&base);
            for bit in 0..512 {
                assert_same(&flipped(&base, bit));
            }
        }
    }
}

#[test]
fn every_known_operation_with_every_two_stray_bits() {
    for opcode in 0..=opcode::UNPARK + 1 {
        for base in bases(opcode) {
            for first in 0..512 {
                let once = flipped(&base, first);
                for second in first + 1..512 {
                    assert_same(&flipped(&once, second));
                }
            }
        }
    }
}

/// The tests above would prove nothing if nothing were ever accepted.
#[test]
fn every_operation_but_finish_is_accepted_in_some_form() {
    for opcode in 0..=opcode::UNPARK {
        let accepted = bases(opcode).iter().any(|sqe| published(sqe).is_ok());
        assert_eq!(accepted, opcode != opcode::FINISH, "{opcode}");
    }
}

/// A field that is mostly empty: dense submissions are all refused for the same
/// reason.
fn sparse<T: Arbitrary + Clone + Default + 'static>(small: Vec<T>) -> impl Strategy<Value = T> {
    prop_oneof![
        4 => Just(T::default()),
        2 => prop::sample::select(small),
        1 => any::<T>(),
    ]
}

prop_compose! {
    fn sparse_sqe()(
        opcode in prop_oneof![8 => 0u8..=10, 1 => any::<u8>()],
        flags in sparse(vec![1u8, 2, 4, 8, 16, 32, 48, 64, 128]),
        method_id in sparse(vec![1u16, 2]),
        (cap_id, user_data) in (any::<u32>(), any::<u64>()),
        addr in sparse(vec![1u64, 0x1000]),
        (len, result_len) in (sparse(vec![1u32]), sparse(vec![1u32])),
        (result_addr, pipeline_dep) in (sparse(vec![0x1000u64]), sparse(vec![1u64, u64::MAX])),
        (pipeline_field, xfer_cap_count) in (sparse(vec![1u16]), sparse(vec![1u16, 16, 17])),
        call_id in sparse(vec![1u32, 2]),
        session_disclosure in sparse(vec![1u64, 7, 8]),
    ) -> Sqe {
        Sqe {
            opcode, flags, method_id, cap_id, user_data, addr, len, result_len, result_addr,
            pipeline_dep, pipeline_field, xfer_cap_count, call_id, session_disclosure,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200_000))]

    #[test]
    fn any_submission_of_likely_fields(sqe in sparse_sqe()) {
        prop_assert_eq!(ours(&sqe), published(&sqe), "{:?}", sqe);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(50_000))]

    #[test]
    fn any_64_bytes(bytes: [u8; 64], opcode in 0u8..=10) {
        // SAFETY: any bytes are a submission.
        let sqe: Sqe = unsafe { std::mem::transmute(bytes) };
        prop_assert_eq!(ours(&sqe), published(&sqe));
        let known = Sqe { opcode, ..sqe };
        prop_assert_eq!(ours(&known), published(&known));
    }
}
