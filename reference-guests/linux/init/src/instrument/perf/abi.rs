//! The part of `linux/perf_event.h` that is used.

/// `struct perf_event_attr`, as of its fifth version.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Attributes {
    pub kind: u32,
    pub size: u32,
    pub config: u64,
    pub sample_period: u64,
    pub sample_type: u64,
    pub read_format: u64,
    pub flags: u64,
    pub wakeup_events: u32,
    pub breakpoint_type: u32,
    pub config1: u64,
    pub config2: u64,
    pub branch_sample_type: u64,
    pub sample_regs_user: u64,
    pub sample_stack_user: u32,
    pub clock_id: i32,
    pub sample_regs_intr: u64,
    pub aux_watermark: u32,
    pub sample_max_stack: u16,
    pub reserved: u16,
}

impl Attributes {
    /// A software event, yet to be named.
    pub fn software() -> Attributes {
        /// `PERF_TYPE_SOFTWARE`.
        const SOFTWARE: u32 = 1;
        Attributes {
            kind: SOFTWARE,
            size: size_of::<Attributes>() as u32,
            ..Attributes::default()
        }
    }
}

/// `PERF_COUNT_SW_…`.
pub mod software {
    pub const CPU_CLOCK: u64 = 0;
    pub const TASK_CLOCK: u64 = 1;
    pub const PAGE_FAULTS: u64 = 2;
    pub const CONTEXT_SWITCHES: u64 = 3;
    pub const CPU_MIGRATIONS: u64 = 4;
}

/// Bits of [`Attributes::flags`].
pub mod flag {
    pub const DISABLED: u64 = 1 << 0;
    pub const INHERIT: u64 = 1 << 1;
    pub const USE_CLOCK_ID: u64 = 1 << 25;
}

/// `PERF_SAMPLE_…`.
pub mod sample {
    pub const IP: u64 = 1 << 0;
    pub const TID: u64 = 1 << 1;
    pub const TIME: u64 = 1 << 2;
}

/// `PERF_RECORD_…`.
pub mod record {
    pub const LOST: u32 = 2;
    pub const SAMPLE: u32 = 9;
}

/// `PERF_EVENT_IOC_…`.
pub mod request {
    pub const ENABLE: libc::c_ulong = 0x2400;
    pub const DISABLE: libc::c_ulong = 0x2401;
}

/// Offsets in `struct perf_event_mmap_page`.
pub mod page {
    pub const DATA_HEAD: usize = 1024;
    pub const DATA_TAIL: usize = 1032;
}
