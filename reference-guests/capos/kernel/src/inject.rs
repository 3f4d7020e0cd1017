//! Truth by injection: a known number of instructions in one named segment.
//!
//! Feature `inject` puts `CAPBENCH_INJECT_COUNT` no-operations into the segment
//! that `CAPBENCH_INJECT_SEGMENT` names, both read when the kernel is compiled. A
//! measurement that is true sees that segment grow by exactly that many and no
//! other. Every segment has [`ROOM`] no-operations and a jump over those that are not
//! injected, so all such builds have the same code at the same places: the padding of
//! loop heads is executed too, and would be another one elsewhere.

#[cfg(feature = "inject")]
use crate::segments;
use kernel_measure::SegmentId;

#[cfg(feature = "inject")]
const SEGMENT: &str = match option_env!("CAPBENCH_INJECT_SEGMENT") {
    Some(name) => name,
    None => panic!("feature `inject` needs CAPBENCH_INJECT_SEGMENT, the name of a segment"),
};

#[cfg(feature = "inject")]
const COUNT: u32 = match option_env!("CAPBENCH_INJECT_COUNT") {
    Some(digits) => number(digits),
    None => panic!("feature `inject` needs CAPBENCH_INJECT_COUNT, a number of instructions"),
};

/// Bytes of no-operations in every segment: what a short jump can skip, in whole lines
/// of 16.
#[cfg(feature = "inject")]
pub const ROOM: u32 = 112;

/// Bytes of no-operations in every segment: none in this build.
#[cfg(not(feature = "inject"))]
pub const ROOM: u32 = 0;

/// How many instructions are injected into this segment.
#[cfg(feature = "inject")]
pub const fn count(segment: SegmentId) -> u32 {
    let mut index = 0;
    let mut known = false;
    let mut found = 0;
    while index < segments::DECLARED.len() {
        let declared = &segments::DECLARED[index];
        if equal(declared.name, SEGMENT) {
            known = true;
            if declared.id == segment.get() {
                found = COUNT;
            }
        }
        index += 1;
    }
    assert!(
        known,
        "CAPBENCH_INJECT_SEGMENT names no segment of this kernel"
    );
    assert!(COUNT <= ROOM, "CAPBENCH_INJECT_COUNT is at most 112");
    found
}

/// How many instructions are injected into this segment: none in this build.
#[cfg(not(feature = "inject"))]
pub const fn count(_segment: SegmentId) -> u32 {
    0
}

/// The place of a segment where its instructions go. Once in every segment.
#[inline(always)]
pub fn point<const SEGMENT: u16>() {
    #[cfg(feature = "inject")]
    // SAFETY: a jump into no-operations, or behind them.
    unsafe {
        core::arch::asm!(
            ".byte 0xeb, {room} - {count}",
            ".rept {room}",
            "nop",
            ".endr",
            room = const ROOM,
            count = const count(SegmentId::new(SEGMENT)),
            options(nomem, nostack, preserves_flags),
        );
    }
}

#[cfg(feature = "inject")]
const fn equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

#[cfg(feature = "inject")]
const fn number(digits: &str) -> u32 {
    match u32::from_str_radix(digits, 10) {
        Ok(number) => number,
        Err(_) => panic!("CAPBENCH_INJECT_COUNT is not a number"),
    }
}
