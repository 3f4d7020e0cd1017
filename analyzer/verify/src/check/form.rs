//! What a record says of itself in words that have a form, held against that form, the
//! other fields and the files.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Found, count};
use crate::canonical::sha256;
use crate::inside;
use crate::record::{Record, UNKNOWN};
use crate::run::Run;

/// Digits of a commit: SHA-1, as git names them.
const COMMIT_DIGITS: usize = 40;

/// Boots that follow where two exact ones differ, and how many show which one is odd.
const FURTHER_BOOTS: u32 = 2;
const FEWEST_BOOTS: u32 = 4;

/// The image of a kernel that was built.
const KERNEL: &str = "kernel.elf";

/// What a file of the run is called by: the first digits of its hash.
const IMAGE_DIGITS: usize = 12;

pub(super) fn check(run: &Run) -> Found {
    let record = run.record()?;
    let faults = [
        times(record),
        sources(record),
        words(record),
        boots(record),
        images(run, record),
    ];
    let images = record.guests.iter().map(|guest| guest.images.len()).sum();
    Answer::new(
        faults.concat(),
        format!(
            "{}, {}",
            count(record.boots.len(), "boot"),
            count(images, "image")
        ),
    )
}

fn times(record: &Record) -> Vec<String> {
    let Record {
        started_at,
        ended_at,
        run_id,
        ..
    } = record;
    let mut faults = Vec::new();
    for (name, time) in [("startedAt", started_at), ("endedAt", ended_at)] {
        if !is_time(time) {
            faults.push(format!("{name} is {time:?}: no time of RFC 3339 in UTC"));
        }
    }
    // Of one form and one zone, so the order of the texts is that of the times.
    if faults.is_empty() && started_at > ended_at {
        faults.push(format!(
            "it ended at {ended_at}, before it started at {started_at}"
        ));
    }
    let begins = started_at.replace(['-', ':'], "");
    if !run_id.starts_with(&format!("{begins}-")) {
        faults.push(format!(
            "the run id {run_id:?} does not begin with its start, {begins}"
        ));
    }
    let suffix = run_id.rsplit_once(&format!("-{}-", record.mode));
    let is_number = |suffix: &str| {
        let mut digits = suffix.bytes();
        suffix.len() == 4 && digits.all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    };
    if !suffix.is_some_and(|(_, suffix)| is_number(suffix)) {
        let mode = &record.mode;
        faults.push(format!(
            "the run id {run_id:?} does not end with its mode, {mode}, and four digits"
        ));
    }
    faults
}

/// `2026-01-31T23:59:60Z`, as this project writes RFC 3339.
fn is_time(text: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00Z";
    let has_form = text.len() == FORM.len()
        && text.bytes().zip(FORM).all(|(byte, form)| match form {
            b'0' => byte.is_ascii_digit(),
            form => byte == *form,
        });
    let number = |range: std::ops::Range<usize>| text[range].parse().unwrap_or(u32::MAX);
    has_form
        && (1..=12).contains(&number(5..7))
        && (1..=31).contains(&number(8..10))
        && number(11..13) < 24
        && number(14..16) < 60
        && number(17..19) <= 60
}

fn sources(record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    let commit = &record.checkout.commit;
    let is_hash = commit.len() == COMMIT_DIGITS
        && commit
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !is_hash && commit != UNKNOWN {
        faults.push(format!(
            "the commit {commit:?} is no {COMMIT_DIGITS} hexadecimal digits"
        ));
    }
    if let Some(directory) = &record.checkout.directory
        && inside::leads_out(directory)
    {
        faults.push(format!(
            "the sources' directory {directory:?} leads out of their repository"
        ));
    }
    if !is_version_of("capbench", &record.tool) {
        faults.push(format!(
            "the tool {:?} is no version of capbench",
            record.tool
        ));
    }
    for program in ["rustc", "cargo", "cc"] {
        let version = record.toolchain.get(program).map_or("", String::as_str);
        // Distributions name their compilers as they like.
        let has_form = match program {
            "cc" => version.bytes().any(|byte| byte.is_ascii_digit()),
            program => is_version_of(program, version),
        };
        if !has_form && version != UNKNOWN {
            faults.push(format!(
                "the toolchain's {program} {version:?} names no version of it"
            ));
        }
    }
    faults
}

