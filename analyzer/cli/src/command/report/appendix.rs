//! A run's record as a report wants it.

use std::collections::BTreeMap;
use std::path::Path;

use capbench_report::appendix::{
    Act, Appendix, Boot, Declared, Exercised, File, GuestBuild, Image, Machine, Profile,
};
use capbench_results::{AuditReport, EvidenceFile, EvidenceKind, PrivilegedAct};
use capbench_runner::artifact::{Artifact, instructions, names};
use capbench_runner::boot::again::is_repeated;
use capbench_runner::boot::{Capture, CapturedBoot};
use capbench_runner::guest::Guest;
use capbench_runner::hash;
use capbench_runner::manifest::{AuthorityProfile, Catalogue, MEASUREMENT_SOURCE};
use capbench_runner::native::NativeRun;
use capbench_runner::record::{RunRecord, State};
use miette::Result;

use super::files::Files;
use crate::ending;

/// Definitions of authority profiles, in a record's list of definitions.
const AUTHORITY: &str = "authority/";

/// Everything that the record states, with links for a report in `out`.
pub fn appendix(artifact: &Artifact, root: &Path, out: &Path) -> Result<Appendix> {
    let record = &artifact.record;
    let files = Files::new(artifact.directory(), out)?;
    Ok(Appendix {
        interrupted: record.state == State::Interrupted,
        ended_at: record.ended_at.clone(),
        command: record.command.clone(),
        overrides: record.overrides.options(),
        machine: machine(record),
        toolchain: toolchain(record),
        guests: record.guests.iter().map(guest).collect(),
        packages: packages(record),
        definitions: record
            .definitions
            .iter()
            .map(|(name, hash)| (name.clone(), hash.to_string()))
            .collect(),
        authority: authority(record, root),
        boots: boots(record, &files),
        extent: ending::extent(record),
        last_words: ending::last_words(record, artifact.directory(), |log| {
            files.link("", log).map(|file| file.path)
        }),
        audits: audits(artifact),
        exercised: exercised(artifact),
        acts: acts(artifact),
        files: whole(record, &files),
    })
}

fn machine(record: &RunRecord) -> Machine {
    let envelope = &record.envelope;
    Machine {
        qemu: envelope.qemu_version.clone(),
        arguments: envelope.arguments.clone(),
        firmware: envelope.firmware_sha256.to_string(),
        processor: envelope.host.processor.clone(),
        kernel: envelope.host.kernel.clone(),
    }
}

fn toolchain(record: &RunRecord) -> Vec<(String, String)> {
    let tools = &record.toolchain;
    [
        ("rustc", &tools.rustc),
        ("cargo", &tools.cargo),
        ("cc", &tools.cc),
    ]
    .map(|(tool, version)| (tool.to_owned(), version.clone()))
    .into()
}

fn guest(guest: &Guest) -> GuestBuild {
    let extra = &guest.extra;
    let variables = extra.environment.iter();
    GuestBuild {
        guest: guest.guest.to_string(),
        variant: guest.variant.to_string(),
        features: guest.features.clone(),
        extra: variables
            .map(|(name, value)| format!("{name}={value}"))
            .collect(),
        profile: guest.profile.clone(),
        flags: guest
            .rustflags
            .iter()
            .map(|(part, flags)| (part.clone(), flags.join(" ")))
            .collect(),
        kernel: guest.kernel_image.as_ref().map(ToString::to_string),
        images: guest
            .images
            .iter()
            .map(|image| Image {
                name: image.name.clone(),
                sha256: image.sha256.to_string(),
                bytes: image.bytes,
            })
            .collect(),
    }
}

fn packages(record: &RunRecord) -> Vec<(String, String)> {
    let line = |packages: &Vec<_>| {
        let packages = packages.iter();
        let told =
            packages.map(|p: &capbench_runner::guest::Package| format!("{} {}", p.name, p.version));
        told.collect::<Vec<_>>().join(", ")
    };
    let systems = record.packages.iter();
    systems
        .map(|(system, packages)| (system.clone(), line(packages)))
        .collect()
}

/// The record holds hashes of profiles; their content is stated where the checkout
/// still holds the same.
fn authority(record: &RunRecord, root: &Path) -> Vec<Profile> {
    let catalogue = Catalogue::load(&root.join("manifests")).ok();
    let used = record.definitions.iter().filter_map(|(name, hash)| {
        let name = name.strip_prefix(AUTHORITY)?;
        Some((name, *hash))
    });
    let profile = |(name, hash): (&str, capbench_results::Digest)| {
        let known = catalogue.as_ref().and_then(|c| c.authority.get(name));
        let same = known.filter(|profile| hash::of_canonical(profile) == hash);
        Profile {
            name: name.to_owned(),
            hash: hash.to_string(),
            declared: same.map(declared),
        }
    };
    used.map(profile).collect()
}

