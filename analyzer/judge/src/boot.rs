//! One boot, judged by itself: what its stream says and what the rules object to.

use std::collections::BTreeMap;

use capbench_frames::trace::Trace;
use capbench_results::Label;
use capbench_runner::boot::{BootId, CapturedBoot, Exit};
use capbench_runner::envelope::PROCESSORS;
use capbench_runner::guest::{GuestName, Variant};
use capbench_runner::manifest::{Catalogue, System};
use capbench_runner::mode::Clock as _;
use capbench_runner::plan::Row;

use crate::Run;
use crate::labels::has_script;
use crate::rule::accounts::{CONSUMED, POSTED};
use crate::rule::{
    Accounts, Asked, Authority, Clock, Dispatches, Ending, Expectation, Finding, Program, Required,
    Session, check, check_unreadable, check_without_trace, transcript,
};

/// A boot with what its stream says and what the rules object to.
pub(crate) struct Judged<'a> {
    pub(crate) boot: &'a CapturedBoot,
    pub(crate) trace: Option<Trace>,
    pub(crate) findings: Vec<Finding>,
}

/// Reads a boot's stream, once, and holds it against every rule.
pub(crate) fn judge<'a>(boot: &'a CapturedBoot, run: &Run, catalogue: &Catalogue) -> Judged<'a> {
    let source = source(boot);
    let mut expected = expectation(boot, run, catalogue);
    let not_tried = matches!(boot.exit, Exit::NotTried { .. });
    if boot.id.variant == Variant::Plain || not_tried {
        // No stream can be there, so only its ending can be judged.
        let findings = check_without_trace(&source, &expected);
        let findings = findings
            .into_iter()
            .filter(|f| f.check == "ending")
            .collect();
        return Judged {
            boot,
            trace: None,
            findings,
        };
    }
    let read = boot.stream().map(|stream| run.trace(&stream.file, &source));
    let (trace, findings) = match read {
        Some(Ok(trace)) => {
            expected.features = Some(features(boot, &trace, run));
            let mut findings = check(&trace, &expected);
            findings.extend(transcript::findings(boot, run));
            (Some(trace), findings)
        }
        Some(Err(error)) => (None, check_unreadable(&source, &expected, &error)),
        None => (None, check_without_trace(&source, &expected)),
    };
    Judged {
        boot,
        trace,
        findings,
    }
}

/// What a boot's trace is held against.
pub(crate) fn expectation(boot: &CapturedBoot, run: &Run, catalogue: &Catalogue) -> Expectation {
    let id = &boot.id;
    let system = &catalogue.systems[&id.system];
    let has_capabilities = id.guest.has_capabilities;
    Expectation {
        ending: Some(ending(&boot.exit)),
        session: Some(session(boot, run)),
        clock: clock(run),
        windows: windows(boot, run),
        required: Some(required(boot, run)),
        features: None,
        authority: has_capabilities.then(|| authority(system, catalogue)),
        submissions: submissions(&run.plan.rows),
        exit_codes: exit_codes(system),
    }
}

/// Findings of an audit boot's trace. Its log is held against it elsewhere.
pub(crate) fn audited(
    boot: &CapturedBoot,
    trace: &Trace,
    run: &Run,
    catalogue: &Catalogue,
) -> Vec<Finding> {
    let mut expected = expectation(boot, run, catalogue);
    expected.features = Some(features(boot, trace, run));
    check(trace, &expected)
}

/// Features of its kernel that were declared.
fn features(boot: &CapturedBoot, trace: &Trace, run: &Run) -> Vec<String> {
    let mut features = declared_features(trace, (boot.id.guest, boot.id.variant), run);
    if has_script(run, |id| {
        (id.guest, &id.system) == (boot.id.guest, &boot.id.system)
    }) {
        // The kernel's word for it is the label's.
        features.push(Label::ScriptedInput.to_string());
    }
    features
}

fn session(boot: &CapturedBoot, run: &Run) -> Session {
    let id = &boot.id;
    let mut guests = run.record.guests.iter();
    let image = guests.find_map(|built| {
        let is_it = (built.guest, built.variant) == (id.guest, id.variant);
        built.kernel_image.as_ref().filter(|_| is_it)
    });
    // A distribution names the package for the release; a file has any name.
    let release = image.and_then(|image| image.name.strip_prefix("linux-image-"));
    let release = release.filter(|release| release.starts_with(|c: char| c.is_ascii_digit()));
    let kernel = id.guest.session_kernel;
    Session {
        variant: id.variant.to_string(),
        ring_slots: ring_slots(boot, run),
        kernel: release.map_or_else(|| kernel.to_owned(), |release| format!("{kernel}{release}")),
        cpus: PROCESSORS as u16,
        counts_instructions: Some(run.record.mode.counts_instructions()),
    }
}

/// What the plan asks the kernel for, or none where it has no rings. A boot that took place again had the same.
fn ring_slots(boot: &CapturedBoot, run: &Run) -> Option<u32> {
    let Some(parameter) = boot.id.guest.ring_parameter else {
        return Some(0);
    };
    let first = BootId {
        attempt: 1,
        ..boot.id.clone()
    };
    let mut planned = run.plan.boots.iter();
    let planned = planned.find(|planned| planned.id == first)?;
    planned.kernel_parameters.get(parameter)?.parse().ok()
}