/// `rustc 1.95.0 (…)`.
fn is_version_of(program: &str, text: &str) -> bool {
    let version = text
        .strip_prefix(program)
        .and_then(|rest| rest.strip_prefix(' '));
    version.is_some_and(|version| {
        version.starts_with(|first: char| first.is_ascii_digit())
            && version.contains('.')
            && !version.contains(char::is_control)
            // A commit and its date, or the number itself, and nothing behind.
            && version.ends_with(|last: char| last.is_ascii_digit() || last == ')')
    })
}

/// What only people read, and what must say something.
fn words(record: &Record) -> Vec<String> {
    let host = |name: &str| record.envelope.host[name].as_str().unwrap_or_default();
    let command = record.command.first().map_or("", String::as_str);
    let profiles = record.guests.iter().map(|guest| guest.profile.as_str());
    let words = [
        ("the host's processor", host("processor")),
        ("the host's kernel", host("kernel")),
        ("the command", command),
    ];
    let words = words
        .into_iter()
        .chain(profiles.map(|profile| ("a guest's profile", profile)));
    let empty = words.filter(|(_, word)| word.trim().is_empty());
    empty
        .map(|(what, _)| format!("{what} has no name"))
        .collect()
}

/// How many boots were planned follows from those that took place, for a whole run.
fn boots(record: &Record) -> Vec<String> {
    if record.state != "complete" {
        return Vec::new();
    }
    let mut faults = Vec::new();
    let measured = measured(record);
    if !measured.contains(&record.boots_planned) {
        let planned = record.boots_planned;
        let most = measured[0];
        faults.push(format!(
            "{planned} boots of a system were planned, {most} took place"
        ));
    }
    if record.overrides["boots"] == 0 {
        faults.push("0 boots were asked for".to_owned());
    }
    if let Some(boot) = record
        .boots
        .iter()
        .find(|boot| boot.wall_ms == 0 && boot.stored().is_some())
    {
        faults.push(format!("{} took no time", boot.stem()));
    }
    if let Some(planned) = record.boots_planned_in_all
        && planned != record.boots.len()
    {
        let boots = record.boots.len();
        faults.push(format!(
            "{planned} boots were planned in all, {boots} took place"
        ));
    }
    faults
}

/// Most boots of a system, and the same without those that followed because two exact
/// boots differed.
fn measured(record: &Record) -> [u32; 2] {
    let mut systems: BTreeMap<(&str, &str), (u32, BTreeSet<&str>)> = BTreeMap::new();
    let boots = record.boots.iter();
    for boot in boots.filter(|boot| boot.variant == "samples" && !boot.audit) {
        let (most, streams) = systems.entry((&boot.guest, &boot.system)).or_default();
        *most = boot.index.max(*most);
        streams.extend(boot.stored().map(|stored| stored.sha256.as_str()));
    }
    let all = systems.values().map(|(most, _)| *most).max();
    let without_further = systems.values().map(|(most, streams)| {
        let has_further =
            record.repeats_exactly() && streams.len() > 1 && *most < FEWEST_BOOTS + FURTHER_BOOTS;
        match has_further {
            true => most.saturating_sub(FURTHER_BOOTS),
            false => *most,
        }
    });
    [all.unwrap_or(0), without_further.max().unwrap_or(0)]
}

/// A kept binary is the one that the record describes.
fn images(run: &Run, record: &Record) -> Vec<String> {
    let mut faults = Vec::new();
    let mut kept: BTreeMap<&str, Option<(String, u64)>> = BTreeMap::new();
    for image in record.guests.iter().flat_map(|guest| &guest.images) {
        let Some(short) = image.sha256.get(..IMAGE_DIGITS) else {
            faults.push(format!("{}: {:?} is no hash", image.name, image.sha256));
            continue;
        };
        // Variants share binaries.
        let found = kept.entry(short).or_insert_with(|| {
            let bytes = inside::read(&run.directory, &format!("images/{short}.elf"));
            bytes.ok().map(|bytes| (sha256(&bytes), bytes.len() as u64))
        });
        let Some((hash, bytes)) = found else {
            if !image.name.ends_with(".elf") {
                faults.push(format!("{:?} is no name of a binary", image.name));
            }
            // Only the kernel of an audit is kept, and the audit looks for it.
            continue;
        };
        if image.name != KERNEL || *hash != image.sha256 {
            faults.push(format!(
                "images/{short}.elf is not the binary {:?} of the record",
                image.name
            ));
        }
        if *bytes != image.bytes {
            let stated = image.bytes;
            faults.push(format!(
                "images/{short}.elf has {bytes} bytes, the record says {stated}"
            ));
        }
    }
    faults
}
