//! Numbers a kernel gives to what it records. All are checked when they are
//! made, in `const` context as a rule, so that a probe never checks them.

/// Counters a kernel can have.
pub const COUNTER_LIMIT: u16 = 64;

/// A named part of a kernel path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SegmentId(u16);

impl SegmentId {
    /// The segment with this number.
    ///
    /// # Panics
    ///
    /// If it is not below [`trace_format::span::SEGMENT_LIMIT`]; in a `const`
    /// the build fails.
    pub const fn new(id: u16) -> Self {
        assert!(
            id < trace_format::span::SEGMENT_LIMIT,
            "segment ids are below 4096"
        );
        SegmentId(id)
    }

    /// The number.
    #[inline(always)]
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// A counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CounterId(u16);

impl CounterId {
    /// The counter with this number.
    ///
    /// # Panics
    ///
    /// If it is not below [`COUNTER_LIMIT`]; in a `const` the build fails.
    pub const fn new(id: u16) -> Self {
        assert!(id < COUNTER_LIMIT, "counter ids are below 64");
        CounterId(id)
    }

    /// The number.
    #[inline(always)]
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// A kind of thing that happens at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InstantId(u16);

impl InstantId {
    /// A context switch: the leaving thread in `a`, the coming one in `b`.
    pub const SWITCH: InstantId = InstantId(trace_format::Instant::SWITCH);

    /// The instant with this number; 0 is [`InstantId::SWITCH`].
    pub const fn new(id: u16) -> Self {
        InstantId(id)
    }

    /// The number.
    #[inline(always)]
    pub const fn get(self) -> u16 {
        self.0
    }
}

/// A benchmark window of the stream, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WindowId(u32);

impl WindowId {
    /// The window with this number, as a program hands it back.
    pub const fn new(id: u32) -> Self {
        WindowId(id)
    }

    /// The number, as samples carry it.
    pub const fn get(self) -> u32 {
        self.0
    }
}
