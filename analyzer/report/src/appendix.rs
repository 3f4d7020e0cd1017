//! What a report takes from a run's record, in plain types.
//!
//! The record itself belongs to the runner, and a report must not need a program
//! that boots machines. Whoever has read the record fills this in.

use std::collections::BTreeMap;

use crate::extent::Extent;
use crate::last_words::LastWords;

/// Everything about a run beside its results.
#[derive(Clone, Debug, Default)]
pub struct Appendix {
    /// The user stopped the run.
    pub interrupted: bool,
    /// When it ended, RFC 3339.
    pub ended_at: String,
    /// The command as typed.
    pub command: Vec<String>,
    /// Options that changed the definitions.
    pub overrides: Vec<String>,
    /// The machine of the guests.
    pub machine: Machine,
    /// Tools and their versions.
    pub toolchain: Vec<(String, String)>,
    /// The guests as built.
    pub guests: Vec<GuestBuild>,
    /// Packages in the images, by system: name and version.
    pub packages: Vec<(String, String)>,
    /// Definitions used and their hashes.
    pub definitions: Vec<(String, String)>,
    /// Authority profiles of the rows.
    pub authority: Vec<Profile>,
    /// Every boot.
    pub boots: Vec<Boot>,
    /// How many of the planned boots took place.
    pub extent: Extent,
    /// The ends of logs of boots that ended badly.
    pub last_words: Vec<LastWords>,
    /// Audit boots, one sentence each.
    pub audits: Vec<String>,
    /// Authority that programs exercised.
    pub exercised: Vec<Exercised>,
    /// Privileged acts that the guests noted.
    pub acts: Vec<Act>,
    /// Files of the run as a whole.
    pub files: Vec<File>,
}

/// Authority that one program exercised, in all boots together.
#[derive(Clone, Debug, Default)]
pub struct Exercised {
    /// The program.
    pub program: String,
    /// Calls and operations, by interface.
    pub used: BTreeMap<String, u64>,
    /// How often each denial was proven.
    pub denials_proven: BTreeMap<String, u64>,
}

/// A privileged act, and how often it was done.
#[derive(Clone, Debug, Default)]
pub struct Act {
    /// The program that acted or was started.
    pub program: String,
    /// The act.
    pub event: String,
    /// Its subject.
    pub subject: String,
    /// Its outcome.
    pub outcome: String,
    /// How often, in all boots together.
    pub times: u64,
}

/// The emulator and the host.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// QEMU's version.
    pub qemu: String,
    /// Its arguments, placeholders in the place of paths.
    pub arguments: Vec<String>,
    /// Hash of the firmware.
    pub firmware: String,
    /// Processor of the host.
    pub processor: String,
    /// Kernel of the host.
    pub kernel: String,
}

/// A guest as built.
#[derive(Clone, Debug, Default)]
pub struct GuestBuild {
    /// Which guest.
    pub guest: String,
    /// Which variant or pass.
    pub variant: String,
    /// Features compiled in.
    pub features: Vec<String>,
    /// Features that a test or experiment added.
    pub extra: Vec<String>,
    /// The cargo profile.
    pub profile: String,
    /// Compiler flags per part.
    pub flags: Vec<(String, String)>,
    /// The kernel's package and version, where it is not built here.
    pub kernel: Option<String>,
    /// Its images.
    pub images: Vec<Image>,
}

/// A file of a guest.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// Its name.
    pub name: String,
    /// Its hash.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// A declared authority profile.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    /// Its name, as rows spell it.
    pub name: String,
    /// Hash of the definition that the run used.
    pub hash: String,
    /// The definition; absent where the checkout no longer holds that one.
    pub declared: Option<Declared>,
}

/// An authority profile's content.
#[derive(Clone, Debug, Default)]
pub struct Declared {
    /// Its purpose.
    pub intent: String,
    /// Each capability: its receiver's name for it, and its source.
    pub grants: Vec<(String, String)>,
    /// Each refusal to be proven: its name, and what is attempted.
    pub denials: Vec<(String, String)>,
    /// Sources that exist for measuring only.
    pub measurement_source: String,
}

/// One boot.
#[derive(Clone, Debug, Default)]
pub struct Boot {
    /// As its files are named.
    pub name: String,
    /// How it ended.
    pub end: String,
    /// From start to end on the host's clock, in milliseconds.
    pub wall_ms: u64,
    /// Hash of its stream; none where it sends none.
    pub sha256: Option<String>,
    /// Its files.
    pub files: Vec<File>,
}

/// A file that a report links to.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// Its kind.
    pub label: String,
    /// Its path, relative to the report's directory, `/` between parts.
    pub path: String,
}
