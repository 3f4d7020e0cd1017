//! Everything that decided the numbers, to be compared and repeated.

use crate::appendix::{Appendix, GuestBuild};
use crate::document::{Block, Inlines, Kind, Section, Table};
use crate::number::{NONE, short};
use capbench_results::Results;

pub(super) fn section(results: &Results, appendix: &Appendix) -> Section {
    let mut section = super::section("configuration", "Configuration");
    let blocks = &mut section.blocks;
    blocks.push(Block::Terms(terms(results, appendix)));
    if !appendix.machine.arguments.is_empty() {
        blocks.push(Block::Heading("QEMU's command line".into()));
        blocks.push(Block::Text(
            "Braces mark parts of the guest, which are hashed there. The exact line of every boot \
             is in run.json."
                .into(),
        ));
        blocks.push(Block::Code(command_line(&appendix.machine.arguments)));
    }
    if !appendix.guests.is_empty() {
        blocks.push(Block::Heading("Guests".into()));
        blocks.push(Block::Table(guests(appendix)));
        blocks.push(Block::Terms(flags(appendix)));
        blocks.push(Block::Table(images(appendix)));
    }
    if !appendix.definitions.is_empty() {
        blocks.push(Block::Heading("Definitions".into()));
        blocks.push(Block::Table(hashes(
            "Definitions used",
            "definition",
            &appendix.definitions,
        )));
    }
    blocks.push(Block::Table(series(results)));
    section
}

fn terms(results: &Results, appendix: &Appendix) -> Vec<(String, Inlines)> {
    let run = &results.run;
    let machine = &appendix.machine;
    let mut terms: Vec<(String, Inlines)> = Vec::new();
    let mut add = |term: &str, value: &str| {
        if !value.is_empty() {
            terms.push((term.to_owned(), Inlines::code(value)));
        }
    };
    add("command", &appendix.command.join(" "));
    add(
        "commit",
        if run.has_commit() {
            &run.commit
        } else {
            "unknown"
        },
    );
    add("envelope", &run.envelope.hash.to_string());
    add("emulator", &machine.qemu);
    add("firmware", &machine.firmware);
    add("host processor", &machine.processor);
    add("host kernel", &machine.kernel);
    for (tool, version) in &appendix.toolchain {
        add(tool, version);
    }
    for (system, packages) in &appendix.packages {
        add(&format!("packages of {system}"), packages);
    }
    terms
}

/// One option with its value per line, as people compare them.
fn command_line(arguments: &[String]) -> String {
    let mut text = "qemu-system-x86_64".to_owned();
    for argument in arguments {
        text.push_str(if argument.starts_with('-') {
            " \\\n    "
        } else {
            " "
        });
        text.push_str(argument);
    }
    text
}

fn guests(appendix: &Appendix) -> Table {
    let columns = [
        ("guest", Kind::Words),
        ("variant", Kind::Words),
        ("features", Kind::Words),
        ("profile", Kind::Words),
        ("kernel", Kind::Words),
    ];
    let mut table = Table::new("Builds", &columns);
    for build in &appendix.guests {
        table.row(vec![
            build.guest.as_str().into(),
            build.variant.as_str().into(),
            features(build).into(),
            build.profile.as_str().into(),
            build.kernel.as_deref().unwrap_or("built here").into(),
        ]);
    }
    table
}

fn features(build: &GuestBuild) -> String {
    let all = build.features.iter().chain(&build.extra);
    let all: Vec<&str> = all.map(String::as_str).collect();
    if all.is_empty() {
        NONE.to_owned()
    } else {
        all.join(", ")
    }
}

/// Flags of each part of a guest, once where its builds share them.
fn flags(appendix: &Appendix) -> Vec<(String, Inlines)> {
    let mut lines: Vec<(String, &str)> = Vec::new();
    for build in &appendix.guests {
        for (part, flags) in &build.flags {
            let line = (format!("rustc, {} {part}", build.guest), flags.as_str());
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    let term = |(part, flags)| (part, Inlines::code(flags));
    lines.into_iter().map(term).collect()
}

/// Images of equal bytes stand once, with all builds they belong to.
fn images(appendix: &Appendix) -> Table {
    let columns = [
        ("image", Kind::Words),
        ("builds", Kind::Words),
        ("bytes", Kind::Number),
        ("SHA-256", Kind::Words),
    ];
    let mut table = Table::new("Images", &columns);
    let mut lines: Vec<(&str, &str, u64, &str, Vec<&str>)> = Vec::new();
    for build in &appendix.guests {
        for image in &build.images {
            let same = |line: &&mut (&str, &str, u64, &str, Vec<&str>)| {
                (line.0, line.1, line.3) == (&*build.guest, &*image.name, &*image.sha256)
            };
            match lines.iter_mut().find(same) {
                Some(line) => line.4.push(&build.variant),
                None => lines.push((
                    &build.guest,
                    &image.name,
                    image.bytes,
                    &image.sha256,
                    vec![&build.variant],
                )),
            }
        }
    }
    for (guest, name, bytes, hash, variants) in lines {
        table.row(vec![
            Inlines::code(name),
            format!("{guest}: {}", variants.join(", ")).into(),
            bytes.to_string().into(),
            Inlines::code(hash),
        ]);
    }
    table
}

fn hashes(caption: &str, what: &str, lines: &[(String, String)]) -> Table {
    let columns = [(what, Kind::Words), ("SHA-256", Kind::Words)];
    let mut table = Table::new(caption, &columns);
    for (name, hash) in lines {
        table.row(vec![Inlines::code(name), Inlines::code(hash)]);
    }
    table
}

/// Values are compared over runs only inside one series.
fn series(results: &Results) -> Table {
    let columns = [
        ("benchmark", Kind::Words),
        ("guest", Kind::Words),
        ("system", Kind::Words),
        ("authority profile", Kind::Words),
        ("envelope", Kind::Words),
        ("definition as used, SHA-256", Kind::Words),
    ];
    let caption = "Series: definition, guest, system, authority profile and envelope";
    let mut table = Table::new(caption, &columns);
    let envelope = results.run.envelope.hash.to_string();
    for row in &results.results {
        table.row(vec![
            Inlines::code(&row.benchmark_name),
            row.guest.as_str().into(),
            row.system.as_str().into(),
            Inlines::code(&row.authority_profile),
            Inlines::code(short(&envelope)),
            Inlines::code(row.config_hash.to_string()),
        ]);
    }
    table
}
