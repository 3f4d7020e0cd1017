//! Guests: which there are, in which variants, and what a built one consists of.
//!
//! What is known of one guest is its [`Definition`], in a file of its own. No other
//! file of the host names a guest.

mod apt;
mod build;
pub mod capos;
mod definition;
mod elf;
mod kernel_image;
pub mod linux;
mod neutral;
mod packages;
mod recipe;
mod release;
mod shared_objects;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use capbench_results::Digest;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use build::{BuildError, BuildRequest, build, packages as packages_of};
pub use definition::{BootImage, Definition, Kernel, KernelParameter, Pass, Purpose, UserProgram};
pub use kernel_image::KernelImage;
pub use neutral::neutral;
pub use packages::{Package, PackageError, Packages, Programs, provide};

/// A guest this runner can build and boot, by its name; what is known of it is at
/// hand. Guests are equal and in order as their names are.
#[derive(Clone, Copy)]
pub struct GuestName(&'static Definition);

impl GuestName {
    /// Every guest.
    pub const ALL: [Self; 2] = [capos::GUEST, linux::GUEST];

    /// The spelling in manifests, paths and on the command line.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// All names, for messages.
    pub fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }

    /// Guests that can be varied without a change of meaning, the first by default.
    pub fn with_neutral_variants() -> impl Iterator<Item = Self> {
        let guests = Self::ALL.into_iter();
        guests.filter(|guest| guest.has_neutral_variants)
    }

    /// The guest whose changes are measured where none is named.
    pub fn that_changes() -> Self {
        let mut guests = Self::with_neutral_variants();
        guests.next().expect("one of the guests can be varied")
    }

    /// The guest that starts programs of the user's own, with how it does.
    pub fn for_user_programs() -> (Self, &'static UserProgram) {
        let mut guests = Self::ALL.into_iter();
        let found = guests.find_map(|guest| Some((guest, guest.user_program?)));
        found.expect("one of the guests starts programs")
    }
}

impl Deref for GuestName {
    type Target = Definition;

    fn deref(&self) -> &Definition {
        self.0
    }
}

/// The guest as results introduce it.
impl From<GuestName> for capbench_results::Guest {
    fn from(GuestName(guest): GuestName) -> Self {
        Self {
            name: guest.name.to_owned(),
            title: guest.title.to_owned(),
            caution: guest.caution.map(str::to_owned),
        }
    }
}

impl fmt::Debug for GuestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

impl PartialEq for GuestName {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for GuestName {}

impl Hash for GuestName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl Ord for GuestName {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.name.cmp(other.0.name)
    }
}

impl PartialOrd for GuestName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Serialize for GuestName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name)
    }
}

impl<'de> Deserialize<'de> for GuestName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(D::Error::custom)
    }
}

impl fmt::Display for GuestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

/// Not the name of a guest.
#[derive(Debug, thiserror::Error)]
#[error("there is no guest `{0}` (known: {names})", names = GuestName::names())]
pub struct UnknownGuest(String);

impl FromStr for GuestName {
    type Err = UnknownGuest;

    fn from_str(text: &str) -> Result<Self, UnknownGuest> {
        Self::ALL
            .into_iter()
            .find(|guest| guest.name() == text)
            .ok_or_else(|| UnknownGuest(text.to_owned()))
    }
}

/// How much instrumentation is compiled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// The sample channel only: the source of every median and ratio.
    Samples,
    /// All probes: the source of the breakdown, never of a headline number.
    Segments,
    /// No instrumentation at all: the proof that compiled out means absent.
    Plain,
    /// The kernel's own events counted beside the samples, by eBPF.
    Counts,
    /// The kernel's own accounts of time beside the samples, by perf.
    Perf,
}

impl Variant {
    /// The variants of a kernel that is built here.
    pub const ALL: [Self; 3] = [Self::Samples, Self::Segments, Self::Plain];

