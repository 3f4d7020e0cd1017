//! Every structure that both sides of a system call see has the published layout.

use std::mem::{offset_of, size_of};

use capos_config::capset as their_capset;
use capos_config::ring::{
    CapCqe, CapRingHeader, CapSqe, CapTransferDescriptor, CapTransferResult, EndpointMessageHeader,
};
use guest_abi::capset;
use guest_abi::ring::{
    Cqe, Header, RECV_HEADER_LENGTH, ResultCap, Sqe, TransferDescriptor, TransferMode, recv_header,
};

/// Size of a field.
fn size_in<T, F>(_: fn(&T) -> &F) -> usize {
    size_of::<F>()
}

/// Holds two structures against each other, field by field. The fields must fill the
/// structure, so that none can be forgotten; `tail` is what follows the last.
macro_rules! same_layout {
    ($ours:ty, $theirs:ty, tail $tail:literal, { $($field:ident $(= $other:ident)?),* $(,)? }) => {{
        assert_eq!(size_of::<$ours>(), size_of::<$theirs>(), stringify!($ours));
        let mut filled = 0;
        $(
            let ours = (offset_of!($ours, $field), size_in(|s: &$ours| &s.$field));
            let theirs = same_layout!(@theirs $theirs, $field $(, $other)?);
            assert_eq!(ours, theirs, concat!(stringify!($ours), ".", stringify!($field)));
            filled += ours.1;
        )*
        assert_eq!(filled + $tail, size_of::<$ours>(), "a field of {}", stringify!($ours));
    }};
    (@theirs $theirs:ty, $field:ident) => {
        (offset_of!($theirs, $field), size_in(|s: &$theirs| &s.$field))
    };
    (@theirs $theirs:ty, $field:ident, $other:ident) => {
        same_layout!(@theirs $theirs, $other)
    };
}

#[test]
fn ring_entries_and_the_rings_header() {
    same_layout!(Sqe, CapSqe, tail 0, {
        opcode, flags, method_id, cap_id, user_data, addr, len, result_len, result_addr,
        pipeline_dep, pipeline_field, xfer_cap_count, call_id, session_disclosure,
    });
    same_layout!(Cqe, CapCqe, tail 0, {
        user_data, result, flags, cap_count, badge, call_id, reserved = _reserved,
    });
    same_layout!(Header, CapRingHeader, tail 0, {
        sq_head, sq_tail, sq_mask, sq_entries, sq_flags, cq_head, cq_tail, cq_mask, cq_entries,
        cq_flags, cq_overflow, sqe_offset, cqe_offset,
    });
}

#[test]
fn the_capset_page() {
    same_layout!(capset::Header, their_capset::CapSetHeader, tail 0, { magic, version, count });
    same_layout!(capset::Entry, their_capset::CapSetEntry, tail 0, {
        cap_id, name_length = name_len, interface_id, name,
    });
}

#[test]
fn what_comes_behind_a_message() {
    same_layout!(ResultCap, CapTransferResult, tail 0, {
        cap_id, reserved = _reserved0, interface_id,
    });
    let record = ResultCap {
        cap_id: 0x0102_0304,
        reserved: 0,
        interface_id: 0x1112_1314_1516_1718,
    };
    let bytes = record.to_bytes();
    // SAFETY: any bytes of its size are one.
    let theirs: CapTransferResult = unsafe { std::mem::transmute(bytes) };
    assert_eq!(theirs.cap_id, record.cap_id);
    assert_eq!(theirs._reserved0, 0);
    assert_eq!(theirs.interface_id, record.interface_id);
}

#[test]
fn descriptors_are_read_exactly_where_the_published_rule_accepts_them() {
    let modes = (0..=u16::MAX).map(|mode| (mode, 0));
    let reserved = (0..16).map(|bit| (1, 1 << bit));
    for (transfer_mode, reserved) in modes.chain(reserved) {
        let theirs = CapTransferDescriptor {
            cap_id: 0x0300_0007,
            transfer_mode,
            _reserved0: reserved,
        };
        // SAFETY: it has no padding.
        let bytes: [u8; TransferDescriptor::LENGTH] = unsafe { std::mem::transmute(theirs) };
        let ours = TransferDescriptor::parse(&bytes);
        let accepted = capos_config::ring::is_valid_transfer_descriptor(theirs);
        assert_eq!(ours.is_some(), accepted, "{transfer_mode} {reserved}");
        if let Some(ours) = ours {
            assert_eq!(ours.cap_id, theirs.cap_id);
            assert_eq!(ours.mode == TransferMode::Move, transfer_mode == 2);
            assert_eq!(ours.to_word().to_le_bytes(), bytes);
        }
    }
}

#[test]
fn the_header_of_a_received_call() {
    let bytes = recv_header(0x2122_2324_2526_2728, 0x3132, 0x4142_4344);
    assert_eq!(bytes.len(), size_of::<EndpointMessageHeader>());
    assert_eq!(bytes.len(), RECV_HEADER_LENGTH);
    // SAFETY: any bytes of its size are one; they need not be aligned.
    let theirs: EndpointMessageHeader = unsafe {
        bytes
            .as_ptr()
            .cast::<EndpointMessageHeader>()
            .read_unaligned()
    };
    assert_eq!(theirs.interface_id, 0x2122_2324_2526_2728);
    assert_eq!(theirs.method_id, 0x3132);
    assert_eq!(theirs.flags, 0);
    assert_eq!(theirs.params_len, 0x4142_4344);
    assert_eq!(
        theirs.caller_session,
        capos_abi::EndpointCallerSession::NONE
    );
}
