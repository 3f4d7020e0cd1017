//! Authority: granted, exercised, denied.

use crate::appendix::{Appendix, Declared};
use crate::document::{Block, Inlines, Kind, Section, Table};
use crate::number::{NONE, short};
use capbench_results::Results;
use std::collections::BTreeSet;

pub(super) fn section(results: &Results, appendix: &Appendix) -> Section {
    let mut section = super::section("authority", "Authority");
    let blocks = &mut section.blocks;
    blocks.push(Block::Text(
        "A row passes only if its program held nothing beyond its profile, used nothing it was \
         not granted, and proved every denial that the profile declares."
            .into(),
    ));
    blocks.push(Block::Table(profiles(results, appendix)));
    for profile in &appendix.authority {
        blocks.push(Block::Heading(Inlines::code(&profile.name)));
        match &profile.declared {
            Some(declared) => blocks.extend(content(declared)),
            None => blocks.push(Block::Text(
                "The checkout no longer holds the profile with this hash, so its content cannot \
                 be shown."
                    .into(),
            )),
        }
    }
    if !appendix.exercised.is_empty() {
        blocks.push(Block::Table(exercised(appendix)));
    }
    if !appendix.acts.is_empty() {
        blocks.push(Block::Text(
            "Privileged acts, as the guests recorded them when they were done or refused: \
             programs started with a capability that exists for measuring only, logins, \
             bundles of authority."
                .into(),
        ));
        blocks.push(Block::Table(acts(appendix)));
    }
    section
}

/// A row for each interface and for each denial of a program.
fn exercised(appendix: &Appendix) -> Table {
    let columns = [
        ("program", Kind::Words),
        ("use", Kind::Words),
        ("interface or denial", Kind::Words),
        ("times", Kind::Number),
    ];
    let caption = "Exercised and proven, in all boots together";
    let mut table = Table::new(caption, &columns);
    for program in &appendix.exercised {
        let used = program.used.iter().map(|used| ("exercised", used));
        let proven = program.denials_proven.iter();
        let proven = proven.map(|proven| ("proved the denial", proven));
        for (did, (what, times)) in used.chain(proven) {
            table.row(vec![
                Inlines::code(&program.program),
                did.into(),
                Inlines::code(what),
                times.to_string().into(),
            ]);
        }
    }
    table
}

fn acts(appendix: &Appendix) -> Table {
    let columns = [
        ("act", Kind::Words),
        ("subject", Kind::Words),
        ("program", Kind::Words),
        ("outcome", Kind::Words),
        ("times", Kind::Number),
    ];
    let mut table = Table::new("Privileged acts, in all boots together", &columns);
    for act in &appendix.acts {
        table.row(vec![
            act.event.as_str().into(),
            Inlines::code(&act.subject),
            Inlines::code(&act.program),
            act.outcome.as_str().into(),
            act.times.to_string().into(),
        ]);
    }
    table
}

fn profiles(results: &Results, appendix: &Appendix) -> Table {
    let columns = [
        ("profile", Kind::Words),
        ("guests", Kind::Words),
        ("rows", Kind::Number),
        ("definition", Kind::Words),
    ];
    let mut table = Table::new("Profiles and the rows under them", &columns);
    let names: BTreeSet<&str> = results
        .results
        .iter()
        .map(|row| row.authority_profile.as_str())
        .collect();
    for name in names {
        let rows = || {
            let rows = results.results.iter();
            rows.filter(|row| row.authority_profile == name)
        };
        let guests: BTreeSet<&str> = rows().map(|row| row.guest.as_str()).collect();
        let mut known = appendix.authority.iter();
        let hash = known.find(|profile| profile.name == name);
        table.row(vec![
            Inlines::code(name),
            guests.into_iter().collect::<Vec<_>>().join(", ").into(),
            rows().count().to_string().into(),
            hash.map_or(NONE.into(), |profile| Inlines::code(short(&profile.hash))),
        ]);
    }
    table
}

fn content(declared: &Declared) -> Vec<Block> {
    let mut blocks = vec![Block::Text(declared.intent.as_str().into())];
    if declared.grants.is_empty() {
        blocks.push(Block::Text("It grants nothing.".into()));
    } else {
        blocks.push(Block::Table(grants(declared)));
    }
    if !declared.denials.is_empty() {
        let denial =
            |(name, attempt): &(String, String)| Inlines::code(name).text(format!(": {attempt}"));
        blocks.push(Block::Text("Denials that had to be proven:".into()));
        blocks.push(Block::List(declared.denials.iter().map(denial).collect()));
    }
    blocks
}

fn grants(declared: &Declared) -> Table {
    let columns = [
        ("capability", Kind::Words),
        ("source", Kind::Words),
        ("for measuring only", Kind::Words),
    ];
    let mut table = Table::new("Granted, and nothing else", &columns);
    for (name, source) in &declared.grants {
        let special = *source == declared.measurement_source;
        table.row(vec![
            Inlines::code(name),
            Inlines::code(source),
            if special { "yes" } else { "no" }.into(),
        ]);
    }
    table
}
