//! What is measured, and what it needs.

use guest_benchmark::runtime::abi::interface::{PARK_SPACE, THREAD_CONTROL, THREAD_SPAWNER, TIMER};
use guest_benchmark::runtime::abi::ring::SQ_ENTRIES;
use guest_benchmark::runtime::capset;

/// What one thread can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AloneKind {
    /// A PARK whose word has another value.
    FailedWait,
    /// A PARK that nobody wakes: how late it ends.
    TimeOut,
    /// An UNPARK without waiters.
    WakeNobody,
    /// A `Timer.sleep`: how late it ends.
    TimerWake,
}

/// What takes more than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TogetherKind {
    /// An UNPARK with one waiter.
    WakeOne,
    /// An UNPARK with eight.
    WakeMany,
    /// From the UNPARK until the waiter runs, the waker waiting in the same entry.
    WakeToResume,
    /// An UNPARK by a thread whose waiter is about to run.
    WakeToRunnable,
    /// From the PARK until another thread runs.
    WaitToBlock,
    /// From one thread to another and back: two switches.
    ContextSwitch,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// With one thread.
    Alone(AloneKind),
    /// With workers.
    Together(TogetherKind),
}

impl Operation {
    /// The operation with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        use AloneKind::{FailedWait, TimeOut, TimerWake, WakeNobody};
        use TogetherKind::{
            ContextSwitch, WaitToBlock, WakeMany, WakeOne, WakeToResume, WakeToRunnable,
        };
        Some(match name {
            "failed-wait" => Self::Alone(FailedWait),
            "time-out" => Self::Alone(TimeOut),
            "wake-nobody" => Self::Alone(WakeNobody),
            "timer-wake" => Self::Alone(TimerWake),
            "wake-one" => Self::Together(WakeOne),
            "wake-many" => Self::Together(WakeMany),
            "wake-to-resume" => Self::Together(WakeToResume),
            "wake-to-runnable" => Self::Together(WakeToRunnable),
            "wait-to-block" => Self::Together(WaitToBlock),
            "context-switch" => Self::Together(ContextSwitch),
            _ => return None,
        })
    }

    /// Whether it can be done so many times at once. A switch there and back is two.
    pub fn allows_batch(self, batch: u32) -> bool {
        match self {
            Self::Alone(AloneKind::FailedWait | AloneKind::WakeNobody) => batch <= SQ_ENTRIES,
            Self::Together(TogetherKind::ContextSwitch) => batch == 2,
            Self::Alone(_) | Self::Together(_) => batch == 1,
        }
    }
}

/// The capabilities of the program.
#[derive(Clone, Copy, Debug)]
pub struct Grants {
    /// `ParkSpace`.
    pub park: u32,
    /// `Timer`.
    pub timer: u32,
    /// `ThreadSpawner`.
    pub spawner: u32,
    /// `ThreadControl`.
    pub control: u32,
}

impl Grants {
    /// What was granted, if all of it was.
    pub fn find() -> Option<Self> {
        Some(Self {
            park: capset::find("space", PARK_SPACE)?,
            timer: capset::find("timer", TIMER)?,
            spawner: capset::find("threads", THREAD_SPAWNER)?,
            control: capset::find("thread", THREAD_CONTROL)?,
        })
    }
}
