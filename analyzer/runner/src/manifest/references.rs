//! Rules that hold one definition against the others: what it names is there, and
//! suits it. Each refuses at the place where the name is written.

use std::collections::BTreeSet;

use super::check::{
    Checked, check_binary, check_child_grants, check_grants, check_guest, check_kernel,
    check_no_grants, check_packages, dangling, in_range, not_blank, one_of, row_word, unknown,
};
use super::words::{CHECKS, CORPORA, PARSERS, subsystems};
use super::{Benchmark, Catalogue, Mapping, SourceFile, Suite, System};
use crate::guest::GuestName;

/// More records than this no guest of 512 MiB could hold (up to 32 bytes each).
const MOST_RECORDS: u32 = 1 << 22;
/// A boot that needs longer than an hour is not a benchmark anybody repeats.
const LONGEST_TIMEOUT_SECONDS: u32 = 3600;

impl Catalogue {
    pub(super) fn check_system(&self, source: &SourceFile, system: &System) -> Checked {
        let guest = check_guest(source, &["guest"], &system.guest)?;
        in_range(
            source,
            &["timeout_seconds"],
            system.timeout_seconds,
            1,
            LONGEST_TIMEOUT_SECONDS,
        )?;
        check_kernel(source, system, guest)?;
        check_binary(source, &["init", "binary"], &system.init.binary, guest)?;
        if guest.has_capabilities {
            check_grants(source, &["init", "grants"], &system.init.grants)?;
        } else {
            check_no_grants(source, &["init", "grants"], &system.init.grants)?;
        }
        for (index, grant) in system.init.grants.iter().enumerate() {
            if matches!(grant.source.as_str(), "null" | "park_bench") {
                return Err(source.error_in(
                    &["init", "grants", &index.to_string(), "source"],
                    format!(
                        "`{}` is refused for init by the published rules",
                        grant.source
                    ),
                    "grant it to a program through its authority profile",
                ));
            }
        }
        check_packages(source, system, guest)?;
        let mut names = BTreeSet::new();
        for (index, program) in system.programs.iter().enumerate() {
            let at = index.to_string();
            if !names.insert(&program.name) {
                return Err(source.error_in(
                    &["programs", &at, "name"],
                    format!("`{}` is used twice", program.name),
                    "give every program its own name",
                ));
            }
            check_binary(source, &["programs", &at, "binary"], &program.binary, guest)?;
            if program.parameters.contains_key("rows") {
                return Err(source.error_in(
                    &["programs", &at, "parameters", "rows"],
                    "`rows` follows from the selected benchmarks",
                    "remove it",
                ));
            }
            if !self.authority.contains_key(&program.authority) {
                return Err(dangling(
                    source,
                    &["programs", &at, "authority"],
                    "authority profile",
                    &program.authority,
                    self.authority.keys(),
                ));
            }
            let profile = &self.authority[&program.authority];
            if guest.has_capabilities == profile.grants.is_empty() {
                return Err(source.error_in(
                    &["programs", &at, "authority"],
                    format!("`{}` does not suit guest `{guest}`", profile.name),
                    "name a profile with grants exactly where the guest has capabilities",
                ));
            }
        }
        for (index, child) in system.children.iter().enumerate() {
            let at = index.to_string();
            if !names.insert(&child.name) {
                return Err(source.error_in(
                    &["children", &at, "name"],
                    format!("`{}` is used twice", child.name),
                    "give every program its own name",
                ));
            }
            check_binary(source, &["children", &at, "binary"], &child.binary, guest)?;
            let grants = ["children", &at, "grants"];
            if guest.has_capabilities {
                check_child_grants(source, &grants, &child.grants)?;
            } else {
                check_no_grants(source, &grants, &child.grants)?;
            }
        }
        Ok(())
    }

