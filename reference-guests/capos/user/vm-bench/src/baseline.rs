//! What must be so at the end of each row: nothing is kept, and W^X holds.

use crate::operation::Grants;
use crate::requests::PAGE;
use guest_benchmark::Record;
use guest_benchmark::runtime::abi::capos_capnp::ExceptionType;
use guest_benchmark::runtime::call::CallError;
use guest_benchmark::runtime::memory::{ANYWHERE, EXECUTE, READ, WRITE};
use guest_benchmark::runtime::ring::Ring;

/// Pages a process may reserve.
const RESERVATIONS: u64 = 262_144;
/// Frames that what a process holds may have.
const FRAMES: u32 = 4096;

fn is_refused<T>(answer: Result<T, CallError>, kind: ExceptionType) -> bool {
    answer.err() == Some(CallError::Exception(kind))
}

/// Reserves all that a process may, and not a page more. What a row had kept would be
/// missing.
pub fn check_reservations(ring: &mut Ring, grants: Grants, record: &mut Record) {
    let memory = grants.memory;
    match memory.reserve(ring, ANYWHERE, RESERVATIONS * PAGE) {
        Ok(all) => {
            let more = memory.reserve(ring, ANYWHERE, PAGE);
            record.ensure(
                is_refused(more, ExceptionType::Overloaded),
                "more than the quota was reserved",
            );
            let unmapped = memory.unmap(ring, all, RESERVATIONS * PAGE);
            record.ensure(unmapped.is_ok(), "a reservation does not end");
        }
        Err(_) => record.fail("not all reservations came back"),
    }
}

/// The same for frames of objects.
pub fn check_frames(ring: &mut Ring, grants: Grants, record: &mut Record) {
    match grants.frames.allocate_contiguous(ring, FRAMES) {
        Ok(all) => {
            let more = grants.frames.allocate(ring);
            record.ensure(
                is_refused(more, ExceptionType::Overloaded),
                "more than the quota was allocated",
            );
            record.ensure(all.release(ring).is_ok(), "an object cannot be given up");
        }
        Err(_) => record.fail("not all frames came back"),
    }
}

/// Asks for memory to be written and executed.
pub fn check_w_xor_x(ring: &mut Ring, grants: Grants, page: u64, record: &mut Record) {
    let memory = grants.memory;
    let invalid = ExceptionType::InvalidArgument;
    for prot in [WRITE | EXECUTE, READ | WRITE | EXECUTE] {
        let mapped = memory.map(ring, ANYWHERE, PAGE, prot);
        let protected = memory.protect(ring, page, PAGE, prot);
        record.ensure(
            is_refused(mapped, invalid) && is_refused(protected, invalid),
            "W^X does not hold",
        );
    }
}
