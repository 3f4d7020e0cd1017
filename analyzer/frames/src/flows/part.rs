//! The parts that a sample is divided into.

use serde::Serialize;

/// The kind of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A program runs.
    User,
    /// Into the kernel: registers and floating-point state are saved.
    Entry,
    /// A dispatch, by its segments.
    Dispatch,
    /// The kernel works for a thread outside of dispatches.
    Kernel,
    /// From the last work for one thread to the way out of another.
    Switch,
    /// A switch to the thread that the leaving one has just brought a message to.
    Handoff,
    /// Out of the kernel: floating-point state is restored.
    Exit,
    /// The processor waits.
    Idle,
    /// The records do not say.
    Unattributed,
}

/// A part of a sample: something that ran without anything else in between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// Ticks from the sample's start.
    pub start: u64,
    /// Ticks it lasted.
    pub ticks: u64,
    /// Ticks outside of the segments inside.
    pub self_ticks: u64,
    /// Its kind.
    pub kind: Kind,
    /// The thread it is for; none for a switch, for idling and where nobody knows.
    pub thread: Option<u32>,
    /// The thread whose turn it is, where the part is for another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
    /// Threads that leave and come, of a switch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<(u32, u32)>,
    /// The dispatched work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispatch: Option<Dispatched>,
    /// Segments inside, each before what lies in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<Inside>,
}

/// The dispatched work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dispatched {
    /// Flow of the submission.
    pub flow: u32,
    /// Its opcode.
    pub opcode: u8,
    /// The capability's interface, where one was looked up and declared.
    pub interface: Option<String>,
    /// The interface's method.
    pub method: u16,
    /// Result in the completion; 0 while it is pending.
    pub result: i32,
    /// How it began and ended.
    pub outcome: OutcomeWord,
    /// No span of it is missing.
    pub whole: bool,
}

/// [`Outcome`] in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // as in `Outcome`
pub enum OutcomeWord {
    Complete,
    Pending,
    Resumed,
    ResumedPending,
}

impl OutcomeWord {
    /// It began by a wake-up.
    pub fn resumes(self) -> bool {
        matches!(self, Self::Resumed | Self::ResumedPending)
    }

    /// It ended blocked.
    pub fn blocks(self) -> bool {
        matches!(self, Self::Pending | Self::ResumedPending)
    }
}

/// A segment in a part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inside {
    /// Its name.
    pub segment: String,
    /// How many segments of the part it lies in.
    pub depth: usize,
    /// Ticks from the sample's start.
    pub start: u64,
    /// Ticks it lasted.
    pub ticks: u64,
    /// Ticks outside of the segments inside of it, as recorded.
    pub self_ticks: u64,
}