    pub(super) fn check_benchmark(&self, source: &SourceFile, benchmark: &Benchmark) -> Checked {
        in_range(source, &["tier"], benchmark.tier.into(), 0, 4)?;
        in_range(source, &["boots"], benchmark.boots, 1, 1000)?;
        in_range(source, &["samples"], benchmark.samples, 1, 1_000_000)?;
        one_of(source, &["unit"], &benchmark.unit, &["tsc_ticks"])?;
        one_of(
            source,
            &["verifier", "kind"],
            &benchmark.verifier.kind,
            &["completions", "operations"],
        )?;
        if benchmark.verifier.checks.is_empty() {
            return Err(source.error_in(
                &["verifier", "checks"],
                "a verifier that checks nothing verifies nothing",
                "list what is compared, such as [\"result\", \"order\"]",
            ));
        }
        not_blank(source, &["intent"], &benchmark.intent)?;
        row_word(source, &["name"], &benchmark.name)?;
        check_vocabulary(source, benchmark)?;
        if benchmark.batches.is_empty() {
            return Err(source.error_in(&["batches"], "no batch size", "list at least one, `[1]`"));
        }
        for (index, &batch) in benchmark.batches.iter().enumerate() {
            let at = ["batches", &index.to_string()];
            in_range(source, &at, batch, 1, 65_536)?;
            if benchmark.batches[..index].contains(&batch) {
                return Err(source.error_in(
                    &at,
                    format!("batch size {batch} twice"),
                    "remove one",
                ));
            }
            if benchmark
                .window_record_bound(batch)
                .is_none_or(|bound| bound > MOST_RECORDS)
            {
                return Err(source.error_in(
                    &["record_bound"],
                    format!("a window of batch size {batch} could commit more than {MOST_RECORDS} records"),
                    "lower `samples`, `warmup` or the bound until (warmup + samples) × (per_batch + batch × per_operation) fits",
                ));
            }
        }
        if !self.authority.contains_key(&benchmark.authority) {
            return Err(dangling(
                source,
                &["authority"],
                "authority profile",
                &benchmark.authority,
                self.authority.keys(),
            ));
        }
        if benchmark.guests.is_empty() {
            let remedy = format!("add a table for one of: {}", GuestName::names());
            return Err(source.error_in(&["guests"], "no guest", remedy));
        }
        self.check_smokes(source, benchmark)?;
        benchmark
            .guests
            .keys()
            .try_for_each(|guest| self.check_mechanism(source, benchmark, guest))
    }

    /// A smoke is of tier 0, stands on none itself, and runs wherever what stands on it
    /// does: a row without its smoke would be a row that nothing vouches for.
    fn check_smokes(&self, source: &SourceFile, benchmark: &Benchmark) -> Checked {
        if benchmark.tier == 0 && !benchmark.smokes.is_empty() {
            return Err(source.error_in(
                &["smokes"],
                "a smoke stands on no other",
                "remove the key, or give the benchmark another tier",
            ));
        }
        for (index, name) in benchmark.smokes.iter().enumerate() {
            let at = ["smokes", &index.to_string()];
            let smokes = || self.benchmarks.values().filter(|known| known.tier == 0);
            let Some(smoke) = smokes().find(|smoke| smoke.name == *name) else {
                let known = smokes().map(|smoke| &smoke.name);
                return Err(dangling(source, &at, "smoke", name, known));
            };
            if benchmark.smokes[..index].contains(name) {
                return Err(source.error_in(&at, format!("`{name}` twice"), "remove one"));
            }
            let mut guests = benchmark.guests.keys();
            if let Some(guest) = guests.find(|guest| !smoke.guests.contains_key(*guest)) {
                return Err(source.error_in(
                    &at,
                    format!("`{name}` does not run on `{guest}`, and the benchmark does"),
                    format!("add [guests.{guest}] to the smoke, or split the benchmark"),
                ));
            }
        }
        Ok(())
    }

    fn check_mechanism(&self, source: &SourceFile, benchmark: &Benchmark, guest: &str) -> Checked {
        let mechanism = &benchmark.guests[guest];
        check_guest(source, &["guests", guest], guest)?;
        let at = |key| ["guests", guest, key];
        not_blank(source, &at("mechanism"), &mechanism.mechanism)?;
        not_blank(source, &at("difference"), &mechanism.difference)?;
        row_word(source, &at("operation"), &mechanism.operation)?;
        let Some(system) = self.systems.get(&mechanism.system) else {
            return Err(dangling(
                source,
                &at("system"),
                "system",
                &mechanism.system,
                self.systems.keys(),
            ));
        };
        if system.guest != guest {
            return Err(source.error_in(
                &at("system"),
                format!(
                    "system `{}` boots on `{}`, not on `{guest}`",
                    system.name, system.guest
                ),
                "name a system of this guest",
            ));
        }
        let Some(program) = system.programs.iter().find(|p| p.name == mechanism.program) else {
            return Err(dangling(
                source,
                &at("program"),
                "program",
                &mechanism.program,
                system.programs.iter().map(|program| &program.name),
            ));
        };
        if program.authority != benchmark.authority {
            return Err(source.error_in(
                &["authority"],
                format!(
                    "the benchmark declares `{}`, but system `{}` gives `{}` the profile `{}`",
                    benchmark.authority, system.name, program.name, program.authority
                ),
                "make both name the same authority profile",
            ));
        }
        Ok(())
    }

