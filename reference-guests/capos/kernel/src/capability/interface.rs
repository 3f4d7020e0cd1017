//! What a capability's interface is: its place in a trace, its published id and name,
//! its methods, and where a program can have it from.
//!
//! Each capability states its own as `INTERFACE` in its file. Calls are checked
//! against it, and a kernel that measures reports it to the host.

/// An interface.
#[derive(Clone, Copy, Debug)]
pub struct Interface {
    /// Its place in a trace's records of dispatches.
    pub index: u8,
    /// Its published id.
    #[cfg_attr(not(feature = "measure"), expect(dead_code, reason = "for the host"))]
    pub id: u64,
    /// Its published name.
    #[cfg_attr(not(feature = "measure"), expect(dead_code, reason = "for the host"))]
    pub name: &'static str,
    /// What can be called.
    pub methods: Methods,
    /// Where a hold on it comes from, as a manifest spells it.
    #[cfg_attr(not(feature = "measure"), expect(dead_code, reason = "for the host"))]
    pub source: &'static str,
    /// Whether it exists for measuring only, so that its receiver is noted.
    pub is_for_measuring: bool,
}

impl Interface {
    /// The source of what is in no manifest and only a method's result.
    pub const RESULT: &'static str = "result";
}

/// The methods of an interface.
#[derive(Clone, Copy, Debug)]
pub enum Methods {
    /// These, by their place; no others.
    Named(&'static [&'static str]),
    /// Every number there is.
    Any,
}

impl Methods {
    /// Whether there is this method.
    #[inline(always)]
    pub const fn contains(self, method: u16) -> bool {
        match self {
            Self::Named(names) => method < names.len() as u16,
            Self::Any => true,
        }
    }
}
