//! What the ids of a stream mean. Sent once, at its start or when a thread or
//! metric first appears.

use serde::{Deserialize, Serialize};

/// First message of a stream: who is speaking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session<'a> {
    /// Identifies the guest's build: a commit or a content hash.
    pub build_id: &'a str,
    /// Name of the kernel, such as `capos-reference`.
    pub kernel: &'a str,
    /// `samples` or `segments`.
    pub variant: &'a str,
    /// Build features that change what is measured, separated by commas; a
    /// manifest must declare each.
    pub features: &'a str,
    /// CPUs that record.
    pub cpus: u16,
    /// The behaviour of a full ring.
    pub ring_mode: RingMode,
    /// Slots of each thread ring.
    pub ring_slots: u32,
}

/// The behaviour of a full ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RingMode {
    /// Keeps the oldest records and counts the others as dropped.
    Discard,
    /// Keeps the newest and counts the others as overwritten.
    Overwrite,
}

/// A segment id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentDeclared<'a> {
    /// The id, below 4096.
    pub id: u16,
    /// The segment it nests in; `None` at the top.
    pub parent: Option<u16>,
    /// Which probe records it.
    pub kind: SegmentKind,
    /// Its name.
    pub name: &'a str,
}

/// Which probe records a segment; they cost differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum SegmentKind {
    /// Two time stamps of its own.
    Span,
    /// Shares its boundaries with its neighbours.
    Lap,
    /// The root of a dispatch.
    Dispatch,
}

/// An index that dispatch roots use for an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceDeclared<'a> {
    /// The index.
    pub index: u8,
    /// The interface id.
    pub id: u64,
    /// Its name.
    pub name: &'a str,
}

/// A counter id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CounterDeclared<'a> {
    /// The id.
    pub id: u16,
    /// How the values of several CPUs combine.
    pub aggregation: Aggregation,
    /// Unit of the value, such as `1` or `bytes`.
    pub unit: &'a str,
    /// Its name.
    pub name: &'a str,
}

/// How the values of several CPUs combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Aggregation {
    /// They add up.
    Sum,
    /// The smallest counts.
    Minimum,
    /// The largest counts.
    Maximum,
}

/// An instant id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstantDeclared<'a> {
    /// The id; 0 is the context switch.
    pub id: u16,
    /// Its name.
    pub name: &'a str,
    /// Meaning of the first argument; empty where unused.
    pub a: &'a str,
    /// Meaning of the second argument; empty where unused.
    pub b: &'a str,
}

/// A metric of a window that has more than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricDeclared<'a> {
    /// The window.
    pub window: u32,
    /// Number its samples carry.
    pub metric: u16,
    /// Its name.
    pub name: &'a str,
}

/// A thread that may appear in roots and switches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadDeclared<'a> {
    /// Its id, unique in the stream.
    pub tid: u32,
    /// Its process.
    pub pid: u32,
    /// Name of the program.
    pub program: &'a str,
}
