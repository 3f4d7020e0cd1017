//! Privileged acts of a run, as its guests noted them: who logged in, what a broker
//! gave, which program was started with a capability that exists for measuring.

use std::collections::BTreeMap;

use capbench_frames::load::{self, Event};
use capbench_runner::run::CapturedRun;
use serde::{Deserialize, Serialize};
use trace_format::FrameKind;
use trace_format::control::{AuditOutcome, Message};
use trace_format::decode::Messages;

/// A privileged act, as stored beside the results.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Act {
    /// The boot, as its files are named.
    pub boot: String,
    /// When, in nanoseconds of the guest's own clock.
    pub time_ns: u64,
    /// The process that acted or was started.
    pub pid: u32,
    /// Its program, where the stream told it.
    pub program: String,
    /// What was done.
    pub event: String,
    /// Whom or what it was about.
    pub subject: String,
    /// What came of it.
    pub outcome: String,
}

/// All acts of all boots, in the order of their streams. What cannot be read is judged
/// elsewhere; here it only has no acts.
pub fn acts(run: &CapturedRun) -> Vec<Act> {
    let boots = run.record.counted_boots();
    let mut acts = Vec::new();
    for boot in boots {
        let Some(stream) = boot.stream() else {
            continue;
        };
        let first = acts.len();
        let mut programs = BTreeMap::new();
        let Ok(mut frames) = load::open(&run.locate(&stream.file)) else {
            continue;
        };
        while let Ok(Some(event)) = frames.next_event() {
            let Event::Frame(frame) = event else {
                continue;
            };
            if frame.header.kind != FrameKind::Control {
                continue;
            }
            for message in Messages::new(&frame).flatten() {
                match message {
                    Message::ThreadDeclared(thread) => {
                        programs.insert(thread.pid, thread.program.to_owned());
                    }
                    Message::AuditRecord(record) => acts.push(Act {
                        boot: boot.id.stem(),
                        time_ns: record.time_ns,
                        pid: record.pid,
                        program: String::new(),
                        event: record.event.to_owned(),
                        subject: record.subject.to_owned(),
                        outcome: word(record.outcome).to_owned(),
                    }),
                    _ => {}
                }
            }
        }
        // A process may be declared after the act that started it.
        for act in &mut acts[first..] {
            if let Some(program) = programs.get(&act.pid) {
                act.program.clone_from(program);
            }
        }
    }
    acts
}

fn word(outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Ok => "ok",
        AuditOutcome::Denied => "denied",
        AuditOutcome::Unavailable => "unavailable",
        AuditOutcome::Failed => "failed",
    }
}