/// The emulator signs its own clock; whose clock hardware runs on, nobody here knows.
fn clock(run: &Run) -> Option<Clock> {
    let counts = run.record.mode.counts_instructions();
    counts.then_some(Clock {
        hypervisor: "TCGTCGTCGTCG",
        // One instruction is a nanosecond: `icount shift=0`.
        tsc_hz: 1_000_000_000,
    })
}

/// What was asked of each window.
fn windows(boot: &CapturedBoot, run: &Run) -> BTreeMap<String, Asked> {
    let id = &boot.id;
    let rows = run.plan.rows.iter();
    let own = rows.filter(|row| (row.guest, &row.system) == (id.guest, &id.system));
    let asked = |row: &Row| Asked {
        program: match id.guest.has_capabilities {
            true => row.program().to_owned(),
            // There is one, whatever the system calls it.
            false => id.guest.session_program.unwrap_or_default().to_owned(),
        },
        record_bound: row.stated_bound(id.audit),
    };
    own.map(|row| (row.name.to_string(), asked(row))).collect()
}

/// The kernel counts what goes through its rings in every variant, and records every
/// dispatch where its probes are compiled in.
fn required(boot: &CapturedBoot, run: &Run) -> Required {
    let id = &boot.id;
    let rows = run.plan.rows.iter();
    let own = rows.filter(|row| (row.guest, &row.system) == (id.guest, &id.system));
    let has_rings = id.guest.ring_parameter.is_some();
    let is_traced = has_rings && id.variant == Variant::Segments;
    Required {
        rows: own.map(|row| row.name.to_string()).collect(),
        counters: match has_rings {
            true => vec![CONSUMED, POSTED],
            false => Vec::new(),
        },
        dispatches: match is_traced {
            true => Dispatches::Recorded,
            false => Dispatches::NotRecorded,
        },
        accounts: match has_rings {
            true => Accounts::Kept,
            false => Accounts::NotKept,
        },
    }
}

/// Where evidence of a boot comes from: its stream, or its name without one.
pub(crate) fn source(boot: &CapturedBoot) -> String {
    boot.stream().map_or_else(
        || boot.id.stem(),
        |stream| stream.file.display().to_string(),
    )
}

fn ending(exit: &Exit) -> Ending {
    match exit {
        Exit::Clean => Ending::Clean,
        Exit::ProgramFailed => Ending::InitFailed,
        Exit::KernelPanic => Ending::Panicked,
        Exit::TimedOut { .. } => Ending::TimedOut(exit.to_string()),
        Exit::InternalError { .. } | Exit::NotTried { .. } => {
            Ending::InternalError(exit.to_string())
        }
        Exit::Interrupted => Ending::Interrupted,
        Exit::NotStarted { .. } => Ending::NotStarted(exit.to_string()),
        Exit::Unexpected { .. } | Exit::Killed { .. } | Exit::CaptureOverflow { .. } => {
            Ending::Abnormal(exit.to_string())
        }
    }
}

/// Kernel features carry their parameters, `inject=body:7`; what the command line
/// declared is the part before them.
pub(crate) fn declared_features(
    trace: &Trace,
    build: (GuestName, Variant),
    run: &Run,
) -> Vec<String> {
    let mut declared = run.record.overrides.extra.features.clone();
    declared.extend(instrument(trace, build).map(str::to_owned));
    let reported = trace
        .statements
        .session
        .iter()
        .flat_map(|session| &session.features);
    reported
        .filter(|feature| {
            let name = feature.split('=').next().unwrap_or_default();
            declared.iter().any(|declared| declared == name)
        })
        .cloned()
        .collect()
}

/// The instrument that the guest runs in this variant, in a session of the guest's own
/// kernel. In any other the name would be a feature that nobody declared.
fn instrument(trace: &Trace, (guest, variant): (GuestName, Variant)) -> Option<&'static str> {
    let session = trace.statements.session.as_ref()?;
    let is_its_own = session.kernel.starts_with(guest.session_kernel);
    guest.instrument(variant).filter(|_| is_its_own)
}

/// Of the rows whose operations are not one submission each.
fn submissions(rows: &[Row]) -> BTreeMap<String, u32> {
    let stated = rows.iter().filter_map(|row| {
        let mechanism = &row.benchmark.guests[row.guest.name()];
        Some((row.name.to_string(), mechanism.submissions?))
    });
    stated.collect()
}

/// Of the children that end with another code than 0.
fn exit_codes(system: &System) -> BTreeMap<String, i64> {
    let children = system.children.iter();
    children
        .map(|child| (child.name.clone(), child.exit_code))
        .collect()
}

fn authority(system: &System, catalogue: &Catalogue) -> Authority {
    let grants = |grants: &[capbench_runner::manifest::Grant]| {
        let pair =
            |grant: &capbench_runner::manifest::Grant| (grant.name.clone(), grant.source.clone());
        grants.iter().map(pair).collect()
    };
    let init = Program {
        name: system.init.binary.clone(),
        grants: grants(&system.init.grants),
    };
    let profile =
        |program: &capbench_runner::manifest::Program| &catalogue.authority[&program.authority];
    let programs = system.programs.iter().map(|program| Program {
        name: program.name.clone(),
        grants: grants(&profile(program).grants),
    });
    let children = system.children.iter().map(|child| Program {
        name: child.name.clone(),
        grants: grants(&child.grants),
    });
    let denials = system.programs.iter().flat_map(|program| {
        let denials = profile(program).denials.iter();
        denials.map(|denial| (program.name.clone(), denial.name.clone()))
    });
    Authority {
        programs: std::iter::once(init)
            .chain(programs)
            .chain(children)
            .collect(),
        denials: denials.collect(),
    }
}