    pub(super) fn check_suite(&self, source: &SourceFile, suite: &Suite) -> Checked {
        if suite.benchmarks.is_empty() {
            return Err(source.error_in(
                &["benchmarks"],
                "the suite is empty",
                "list its benchmarks",
            ));
        }
        for (index, name) in suite.benchmarks.iter().enumerate() {
            let at = ["benchmarks", &index.to_string()];
            if !self.benchmarks.contains_key(name) {
                return Err(dangling(
                    source,
                    &at,
                    "benchmark",
                    name,
                    self.benchmarks.keys(),
                ));
            }
            if suite.benchmarks[..index].contains(name) {
                return Err(source.error_in(
                    &at,
                    format!("`{name}` is listed twice"),
                    "remove one",
                ));
            }
        }
        for (guest, systems) in &suite.systems {
            check_guest(source, &["systems", guest], guest)?;
            if systems.is_empty() {
                return Err(source.error_in(
                    &["systems", guest],
                    format!("no system for guest `{guest}`"),
                    "list at least one, or remove the line",
                ));
            }
            for (index, name) in systems.iter().enumerate() {
                let at = ["systems", guest, &index.to_string()];
                self.check_suite_system(source, &at, suite, guest, name)?;
            }
        }
        Ok(())
    }

    /// A system can stand in for another if it gives the benchmarks' programs the
    /// authority that they declare.
    fn check_suite_system(
        &self,
        source: &SourceFile,
        at: &[&str],
        suite: &Suite,
        guest: &str,
        name: &str,
    ) -> Checked {
        let Some(system) = self.systems.get(name).filter(|s| s.guest == guest) else {
            let own = self.systems.values().filter(|s| s.guest == guest);
            let known = own.map(|system| &system.name);
            let kind = format!("system of guest `{guest}` named");
            return Err(dangling(source, at, &kind, name, known));
        };
        for benchmark in suite.benchmarks.iter().map(|name| &self.benchmarks[name]) {
            let Some(mechanism) = benchmark.guests.get(guest) else {
                continue;
            };
            let suits = system.programs.iter().any(|program| {
                program.name == mechanism.program && program.authority == benchmark.authority
            });
            if !suits {
                return Err(source.error_in(
                    at,
                    format!(
                        "`{name}` has no program `{}` with the authority profile `{}` of `{}`",
                        mechanism.program, benchmark.authority, benchmark.name
                    ),
                    "name a system that spawns it so, or leave the benchmark out",
                ));
            }
        }
        Ok(())
    }

    pub(super) fn check_mapping(&self, source: &SourceFile, mapping: &Mapping) -> Checked {
        let known = || self.benchmarks.keys();
        let Some(numerator) = self.benchmarks.get(&mapping.name) else {
            return Err(dangling(
                source,
                &["name"],
                "benchmark",
                &mapping.name,
                known(),
            ));
        };
        for (index, counterpart) in mapping.counterparts.iter().enumerate() {
            let index = index.to_string();
            let at = |key| ["counterparts", index.as_str(), key];
            let name = &counterpart.benchmark;
            let Some(denominator) = self.benchmarks.get(name) else {
                return Err(dangling(
                    source,
                    &at("benchmark"),
                    "benchmark",
                    name,
                    known(),
                ));
            };
            not_blank(source, &at("difference"), &counterpart.difference)?;
            let pairs = counterpart.batches_beside(numerator, denominator);
            let exist = |[above, below]: &[u32; 2]| {
                numerator.batches.contains(above) && denominator.batches.contains(below)
            };
            if pairs.is_empty() || !pairs.iter().all(exist) {
                return Err(source.error_in(
                    &["counterparts", &index],
                    format!(
                        "no row of `{}` ({:?}) has a counterpart in `{name}` ({:?})",
                        mapping.name, numerator.batches, denominator.batches
                    ),
                    "name the pairs: `batches = [[NUMERATOR, DENOMINATOR]]`",
                ));
            }
        }
        Ok(())
    }
}

/// Words that are the same for every guest.
fn check_vocabulary(source: &SourceFile, benchmark: &Benchmark) -> Checked {
    if !PARSERS.contains(&benchmark.parser) {
        let known = PARSERS.map(|version| version.to_string()).join(", ");
        return Err(source.error_in(
            &["parser"],
            format!("there is no parser version {}", benchmark.parser),
            format!("use one of: {known}"),
        ));
    }
    for (index, name) in benchmark.verifier.checks.iter().enumerate() {
        if !CHECKS.contains(&name.as_str()) {
            let at = ["verifier", "checks", &index.to_string()];
            return Err(unknown(source, &at, "check", name, CHECKS.into_iter()));
        }
    }
    let known = subsystems();
    for (index, name) in benchmark.requires.iter().enumerate() {
        let at = ["requires", &index.to_string()];
        if !known.contains(&name.as_str()) {
            let known = known.iter().copied();
            return Err(unknown(source, &at, "subsystem", name, known));
        }
    }
    if let Some(corpus) = &benchmark.corpus
        && !CORPORA.contains(&corpus.name.as_str())
    {
        let known = CORPORA.into_iter();
        return Err(unknown(
            source,
            &["corpus", "name"],
            "corpus",
            &corpus.name,
            known,
        ));
    }
    Ok(())
}
