//! The two kinds of ring entry, byte for byte.

/// A submission.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Sqe {
    /// What to do; see [`super::opcode`].
    pub opcode: u8,
    /// [`SqeFlags`].
    pub flags: u8,
    /// Method of a CALL.
    pub method_id: u16,
    /// Target capability.
    pub cap_id: u32,
    /// Returned in the completion.
    pub user_data: u64,
    /// Parameter buffer.
    pub addr: u64,
    /// Its length.
    pub len: u32,
    /// Length of the result buffer.
    pub result_len: u32,
    /// Result buffer.
    pub result_addr: u64,
    /// Operation-specific.
    pub pipeline_dep: u64,
    /// Reserved for pipelining.
    pub pipeline_field: u16,
    /// Transfer descriptors after the parameters.
    pub xfer_cap_count: u16,
    /// Owning thread or received call.
    pub call_id: u32,
    /// What of the caller's session the target may see.
    pub session_disclosure: u64,
}

/// Bits of [`Sqe::flags`].
pub struct SqeFlags;

impl SqeFlags {
    /// RETURN carries a `CapException`.
    pub const RETURN_APPLICATION_EXCEPTION: u8 = 16;
    /// The submission belongs to the thread in `call_id`.
    pub const THREAD_OWNED: u8 = 32;
}

/// A completion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Cqe {
    /// The submission's `user_data`.
    pub user_data: u64,
    /// Bytes written, an operation-specific value, or a negative code.
    pub result: i32,
    /// [`CqeFlags`].
    pub flags: u16,
    /// Result capabilities behind the payload.
    pub cap_count: u16,
    /// Badge of the caller's hold, on RECV.
    pub badge: u64,
    /// Identifies a received call.
    pub call_id: u32,
    /// Zero.
    pub reserved: u32,
}

/// Bits of [`Cqe::flags`].
pub struct CqeFlags;

impl CqeFlags {
    /// Result capabilities follow the payload.
    pub const TRANSFER_RESULT_CAPS: u16 = 2;
}

const _: () = {
    use core::mem::offset_of;
    assert!(size_of::<Sqe>() == 64 && size_of::<Cqe>() == 32);
    assert!(offset_of!(Sqe, user_data) == 8 && offset_of!(Sqe, result_addr) == 32);
    assert!(offset_of!(Sqe, pipeline_field) == 48 && offset_of!(Sqe, call_id) == 52);
    assert!(offset_of!(Sqe, session_disclosure) == 56);
    assert!(offset_of!(Cqe, badge) == 16 && offset_of!(Cqe, call_id) == 24);
};
