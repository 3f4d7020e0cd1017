//! What a measured program is allowed to do, declared before it runs.

use serde::{Deserialize, Serialize};

/// The capabilities a benchmark program receives, all of them. A run in which a
/// program exercised more than this is invalid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityProfile {
    /// The name, equal to the file's.
    pub name: String,
    /// The purpose of the profile, in one sentence.
    pub intent: String,
    /// Capabilities in CapSet order; the first is always the boot package. None
    /// where the guest has no capabilities.
    pub grants: Vec<Grant>,
    /// Refusals the program must provoke and report; a run in which one of
    /// them is not proven is invalid.
    #[serde(default)]
    pub denials: Vec<Denial>,
}

/// An attempt that has to fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Denial {
    /// The name the program reports it under.
    pub name: String,
    /// What is attempted and how it is refused.
    pub attempt: String,
}

/// One capability under the name its receiver looks it up by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The receiver's name for it (at most 32 bytes).
    pub name: String,
    /// The kernel source, in its published snake_case spelling.
    pub source: String,
}

/// Grants that a kernel without instrumentation cannot make.
pub const MEASUREMENT_SOURCE: &str = "measure_control";

/// A CapSet entry holds 32 bytes of name; longer names are refused at spawn.
pub const LONGEST_GRANT_NAME: usize = 32;

/// Sources the reference kernel and the published interface know.
pub const KERNEL_SOURCES: [&str; 18] = [
    "console",
    "endpoint",
    "frame_allocator",
    "virtual_memory",
    "process_spawner",
    "boot_package",
    "terminal_session",
    "credential_store",
    "session_manager",
    "authority_broker",
    "system_info",
    "null",
    "park_bench",
    "timer",
    "thread_control",
    "thread_spawner",
    "park_space",
    MEASUREMENT_SOURCE,
];

/// What a child may be granted besides: objects that its parent had made.
pub const MADE_SOURCES: [&str; 1] = ["memory_object"];
