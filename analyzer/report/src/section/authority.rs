//! Authority: granted, exercised, denied.

use crate::appendix::{Appendix, Declared};
use crate::document::{Block, Inlines, Section, Table};
use crate::number::{NONE, short};
use capbench_results::Results;
use std::collections::{BTreeMap, BTreeSet};

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
    let uses = appendix.exercised.iter().flat_map(|of| {
        let used = of.used.iter().map(move |used| (of, "exercised", used));
        let proven = of.denials_proven.iter();
        used.chain(proven.map(move |proven| (of, "proved the denial", proven)))
    });
    Table::of("Exercised and proven, in all boots together", uses)
        .words("program", |(of, ..)| Inlines::code(&of.program))
        .words("use", |(_, verb, _)| *verb)
        .words("interface or denial", |(.., used)| Inlines::code(used.0))
        .number("times", |(.., used)| *used.1)
        .end()
}

fn acts(appendix: &Appendix) -> Table {
    Table::of("Privileged acts, in all boots together", &appendix.acts)
        .words("act", |act| act.event.as_str())
        .words("subject", |act| Inlines::code(&act.subject))
        .words("program", |act| Inlines::code(&act.program))
        .words("outcome", |act| act.outcome.as_str())
        .number("times", |act| act.times)
        .end()
}

fn profiles(results: &Results, appendix: &Appendix) -> Table {
    let mut guests: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &results.results {
        guests
            .entry(&row.authority_profile)
            .or_default()
            .push(&row.guest);
    }
    let distinct = |guests: &[&str]| {
        let guests: BTreeSet<&str> = guests.iter().copied().collect();
        Vec::from_iter(guests).join(", ")
    };
    let hash = |name: &str| {
        let mut known = appendix.authority.iter();
        let known = known.find(|profile| profile.name == name);
        known.map_or(NONE.into(), |profile| Inlines::code(short(&profile.hash)))
    };
    Table::of("Profiles and the rows under them", guests)
        .words("profile", |(name, _)| Inlines::code(*name))
        .words("guests", |(_, guests)| distinct(guests))
        .number("rows", |(_, guests)| guests.len() as u64)
        .words("definition", |(name, _)| hash(name))
        .end()
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
    let special = |source: &String| match *source == declared.measurement_source {
        true => "yes",
        false => "no",
    };
    Table::of("Granted, and nothing else", &declared.grants)
        .words("capability", |(name, _)| Inlines::code(name))
        .words("source", |(_, source)| Inlines::code(source))
        .words("for measuring only", |(_, source)| special(source))
        .end()
}
