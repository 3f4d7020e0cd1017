//! What a program was granted, what of it it used, what it was refused.

use serde::{Deserialize, Serialize};

/// A capability in a program's initial set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityGranted<'a> {
    /// The process.
    pub pid: u32,
    /// Name of the grant.
    pub name: &'a str,
    /// Interface id.
    pub interface: u64,
    /// Where the capability comes from, such as `null` or `init`.
    pub source: &'a str,
}

/// Use of an interface by a process, over its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorityExercised {
    /// The process.
    pub pid: u32,
    /// Interface id.
    pub interface: u64,
    /// Calls and operations that reached it.
    pub calls: u64,
}

/// A declared denial that the program provoked and got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenialProven<'a> {
    /// The process.
    pub pid: u32,
    /// Name of the denial in the authority profile.
    pub name: &'a str,
    /// Interface id that was tried; 0 where none applies.
    pub interface: u64,
    /// The refusal in words.
    pub observed: &'a str,
}

/// A process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessExited {
    /// The process.
    pub pid: u32,
    /// Its exit code.
    pub code: i64,
}
