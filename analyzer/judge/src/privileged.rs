//! Privileged acts of a run, as its guests noted them: who logged in, what a broker
//! gave, which program was started with a capability that exists for measuring.

use capbench_frames::trace::Trace;
use capbench_results::PrivilegedAct;
use trace_format::control::AuditOutcome;

/// All acts of all boots, in the order of their streams. What cannot be read is an
/// objection elsewhere; here it only has no acts.
pub(crate) fn of_boots<'a>(
    traces: impl Iterator<Item = (String, &'a Trace)>,
) -> Vec<PrivilegedAct> {
    traces
        .flat_map(|(boot, trace)| of_boot(&boot, trace))
        .collect()
}

fn of_boot(boot: &str, trace: &Trace) -> Vec<PrivilegedAct> {
    let statements = &trace.statements;
    let acts = statements.audit.iter();
    acts.map(|act| PrivilegedAct {
        boot: boot.to_owned(),
        time_ns: act.time_ns,
        pid: act.pid,
        program: statements.program(act.pid).unwrap_or_default().to_owned(),
        event: act.event.clone(),
        subject: act.subject.clone(),
        outcome: word(act.outcome).to_owned(),
    })
    .collect()
}

fn word(outcome: AuditOutcome) -> &'static str {
    match outcome {
        AuditOutcome::Ok => "ok",
        AuditOutcome::Denied => "denied",
        AuditOutcome::Unavailable => "unavailable",
        AuditOutcome::Failed => "failed",
    }
}
