//! Rules for single values, each refusing at the place it is written.

use super::authority::{KERNEL_SOURCES, LONGEST_GRANT_NAME, MADE_SOURCES};
use super::words::guess;
use super::{AuthorityProfile, Grant, ManifestError, SourceFile, System};
use crate::guest::GuestName;

/// Nothing, or the error that stops the loading.
pub(super) type Checked = Result<(), Box<ManifestError>>;

pub(super) fn check_authority(source: &SourceFile, profile: &AuthorityProfile) -> Checked {
    not_blank(source, &["intent"], &profile.intent)?;
    // None at all: a program of a guest without capabilities.
    if !profile.grants.is_empty() {
        check_grants(source, &["grants"], &profile.grants)?;
    }
    for (index, denial) in profile.denials.iter().enumerate() {
        let index = index.to_string();
        row_word(source, &["denials", &index, "name"], &denial.name)?;
        not_blank(source, &["denials", &index, "attempt"], &denial.attempt)?;
    }
    Ok(())
}

/// Programs find their parameters through the first grant, so it is fixed.
pub(super) fn check_grants(source: &SourceFile, at: &[&str], grants: &[Grant]) -> Checked {
    if !grants
        .first()
        .is_some_and(|first| first.name == "boot" && first.source == "boot_package")
    {
        return Err(source.error_in(
            at,
            "the first grant must be the boot package under the name `boot`",
            "begin the list with { name = \"boot\", source = \"boot_package\" }",
        ));
    }
    check_each_grant(source, at, grants, &KERNEL_SOURCES)
}

/// A child finds what it needs by the names its parent chooses, so it has no fixed
/// grant, and it may be given what its parent had made.
pub(super) fn check_child_grants(source: &SourceFile, at: &[&str], grants: &[Grant]) -> Checked {
    let sources = [&KERNEL_SOURCES[..], &MADE_SOURCES].concat();
    check_each_grant(source, at, grants, &sources)
}

fn check_each_grant(
    source: &SourceFile,
    at: &[&str],
    grants: &[Grant],
    sources: &[&str],
) -> Checked {
    for (index, grant) in grants.iter().enumerate() {
        let index_text = index.to_string();
        let key = |last| [at, &[index_text.as_str(), last]].concat();
        one_of(source, &key("source"), &grant.source, sources)?;
        if grant.name.is_empty() || grant.name.len() > LONGEST_GRANT_NAME {
            return Err(source.error_in(
                &key("name"),
                format!("a grant's name has 1 to {LONGEST_GRANT_NAME} bytes"),
                "choose another name",
            ));
        }
        if grants[..index]
            .iter()
            .any(|earlier| earlier.name == grant.name)
        {
            return Err(source.error_in(
                &key("name"),
                format!("`{}` is used twice", grant.name),
                "give every grant its own name",
            ));
        }
    }
    Ok(())
}

/// A guest without capabilities would leave a grant unread.
pub(super) fn check_no_grants(source: &SourceFile, at: &[&str], grants: &[Grant]) -> Checked {
    if grants.is_empty() {
        return Ok(());
    }
    Err(source.error_in(
        at,
        "grants on a guest without capabilities",
        "make the list empty",
    ))
}

pub(super) fn check_guest(
    source: &SourceFile,
    at: &[&str],
    name: &str,
) -> Result<GuestName, Box<ManifestError>> {
    let known = || GuestName::ALL.into_iter().map(GuestName::name);
    name.parse()
        .map_err(|_| unknown(source, at, "guest", name, known()))
}

/// A binary is what the guest's build makes.
pub(super) fn check_binary(
    source: &SourceFile,
    at: &[&str],
    binary: &str,
    guest: GuestName,
) -> Checked {
    if guest.binaries().any(|known| known == binary) {
        return Ok(());
    }
    let kind = format!("binary of guest `{guest}` named");
    Err(unknown(source, at, &kind, binary, guest.binaries()))
}

/// A kernel that has its own list of parameters would ignore any other, or stop at a
/// value that it does not know.
pub(super) fn check_kernel(source: &SourceFile, system: &System, guest: GuestName) -> Checked {
    for (name, value) in &system.kernel {
        let at = ["kernel", name];
        if guest.ring_parameter == Some(name) {
            return Err(source.error_in(
                &at,
                format!("`{name}` follows from the benchmarks' record bounds"),
                format!("remove it; `capbench run --parameter {name}=N` overrides it for one run"),
            ));
        }
        let Some(known) = guest.kernel_parameters else {
            continue;
        };
        let Some(parameter) = known.iter().find(|known| known.name == name) else {
            let kind = format!("kernel parameter of guest `{guest}` named");
            let names = known.iter().map(|known| known.name);
            return Err(unknown(source, &at, &kind, name, names));
        };
        if let Some(values) = parameter.values {
            one_of(source, &at, value, values)?;
        }
    }
    Ok(())
}

