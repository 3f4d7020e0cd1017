//! One boot, judged by itself: what its stream says and what the rules object to.

use std::collections::BTreeMap;

use capbench_frames::trace::Trace;
use capbench_results::Label;
use capbench_runner::boot::{CapturedBoot, Exit};
use capbench_runner::guest::Variant;
use capbench_runner::manifest::{Catalogue, System};
use capbench_runner::plan::Row;

use crate::Run;
use crate::labels::has_script;
use crate::rule::{
    Authority, Ending, Expectation, Finding, Program, check, check_unreadable, check_without_trace,
    transcript,
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
    let mut expected = Expectation {
        ending: Some(ending(&boot.exit)),
        features: None,
        authority: boot
            .id
            .guest
            .has_capabilities()
            .then(|| authority(&catalogue.systems[&boot.id.system], catalogue)),
        submissions: submissions(&run.plan.rows),
        exit_codes: exit_codes(&catalogue.systems[&boot.id.system]),
    };
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
            let mut features = declared_features(&trace, boot.id.variant, run);
            if has_script(run, |id| {
                (id.guest, &id.system) == (boot.id.guest, &boot.id.system)
            }) {
                // The kernel's word for it is the label's.
                features.push(Label::ScriptedInput.to_string());
            }
            expected.features = Some(features);
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
pub(crate) fn declared_features(trace: &Trace, variant: Variant, run: &Run) -> Vec<String> {
    let mut declared = run.record.overrides.extra.features.clone();
    declared.extend(instrument(trace, variant).map(str::to_owned));
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

/// The second instrument that a variant of the Linux guest runs. A kernel that is
/// built here has none: there the name would be a feature nobody declared.
fn instrument(trace: &Trace, variant: Variant) -> Option<&'static str> {
    let session = trace.statements.session.as_ref()?;
    if !session.kernel.starts_with("linux ") {
        return None;
    }
    match variant {
        Variant::Samples => Some("markers"),
        Variant::Counts => Some("ebpf"),
        Variant::Perf => Some("perf"),
        Variant::Segments | Variant::Plain => None,
    }
}

/// Of the rows whose operations are not one submission each.
fn submissions(rows: &[Row]) -> BTreeMap<String, u32> {
    let stated = rows.iter().filter_map(|row| {
        let mechanism = &row.benchmark.guests[row.guest.name()];
        Some((row.name.clone(), mechanism.submissions?))
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
    let denials = system
        .programs
        .iter()
        .flat_map(|program| &profile(program).denials);
    Authority {
        programs: std::iter::once(init)
            .chain(programs)
            .chain(children)
            .collect(),
        denials: denials.map(|denial| denial.name.clone()).collect(),
    }
}
