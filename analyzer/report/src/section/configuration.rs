//! Everything that decided the numbers, to be compared and repeated.

use crate::appendix::{Appendix, GuestBuild, Image};
use crate::document::{Block, Inlines, Section, Table};
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
        blocks.push(Block::Table(definitions(appendix)));
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
    Table::of("Builds", &appendix.guests)
        .words("guest", |build| build.guest.as_str())
        .words("variant", |build| build.variant.as_str())
        .words("features", |build| features(build))
        .words("profile", |build| build.profile.as_str())
        .words("kernel", |build| {
            build.kernel.as_deref().unwrap_or("built here")
        })
        .end()
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
    let mut images: Vec<(&str, &Image, Vec<&str>)> = Vec::new();
    for build in &appendix.guests {
        for image in &build.images {
            let same = images.iter_mut().find(|(guest, known, _)| {
                (*guest, &known.name, &known.sha256) == (&*build.guest, &image.name, &image.sha256)
            });
            match same {
                Some((.., variants)) => variants.push(&build.variant),
                None => images.push((&build.guest, image, vec![&build.variant])),
            }
        }
    }
    Table::of("Images", images)
        .words("image", |(_, image, _)| Inlines::code(&image.name))
        .words("builds", |(guest, _, variants)| {
            format!("{guest}: {}", variants.join(", "))
        })
        .number("bytes", |(_, image, _)| image.bytes)
        .words("SHA-256", |(_, image, _)| Inlines::code(&image.sha256))
        .end()
}

fn definitions(appendix: &Appendix) -> Table {
    Table::of("Definitions used", &appendix.definitions)
        .words("definition", |(name, _)| Inlines::code(name))
        .words("SHA-256", |(_, hash)| Inlines::code(hash))
        .end()
}

/// Values are compared over runs only inside one series.
fn series(results: &Results) -> Table {
    let envelope = results.run.envelope.hash.to_string();
    Table::of(
        "Series: definition, guest, system, authority profile and envelope",
        &results.results,
    )
    .words("benchmark", |row| Inlines::code(&row.benchmark_name))
    .words("guest", |row| row.guest.as_str())
    .words("system", |row| row.system.as_str())
    .words("authority profile", |row| {
        Inlines::code(&row.authority_profile)
    })
    .words("envelope", |_| Inlines::code(short(&envelope)))
    .words("definition as used, SHA-256", |row| {
        Inlines::code(row.config_hash.to_string())
    })
    .end()
}