    /// The spelling in paths, artifacts and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Samples => "samples",
            Self::Segments => "segments",
            Self::Plain => "plain",
            Self::Counts => "counts",
            Self::Perf => "perf",
        }
    }

    /// Whether the guest emits frames at all.
    pub fn emits_frames(self) -> bool {
        self != Self::Plain
    }

    /// The kernel's cargo feature for this variant, if it needs one.
    fn feature(self) -> Option<&'static str> {
        match self {
            Self::Samples => Some("measure"),
            Self::Segments => Some("segments"),
            Self::Plain | Self::Counts | Self::Perf => None,
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Variables that the guests' sources read when they are compiled. A run passes on no
/// other: cargo itself obeys many, and some of them name programs that it starts.
pub const BUILD_VARIABLES: [&str; 3] = [
    "CAPBENCH_BUILD_ID",
    "CAPBENCH_INJECT_COUNT",
    "CAPBENCH_INJECT_SEGMENT",
];

/// What a test or an experiment adds to a build. Recorded with the image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extra {
    /// Cargo features of the instrumented part.
    pub features: Vec<String>,
    /// Environment of the build, such as an injection the build script reads.
    pub environment: BTreeMap<String, String>,
    /// A kernel image of the user's own, for a guest whose kernel is not built here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kernel: Option<PathBuf>,
}

impl Extra {
    /// Whether nothing is added.
    pub fn is_empty(&self) -> bool {
        self.features.is_empty() && self.environment.is_empty() && self.kernel.is_none()
    }
}

/// Names a directory for what comes from the distribution's archive. Checkouts can
/// share it, and it outlives their build directories.
pub const CACHE_VARIABLE: &str = "CAPBENCH_CACHE";

/// Where what comes from the distribution's archive for a guest is kept.
fn fetched(root: &Path, guest: GuestName) -> PathBuf {
    match std::env::var_os(CACHE_VARIABLE).filter(|name| !name.is_empty()) {
        Some(directory) => directory.into(),
        None => root.join("target/guests").join(guest.name),
    }
}

/// The guests whose kernels are fetched, each with the one that is here and needs no
/// fetching.
pub fn kernels_at_hand(root: &Path) -> Vec<(GuestName, Option<KernelImage>)> {
    let guests = GuestName::ALL.into_iter();
    let fetched = guests.filter_map(|guest| match guest.kernel {
        Kernel::Built => None,
        Kernel::Fetched { pins } => {
            let pins = root.join(guest.recipe.workspace).join(pins);
            let cache = fetched(root, guest).join(KERNELS);
            Some((guest, kernel_image::at_hand(&pins, &cache)))
        }
    });
    fetched.collect()
}

/// Kernels below [`fetched`].
const KERNELS: &str = "kernels";

/// Name of the image that is booted.
pub const KERNEL: &str = "kernel.elf";

/// A built guest: its images and everything that decided their bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Guest {
    /// Which guest.
    pub guest: GuestName,
    /// Which variant.
    pub variant: Variant,
    /// Cargo features of the instrumented part.
    pub features: Vec<String>,
    /// Additions to the variant.
    #[serde(skip_serializing_if = "Extra::is_empty", default)]
    pub extra: Extra,
    /// Compiler flags per part, beside those that keep host paths out.
    pub rustflags: BTreeMap<String, Vec<String>>,
    /// The cargo profile.
    pub profile: String,
    /// The kernel, where it is not built here.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kernel_image: Option<KernelImage>,
    /// The images.
    pub images: Vec<Image>,
}

/// One file of a guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// Its name, such as `kernel.elf`.
    pub name: String,
    /// Its digest.
    pub sha256: Digest,
    /// Its size.
    pub bytes: u64,
    /// Where it lies on this host.
    #[serde(skip)]
    pub path: PathBuf,
}

impl Guest {
    /// The image with this name.
    pub fn image(&self, name: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.name == name)
    }

    /// The kernel.
    pub fn kernel(&self) -> &Image {
        self.image(KERNEL).expect("every guest has a kernel")
    }
}
