//! Programs held and used what their profile declares, and nothing else; the
//! denials it declares were proven.

use super::{Authority, Expectation, Findings};
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::{AuthorityExceeded, DenialUnproven};

pub(super) fn check(trace: &Trace, expected: &Expectation, findings: &mut Findings) {
    let Some(authority) = &expected.authority else {
        return;
    };
    granted(trace, authority, findings);
    exercised(trace, findings);
    let statements = &trace.statements;
    for (program, denial) in &authority.denials {
        // What one program is denied says nothing of another.
        let is_proven = statements.denials.iter().any(|(pid, name)| {
            name == denial && statements.program(*pid) == Some(program.as_str())
        });
        if !is_proven {
            findings.invalid(
                DenialUnproven,
                format_args!("denials of {program}"),
                format_args!("`{denial}` proven"),
                "not",
            );
        }
    }
}

/// No program of the profile starts with a capability that is not in it.
fn granted(trace: &Trace, authority: &Authority, findings: &mut Findings) {
    for grant in &trace.statements.granted {
        let Some(name) = trace.statements.program(grant.pid) else {
            let subject = format!("process {}", grant.pid);
            findings.invalid(
                AuthorityExceeded,
                subject,
                "a declared program",
                "a nameless one",
            );
            continue;
        };
        let subject = format!("grants of {name}");
        let observed = format!("`{}` from {}", grant.name, grant.source);
        match authority
            .programs
            .iter()
            .find(|program| program.name == name)
        {
            None => findings.invalid(AuthorityExceeded, subject, "a declared program", observed),
            Some(program) => {
                let declared = |(name, source): &(String, String)| {
                    *name == grant.name && *source == grant.source
                };
                if !program.grants.iter().any(declared) {
                    findings.invalid(AuthorityExceeded, subject, "those of its profile", observed);
                }
            }
        }
    }
}

/// No process used an interface that it was not granted.
fn exercised(trace: &Trace, findings: &mut Findings) {
    let statements = &trace.statements;
    for use_ in &statements.exercised {
        if use_.calls == 0 {
            let subject = format_args!("process {}", use_.pid);
            let observed = format_args!("0 uses of interface {:#018x}", use_.interface);
            findings.invalid(AuthorityExceeded, subject, "what was used", observed);
            continue;
        }
        let granted = statements
            .granted
            .iter()
            .any(|grant| grant.pid == use_.pid && grant.interface == use_.interface);
        if !granted {
            let name = statements.program(use_.pid).unwrap_or("a nameless program");
            findings.invalid(
                AuthorityExceeded,
                format_args!("process {} ({name})", use_.pid),
                "use of granted interfaces",
                format_args!("{} uses of interface {:#018x}", use_.calls, use_.interface),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Story, objections};
    use super::super::{Objection, Program};
    use super::*;
    use trace_format::control::{AuthorityExercised, AuthorityGranted, DenialProven, Message};

    fn profile() -> Expectation {
        let program = Program {
            name: "ring-nop".into(),
            grants: vec![("null".into(), "null".into())],
        };
        let authority = Authority {
            programs: vec![program],
            denials: vec![("ring-nop".into(), "no-spawn".into())],
        };
        Expectation {
            authority: Some(authority),
            ..Expectation::default()
        }
    }

    fn grant(name: &'static str, source: &'static str, interface: u64) -> Message<'static> {
        Message::AuthorityGranted(AuthorityGranted {
            pid: 2,
            name,
            interface,
            source,
        })
    }

    fn used(interface: u64) -> Message<'static> {
        Message::AuthorityExercised(AuthorityExercised {
            pid: 2,
            interface,
            calls: 9,
        })
    }

    fn proven() -> Message<'static> {
        let (name, observed) = ("no-spawn", "CAP_ERR_INVALID_CAP");
        Message::DenialProven(DenialProven {
            pid: 2,
            name,
            interface: 0,
            observed,
        })
    }

    fn with(extra: Vec<Message<'static>>) -> Vec<(&'static str, Objection)> {
        objections(
            &Story {
                extra,
                ..Story::default()
            },
            &profile(),
        )
    }

    const EXCEEDED: (&str, Objection) = ("authority", Objection::Invalid(AuthorityExceeded));

    #[test]
    fn what_the_profile_declares_is_no_finding() {
        assert_eq!(with(vec![grant("null", "null", 7), used(7), proven()]), []);
    }

    #[test]
    fn a_broader_grant_is_found_even_unused() {
        let spawner = grant("spawner", "process_spawner", 8);
        assert_eq!(with(vec![spawner, proven()]), [EXCEEDED]);
        assert_eq!(
            with(vec![grant("null", "process_spawner", 8), proven()]),
            [EXCEEDED]
        );
    }

    #[test]
    fn use_of_what_was_never_granted_is_found() {
        assert_eq!(
            with(vec![grant("null", "null", 7), used(8), proven()]),
            [EXCEEDED]
        );
    }

    #[test]
    fn a_denial_of_another_program_proves_nothing() {
        let (name, observed) = ("no-spawn", "CAP_ERR_INVALID_CAP");
        let by_another = Message::DenialProven(DenialProven {
            pid: 3,
            name,
            interface: 0,
            observed,
        });
        let unproven = ("authority", Objection::Invalid(DenialUnproven));
        assert_eq!(with(vec![grant("null", "null", 7), by_another]), [unproven]);
    }

    #[test]
    fn an_unproven_denial_is_found() {
        let unproven = ("authority", Objection::Invalid(DenialUnproven));
        assert_eq!(with(vec![grant("null", "null", 7)]), [unproven]);
    }
}
