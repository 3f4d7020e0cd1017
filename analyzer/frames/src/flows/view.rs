//! The same sample by submission: its stretches on the processor, and the times it
//! was blocked, with what ran meanwhile.

use serde::Serialize;

use super::{Dispatched, Kind, OutcomeWord, Part};

/// One submission inside a sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// Its id.
    pub flow: u32,
    /// The thread that submitted it.
    pub thread: u32,
    /// Its opcode.
    pub opcode: u8,
    /// The capability's interface, where one was looked up and declared.
    pub interface: Option<String>,
    /// The interface's method.
    pub method: u16,
    /// It blocked before the sample began.
    pub begun_before: bool,
    /// It is still blocked when the sample ends.
    pub goes_on: bool,
    /// Its dispatches, in order.
    pub stretches: Vec<Stretch>,
    /// The times between them.
    pub blocked: Vec<Blocked>,
}

/// One dispatch of a submission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stretch {
    /// Ticks from the sample's start.
    pub start: u64,
    /// Ticks it lasted.
    pub ticks: u64,
    /// How it began and ended.
    pub outcome: OutcomeWord,
    /// The thread on whose turn it was done, where that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<u32>,
}

/// From the end of a dispatch that blocked to the start of the one that resumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Blocked {
    /// Ticks from the sample's start.
    pub start: u64,
    /// Ticks it lasted.
    pub ticks: u64,
    /// What ran meanwhile; adds up to it.
    pub meanwhile: Vec<Share>,
}

/// The time of one thread in parts of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// The thread; none where the parts are no thread's.
    pub thread: Option<u32>,
    /// The kind.
    pub kind: Kind,
    /// The ticks.
    pub ticks: u64,
}

/// The submissions that the parts worked on, in the order of their first dispatch.
/// An id that is used again after its submission is complete is another flow.
pub(super) fn flows(parts: &[Part]) -> Vec<Flow> {
    let mut flows: Vec<Flow> = Vec::new();
    let mut open: std::collections::BTreeMap<u32, (usize, usize)> = Default::default();
    for (index, part) in parts.iter().enumerate() {
        let (Some(dispatch), Some(thread)) = (&part.dispatch, part.thread) else {
            continue;
        };
        let resumes = dispatch.outcome.resumes();
        let place = match open.remove(&dispatch.flow).filter(|_| resumes) {
            Some((place, blocked_at)) => {
                let between = &parts[blocked_at + 1..index];
                flows[place].blocked.push(blocked(between, part.start));
                place
            }
            None => {
                flows.push(begin(dispatch, thread));
                flows.len() - 1
            }
        };
        let flow = &mut flows[place];
        flow.stretches.push(Stretch {
            start: part.start,
            ticks: part.ticks,
            outcome: dispatch.outcome,
            turn: part.turn,
        });
        flow.goes_on = dispatch.outcome.blocks();
        if flow.goes_on {
            open.insert(dispatch.flow, (place, index));
        }
    }
    flows
}

fn begin(dispatch: &Dispatched, thread: u32) -> Flow {
    Flow {
        flow: dispatch.flow,
        thread,
        opcode: dispatch.opcode,
        interface: dispatch.interface.clone(),
        method: dispatch.method,
        begun_before: dispatch.outcome.resumes(),
        goes_on: false,
        stretches: Vec::new(),
        blocked: Vec::new(),
    }
}

/// Parts lie end to end, so that those between two dispatches are the time between.
fn blocked(between: &[Part], until: u64) -> Blocked {
    let mut meanwhile: Vec<Share> = Vec::new();
    for part in between {
        let same = |share: &&mut Share| share.thread == part.thread && share.kind == part.kind;
        match meanwhile.iter_mut().find(same) {
            Some(share) => share.ticks += part.ticks,
            None => meanwhile.push(Share {
                thread: part.thread,
                kind: part.kind,
                ticks: part.ticks,
            }),
        }
    }
    let start = between.first().map_or(until, |part| part.start);
    Blocked {
        start,
        ticks: until - start,
        meanwhile,
    }
}