/// Only an image that is a file system takes packages. Names and paths reach the
/// distribution's tools and the host's file system, so neither may be anything
/// else.
pub(super) fn check_packages(source: &SourceFile, system: &System, guest: GuestName) -> Checked {
    if !guest.boot_image.holds_files() && !system.packages.is_empty() {
        let guests = GuestName::ALL.into_iter();
        let others: Vec<&str> = guests
            .filter(|other| other.boot_image.holds_files())
            .map(GuestName::name)
            .collect();
        return Err(source.error_in(
            &["packages"],
            format!("guest `{guest}` takes no packages"),
            format!(
                "remove the table; only images of these guests hold files: {}",
                others.join(", ")
            ),
        ));
    }
    for (package, programs) in &system.packages {
        let at = ["packages", package];
        if !is_package_name(package) {
            return Err(source.error_in(
                &at,
                format!("`{package}` is not the name of a package"),
                "use the name that `apt-cache show` knows it by",
            ));
        }
        if programs.is_empty() {
            return Err(source.error_in(
                &at,
                format!("no program of `{package}` is asked for"),
                "list the programs' absolute paths, or remove the package",
            ));
        }
        for (index, program) in programs.iter().enumerate() {
            if !is_absolute_file(program) {
                return Err(source.error_in(
                    &["packages", package, &index.to_string()],
                    format!("`{program}` is no absolute path of a file"),
                    "write where the program lies, like `/usr/bin/perf` and without `..`",
                ));
            }
        }
    }
    Ok(())
}

fn is_package_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.starts_with(plain) && name.chars().all(|c| plain(c) || "+-.".contains(c))
}

fn is_absolute_file(path: &str) -> bool {
    path.strip_prefix('/').is_some_and(|parts| {
        parts
            .split('/')
            .all(|part| !matches!(part, "" | "." | ".."))
    })
}

pub(super) fn in_range(
    source: &SourceFile,
    at: &[&str],
    value: u32,
    low: u32,
    high: u32,
) -> Checked {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    let remedy = format!("use a value from {low} to {high}");
    Err(source.error_in(at, format!("{value} is out of range"), remedy))
}

pub(super) fn one_of(source: &SourceFile, at: &[&str], value: &str, known: &[&str]) -> Checked {
    if known.contains(&value) {
        return Ok(());
    }
    let guess = guess(value, known.iter().copied());
    let remedy = format!("{guess}use one of: {}", known.join(", "));
    Err(source.error_in(at, format!("`{value}` is not known here"), remedy))
}

pub(super) fn not_blank(source: &SourceFile, at: &[&str], text: &str) -> Checked {
    if !text.trim().is_empty() {
        return Ok(());
    }
    Err(source.error_in(at, "must not be empty", "say it in one sentence"))
}

/// Names travel to the program in `benchmark:operation:…,` rows.
pub(super) fn row_word(source: &SourceFile, at: &[&str], word: &str) -> Checked {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "/-_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return Ok(());
    }
    Err(source.error_in(
        at,
        format!("`{word}` is not a plain name"),
        "use lower-case letters, digits, `-`, `_` and `/`",
    ))
}

pub(super) fn dangling<'a>(
    source: &SourceFile,
    at: &[&str],
    kind: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> Box<ManifestError> {
    unknown(source, at, kind, name, known.map(String::as_str))
}

/// A word of a kind that has a list of known ones, and this is not on it.
pub(super) fn unknown<'a>(
    source: &SourceFile,
    at: &[&str],
    kind: &str,
    word: &str,
    known: impl Iterator<Item = &'a str>,
) -> Box<ManifestError> {
    let known: Vec<&str> = known.collect();
    let remedy = if known.is_empty() {
        "remove it: none is known yet".to_owned()
    } else {
        let guess = guess(word, known.iter().copied());
        format!("{guess}use one of: {}", known.join(", "))
    };
    source.error_in(at, format!("there is no {kind} `{word}`"), remedy)
}
