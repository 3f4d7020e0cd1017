//! What one boot runs: kernel parameters, an init and the programs it spawns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Grant;

/// A bootable set of programs on one guest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// The name, equal to the file's.
    pub name: String,
    /// The guest it boots on.
    pub guest: String,
    /// Host seconds after which a boot counts as hung.
    pub timeout_seconds: u32,
    /// Parameters of the kernel; a word without a value has an empty one.
    #[serde(default)]
    pub kernel: BTreeMap<String, String>,
    /// The distribution's packages its image takes programs from, each with the
    /// absolute paths of those; the libraries they need come along. Left out
    /// where empty, so that what was always without keeps its hash.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub packages: BTreeMap<String, Vec<String>>,
    /// The first program.
    pub init: Init,
    /// Programs init spawns, in order, waiting for each.
    pub programs: Vec<Program>,
    /// Programs that those may spawn in their turn. Left out where empty, so that
    /// what was always without keeps its hash.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Child>,
}

impl System {
    /// Binaries of the guest that its image holds, the first program's first; some
    /// several times.
    pub fn binaries(&self) -> impl Iterator<Item = &str> {
        let programs = self.programs.iter().map(|program| &program.binary);
        let children = self.children.iter().map(|child| &child.binary);
        let all = std::iter::once(&self.init.binary)
            .chain(programs)
            .chain(children);
        all.map(String::as_str)
    }
}

/// The program the kernel itself starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Init {
    /// Which binary of the guest.
    pub binary: String,
    /// The kernel's grants to it.
    pub grants: Vec<Grant>,
}

/// A program spawned by init under an authority profile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// The name it is spawned under.
    pub name: String,
    /// Which binary of the guest.
    pub binary: String,
    /// The authority profile it receives.
    pub authority: String,
    /// Its own parameters; `rows` is filled in from the selected benchmarks.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// A program that another one spawns, with what that one may give it. A part of the
/// system and not a profile of its own: it serves the benchmark of its parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Child {
    /// The name it is spawned under.
    pub name: String,
    /// Which binary of the guest.
    pub binary: String,
    /// What it may be granted.
    #[serde(default)]
    pub grants: Vec<Grant>,
    /// What it exits with when it does what it is there for.
    #[serde(default, skip_serializing_if = "is_success")]
    pub exit_code: i64,
}

fn is_success(exit_code: &i64) -> bool {
    *exit_code == 0
}
