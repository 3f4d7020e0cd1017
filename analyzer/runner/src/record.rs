//! `run.json`: everything that decided what a run's numbers are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use capbench_results::{Digest, Mode};
use serde::{Deserialize, Serialize};

use crate::boot::CapturedBoot;
use crate::boot::again::is_repeated;
use crate::checkout::Checkout;
use crate::envelope::Envelope;
use crate::guest::{Guest, GuestName, Package};
use crate::host::Toolchain;
use crate::native::NativeRun;
use crate::plan::Overrides;

/// Version of the record's shape; within it fields are only added.
pub const SCHEMA: &str = "capbench.run/1";

/// The record of one run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunRecord {
    /// [`SCHEMA`].
    pub schema: String,
    /// The run's id, which is also its directory's name.
    pub run_id: String,
    /// Whether the run went to its end.
    pub state: State,
    /// The suite or benchmark asked for.
    pub selection: String,
    /// The command as typed.
    pub command: Vec<String>,
    /// When it started, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339.
    pub ended_at: String,
    /// Version of capbench.
    pub tool: String,
    /// The sources.
    pub checkout: Checkout,
    /// The clock mode.
    pub mode: Mode,
    /// Everything outside the guest that can change a number.
    pub envelope: Envelope,
    /// The compilers of the guests.
    pub toolchain: Toolchain,
    /// The guests, with their images.
    pub guests: Vec<Guest>,
    /// Packages whose programs are in the images of a system, by its name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub packages: BTreeMap<String, Vec<Package>>,
    /// The boot images, by file.
    pub boot_images: BTreeMap<PathBuf, Digest>,
    /// Hash of every definition used, by kind and name (`benchmarks/ring/nop`).
    pub definitions: BTreeMap<String, Digest>,
    /// Changes by the command line.
    pub overrides: Overrides,
    /// Boots of the `samples` variant that were asked for.
    pub boots_planned: u32,
    /// Boots of any kind that were to take place; absent in older records.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub boots_planned_in_all: Option<usize>,
    /// Every boot, whatever its end.
    pub boots: Vec<CapturedBoot>,
    /// The Linux guest's program on this host, where that was run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub native: Option<NativeRun>,
}

/// Whether a run went to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// Every planned boot took place.
    Complete,
    /// The user stopped it; what had arrived is here, and nothing is published.
    Interrupted,
}

impl RunRecord {
    /// The boots that count: those no later attempt stands in for. Audits included.
    pub fn counted_boots(&self) -> impl Iterator<Item = &CapturedBoot> {
        let boots = self.boots.iter();
        boots.filter(|boot| !is_repeated(&boot.id, &self.boots))
    }

    /// The record as stored.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("the record is plain data");
        text.push('\n');
        text
    }

    /// The run as its results name it, with the guests of its rows.
    pub fn summary(&self, guests: &BTreeSet<GuestName>) -> capbench_results::Run {
        capbench_results::Run {
            id: self.run_id.clone(),
            suite: self.selection.clone(),
            mode: self.mode,
            started_at: self.started_at.clone(),
            tool: self.tool.clone(),
            commit: self.checkout.commit.clone(),
            dirty: self.checkout.dirty,
            boots: self.boots_planned,
            envelope: capbench_results::Envelope {
                hash: self.envelope.hash,
                description: format!(
                    "{} | {}",
                    self.envelope.qemu_version,
                    self.envelope.arguments.join(" ")
                ),
            },
            guests: guests.iter().map(|&guest| guest.into()).collect(),
        }
    }
}