fn declared(profile: &AuthorityProfile) -> Declared {
    Declared {
        intent: profile.intent.clone(),
        grants: profile
            .grants
            .iter()
            .map(|grant| (grant.name.clone(), grant.source.clone()))
            .collect(),
        denials: profile
            .denials
            .iter()
            .map(|denial| (denial.name.clone(), denial.attempt.clone()))
            .collect(),
        measurement_source: MEASUREMENT_SOURCE.to_owned(),
    }
}

fn boots(record: &RunRecord, files: &Files) -> Vec<Boot> {
    let boots = record.boots.iter();
    let told = boots.map(|one| {
        let end = match is_repeated(&one.id, &record.boots) {
            true => format!("{}; repeated, for it sent another stream", one.exit),
            false => one.exit.to_string(),
        };
        boot(one, end, files)
    });
    told.collect()
}

fn boot(boot: &CapturedBoot, end: String, files: &Files) -> Boot {
    let stream = boot.stream();
    let log = boot
        .instruction_log
        .as_deref()
        .map(instructions::compressed);
    let links = [
        stream.and_then(|stream| files.link("trace", &stream.file)),
        files.link("console", &boot.console),
        files.link("emulator", &boot.emulator_log),
        log.and_then(|log| files.link("instruction log", &log)),
    ];
    Boot {
        name: boot.id.stem(),
        end,
        wall_ms: boot.wall_ms,
        sha256: stream.map(|stream| stream.sha256.to_string()),
        files: links.into_iter().flatten().collect(),
    }
}

/// What the audit boots showed, one sentence each. A run without probes has none.
/// A file of evidence, or why there is none to show. An older run has none.
fn evidence<T: EvidenceKind>(artifact: &Artifact, name: &str) -> Result<Vec<T>, Option<String>> {
    let stored = artifact
        .read(name)
        .map_err(|error| match error.is_missing() {
            true => None,
            false => Some(format!("{error}.")),
        })?;
    match EvidenceFile::from_json(&stored) {
        Ok(file) => Ok(file.entries),
        Err(error) => Err(Some(format!("{name} cannot be read: {error}."))),
    }
}

fn audits(artifact: &Artifact) -> Vec<String> {
    match evidence::<AuditReport>(artifact, names::AUDITS) {
        Ok(reports) => reports.iter().map(audit).collect(),
        Err(why) => why.into_iter().collect(),
    }
}

fn audit(report: &AuditReport) -> String {
    let kept = match (&report.log, &report.log_left_out) {
        (Some(log), _) => format!(" Its log is kept as {log}."),
        (None, Some(why)) => format!(" Its log is not kept: {why}."),
        (None, None) => String::new(),
    };
    format!("{}: {}.{kept}", report.boot, report.summary())
}

/// What programs did with their authority, boots counted together. An older run has
/// none of it written down.
fn exercised(artifact: &Artifact) -> Vec<Exercised> {
    let stored: Vec<capbench_results::Exercised> =
        evidence(artifact, names::EXERCISED).unwrap_or_default();
    let mut programs: BTreeMap<String, Exercised> = BTreeMap::new();
    for one in stored {
        let sum = programs.entry(one.program.clone()).or_default();
        sum.program = one.program;
        for used in one.used {
            *sum.used.entry(used.interface).or_default() += used.calls;
        }
        for denial in one.denials_proven {
            *sum.denials_proven.entry(denial).or_default() += 1;
        }
    }
    programs.into_values().collect()
}

/// Privileged acts, those alike counted together. An older run has none written down.
fn acts(artifact: &Artifact) -> Vec<Act> {
    let acts: Vec<PrivilegedAct> = evidence(artifact, names::PRIVILEGED).unwrap_or_default();
    let mut alike: Vec<Act> = Vec::new();
    for act in acts {
        let same = |other: &&mut Act| {
            (&other.event, &other.subject, &other.outcome, &other.program)
                == (&act.event, &act.subject, &act.outcome, &act.program)
        };
        match alike.iter_mut().find(same) {
            Some(other) => other.times += 1,
            None => alike.push(Act {
                program: act.program,
                event: act.event,
                subject: act.subject,
                outcome: act.outcome,
                times: 1,
            }),
        }
    }
    alike
}

/// Files of the run as a whole.
fn whole(record: &RunRecord, files: &Files) -> Vec<File> {
    let mut links: Vec<Option<File>> = [
        names::RESULTS_JSON,
        names::RESULTS_MESSAGE,
        names::RECORD,
        names::AUDITS,
        names::EXERCISED,
        names::PRIVILEGED,
        names::DEFINITIONS,
        names::CHECKSUMS,
        names::REPLAY,
    ]
    .into_iter()
    .map(|name| files.link(name, Path::new(name)))
    .collect();
    if let Some(NativeRun { capture, log, .. }) = &record.native {
        if let Capture::Stored(stream) = capture {
            links.push(files.link("native trace", &stream.file));
        }
        links.push(files.link("native log", log));
    }
    links.into_iter().flatten().collect()
}
