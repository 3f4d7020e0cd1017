//! `run.json` as this crate reads it: only the fields it needs, and every other
//! ignored, so that a record of a later version can still be checked.

use std::collections::BTreeMap;

use capbench_results::brief;
use serde::Deserialize;
use serde_json::Value;

/// Version of the shape this crate reads.
const SCHEMA: &str = "capbench.run/1";

/// Everything that decided the numbers of a run.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub schema: String,
    pub run_id: String,
    pub state: String,
    pub selection: String,
    /// The command line, as it was typed.
    #[serde(default)]
    pub command: Vec<String>,
    pub started_at: String,
    #[serde(default)]
    pub ended_at: String,
    pub tool: String,
    #[serde(default)]
    pub toolchain: BTreeMap<String, String>,
    pub checkout: Checkout,
    pub mode: String,
    pub envelope: Envelope,
    #[serde(default)]
    pub guests: Vec<Guest>,
    #[serde(default)]
    pub packages: BTreeMap<String, Vec<Package>>,
    #[serde(default)]
    pub boot_images: BTreeMap<String, String>,
    #[serde(default)]
    pub definitions: BTreeMap<String, String>,
    #[serde(default)]
    pub overrides: Value,
    #[serde(default)]
    pub boots_planned: u32,
    /// Absent in older records.
    #[serde(default)]
    pub boots_planned_in_all: Option<usize>,
    #[serde(default)]
    pub boots: Vec<Boot>,
    #[serde(default)]
    pub native: Option<Native>,
}

/// What stands for a commit that is not known. Records of before the reason was kept
/// call such sources unchanged.
pub const UNKNOWN: &str = "unknown";

/// The sources of a run.
#[derive(Debug, Deserialize)]
pub struct Checkout {
    pub commit: String,
    pub dirty: bool,
    #[serde(default)]
    pub directory: Option<String>,
}

/// Everything outside the guests that can change a number.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    pub hash: String,
    pub mode: String,
    pub arguments: Vec<String>,
    pub qemu_version: String,
    pub firmware_sha256: String,
    pub host: Value,
}

/// One build of one guest.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Guest {
    pub guest: String,
    pub variant: String,
    /// The profile it was built with.
    #[serde(default)]
    pub profile: String,
    #[serde(default)]
    pub kernel_image: Option<KernelImage>,
    #[serde(default)]
    pub images: Vec<Image>,
}

/// A kernel that was not built here.
#[derive(Debug, Deserialize)]
pub struct KernelImage {
    pub name: String,
    #[serde(default)]
    pub version: String,
    pub sha256: String,
}

/// A binary of a guest.
#[derive(Debug, Deserialize)]
pub struct Image {
    pub name: String,
    pub sha256: String,
    #[serde(default)]
    pub bytes: u64,
}

/// A package whose programs are in an image.
#[derive(Debug, Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    #[serde(default)]
    pub sha256: String,
}

/// One boot.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Boot {
    pub guest: String,
    pub system: String,
    pub variant: String,
    #[serde(default)]
    pub audit: bool,
    pub index: u32,
    /// More than 1 where the boot took place again.
    #[serde(default = "first")]
    pub attempt: u32,
    pub exit: Value,
    pub capture: Capture,
    #[serde(default)]
    pub console: Option<String>,
    #[serde(default)]
    pub emulator_log: Option<String>,
    #[serde(default)]
    pub instruction_log: Option<String>,
    pub wall_ms: u64,
    #[serde(default)]
    pub arguments: Vec<String>,
}

fn first() -> u32 {
    1
}

/// The Linux guest's program on the host.
#[derive(Debug, Deserialize)]
pub struct Native {
    #[serde(default)]
    pub exit: Value,
    pub capture: Capture,
    #[serde(default)]
    pub log: Option<String>,
}

/// The fate of a stream.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Capture {
    Stored(Stored),
    Absent,
    Failed { message: String },
}

/// A stored stream.
#[derive(Debug, Deserialize)]
pub struct Stored {
    pub file: String,
    pub sha256: String,
    pub bytes: u64,
}

impl Record {
    pub fn parse(text: &str) -> Result<Self, String> {
        let record: Self = serde_json::from_str(text).map_err(brief)?;
        if record.schema != SCHEMA {
            return Err(format!(
                "it is `{}`, this program reads `{SCHEMA}`",
                brief(record.schema)
            ));
        }
        Ok(record)
    }

    /// Whether every boot of one image must have sent the same bytes.
    pub fn repeats_exactly(&self) -> bool {
        self.mode == "exact"
    }

    /// Boots whose streams are a row's to be judged by: no audits, and no boot that a
    /// later attempt stands in for. In the record's order.
    pub fn counted(&self) -> impl Iterator<Item = &Boot> {
        let boots = self.boots.iter();
        boots.filter(|boot| !boot.audit && !self.is_repeated(boot))
    }

    /// Whether a later attempt stands in for this boot.
    pub fn is_repeated(&self, boot: &Boot) -> bool {
        self.boots.iter().any(|other| other.repeats(boot))
    }

    /// Those of one guest and system.
    pub fn boots_of<'a>(&'a self, guest: &str, system: &str) -> Vec<&'a Boot> {
        self.counted()
            .filter(|boot| boot.guest == guest && boot.system == system)
            .collect()
    }

    /// Everything stored, boots first.
    pub fn stored(&self) -> impl Iterator<Item = &Stored> {
        let boots = self.boots.iter().filter_map(Boot::stored);
        boots.chain(self.native.iter().filter_map(|run| run.capture.stored()))
    }
}

impl Boot {
    /// The name of its files.
    pub fn stem(&self) -> String {
        let Self {
            guest,
            system,
            variant,
            index,
            ..
        } = self;
        let audit = if self.audit { "-audit" } else { "" };
        let attempt = match self.attempt {
            1 => String::new(),
            attempt => format!("-attempt-{attempt}"),
        };
        format!("{guest}-{system}-{variant}{audit}-{index}{attempt}")
    }

    /// Whether it is a later attempt of the same boot.
    fn repeats(&self, earlier: &Self) -> bool {
        self.kind() == earlier.kind()
            && self.index == earlier.index
            && self.attempt > earlier.attempt
    }

    /// What boots share that must send the same bytes.
    pub fn kind(&self) -> (&str, &str, &str, bool) {
        (&self.guest, &self.system, &self.variant, self.audit)
    }

    pub fn stored(&self) -> Option<&Stored> {
        self.capture.stored()
    }

    pub fn ended_clean(&self) -> bool {
        self.exit["kind"] == "clean"
    }

    /// Where its evidence comes from: its stream, or its name without one.
    pub fn source(&self) -> String {
        let stored = self.stored();
        stored.map_or_else(|| self.stem(), |stored| stored.file.clone())
    }

    /// Its end in words, with whatever the record says of it.
    pub fn end(&self) -> String {
        let Some(fields) = self.exit.as_object() else {
            return self.exit.to_string();
        };
        let kind = fields.get("kind").and_then(Value::as_str);
        let rest = fields.iter().filter(|(key, _)| *key != "kind");
        let rest: Vec<String> = rest.map(|(key, value)| format!("{key} {value}")).collect();
        let kind = kind.unwrap_or("unknown");
        if rest.is_empty() {
            kind.to_owned()
        } else {
            format!("{kind} ({})", rest.join(", "))
        }
    }
}

impl Capture {
    pub fn stored(&self) -> Option<&Stored> {
        match self {
            Self::Stored(stored) => Some(stored),
            Self::Absent | Self::Failed { .. } => None,
        }
    }
}
