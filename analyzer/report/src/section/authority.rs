//! Authority: granted, exercised, denied.

use crate::appendix::{Appendix, Declared};
use crate::document::{Block, Inlines, Kind, Section, Table};
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
    use Kind::{Number, Words};
    let uses = appendix.exercised.iter().flat_map(|of| {
        let used = of.used.iter().map(move |used| (of, "exercised", used));
        let proven = of.denials_proven.iter();
        used.chain(proven.map(move |proven| (of, "proved the denial", proven)))
    });
    Table::of(
        "Exercised and proven, in all boots together",
        uses,
        &[
            ("program", Words, &|(of, ..)| Inlines::code(&of.program)),
            ("use", Words, &|(_, verb, _)| (*verb).into()),
            ("interface or denial", Words, &|(.., used)| {
                Inlines::code(used.0)
            }),
            ("times", Number, &|(.., used)| used.1.to_string().into()),
        ],
    )
}

fn acts(appendix: &Appendix) -> Table {
    use Kind::{Number, Words};
    Table::of(
        "Privileged acts, in all boots together",
        &appendix.acts,
        &[
            ("act", Words, &|act| act.event.as_str().into()),
            ("subject", Words, &|act| Inlines::code(&act.subject)),
            ("program", Words, &|act| Inlines::code(&act.program)),
            ("outcome", Words, &|act| act.outcome.as_str().into()),
            ("times", Number, &|act| act.times.to_string().into()),
        ],
    )
}

fn profiles(results: &Results, appendix: &Appendix) -> Table {
    use Kind::{Number, Words};
    let mut guests: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in &results.results {
        guests
            .entry(&row.authority_profile)
            .or_default()
            .push(&row.guest);
    }
    let distinct = |guests: &[&str]| {
        let guests: BTreeSet<&str> = guests.iter().copied().collect();
        Vec::from_iter(guests).join(", ").into()
    };
    let hash = |name: &str| {
        let mut known = appendix.authority.iter();
        let known = known.find(|profile| profile.name == name);
        known.map_or(NONE.into(), |profile| Inlines::code(short(&profile.hash)))
    };
    Table::of(
        "Profiles and the rows under them",
        guests,
        &[
            ("profile", Words, &|(name, _)| Inlines::code(*name)),
            ("guests", Words, &|(_, guests)| distinct(guests)),
            ("rows", Number, &|(_, guests)| {
                guests.len().to_string().into()
            }),
            ("definition", Words, &|(name, _)| hash(name)),
        ],
    )
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
    use Kind::Words;
    let special = |source: &String| match *source == declared.measurement_source {
        true => "yes".into(),
        false => "no".into(),
    };
    Table::of(
        "Granted, and nothing else",
        &declared.grants,
        &[
            ("capability", Words, &|(name, _)| Inlines::code(name)),
            ("source", Words, &|(_, source)| Inlines::code(source)),
            ("for measuring only", Words, &|(_, source)| special(source)),
        ],
    )
}
