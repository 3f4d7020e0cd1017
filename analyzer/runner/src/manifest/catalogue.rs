//! All definitions of a manifest directory, checked against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use miette::Diagnostic;
use serde::de::DeserializeOwned;

use super::check::{
    Checked, check_authority, check_grants, check_packages, dangling, in_range, not_blank, one_of,
    row_word,
};
use super::{AuthorityProfile, Benchmark, ManifestError, Mapping, SourceFile, Suite, System};
use crate::guest::GuestName;

/// More records than this no guest of 512 MiB could hold (up to 32 bytes each).
const MOST_RECORDS: u32 = 1 << 22;
/// A boot that needs longer than an hour is not a benchmark anybody repeats.
const LONGEST_TIMEOUT_SECONDS: u32 = 3600;

/// Every definition, by name. All references resolve.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Benchmarks by name (`ring/nop`).
    pub benchmarks: BTreeMap<String, Benchmark>,
    /// Authority profiles by name.
    pub authority: BTreeMap<String, AuthorityProfile>,
    /// Systems by name.
    pub systems: BTreeMap<String, System>,
    /// Suites by name.
    pub suites: BTreeMap<String, Suite>,
    /// Mappings by the name of the benchmark that is divided.
    pub mappings: BTreeMap<String, Mapping>,
}

/// Neither a suite nor a benchmark has this name.
#[derive(Debug, thiserror::Error, Diagnostic)]
#[error("there is no suite or benchmark named `{name}`")]
#[diagnostic(code(capbench::unknown_name))]
pub struct UnknownName {
    /// What was asked for.
    pub name: String,
    #[help]
    remedy: String,
}

impl Catalogue {
    /// Reads and checks every definition below `directory`.
    pub fn load(directory: &Path) -> Result<Self, Box<ManifestError>> {
        let authority = read_all(&directory.join("authority"), |p: &AuthorityProfile| &p.name)?;
        let systems = read_all(&directory.join("systems"), |s: &System| &s.name)?;
        let benchmarks = read_all(&directory.join("benchmarks"), |b: &Benchmark| &b.name)?;
        let suites = read_all(&directory.join("suites"), |s: &Suite| &s.name)?;
        let mappings = read_all(&directory.join("mappings"), |m: &Mapping| &m.name)?;

        let catalogue = Self {
            authority: values(&authority),
            systems: values(&systems),
            benchmarks: values(&benchmarks),
            suites: values(&suites),
            mappings: values(&mappings),
        };
        for (source, profile) in authority.values() {
            check_authority(source, profile)?;
        }
        for (source, system) in systems.values() {
            catalogue.check_system(source, system)?;
        }
        for (source, benchmark) in benchmarks.values() {
            catalogue.check_benchmark(source, benchmark)?;
        }
        for (source, suite) in suites.values() {
            catalogue.check_suite(source, suite)?;
        }
        for (source, mapping) in mappings.values() {
            catalogue.check_mapping(source, mapping)?;
        }
        Ok(catalogue)
    }

    /// The benchmarks a suite or a single benchmark name stands for.
    pub fn select(&self, name: &str) -> Result<Vec<&Benchmark>, UnknownName> {
        if let Some(suite) = self.suites.get(name) {
            return Ok(suite
                .benchmarks
                .iter()
                .map(|name| &self.benchmarks[name])
                .collect());
        }
        self.benchmarks
            .get(name)
            .map(|benchmark| vec![benchmark])
            .ok_or_else(|| self.unknown(name))
    }

    fn unknown(&self, name: &str) -> UnknownName {
        let known = self.suites.keys().chain(self.benchmarks.keys());
        let nearest = known
            .map(|known| (strsim::damerau_levenshtein(known, name), known))
            .min();
        // A third of the letters wrong is a typo; more is another word.
        let guess = match nearest {
            Some((distance, known)) if distance * 3 <= known.len() => {
                format!("did you mean `{known}`? ")
            }
            _ => String::new(),
        };
        UnknownName {
            name: name.to_owned(),
            remedy: format!(
                "{guess}suites: {}; `capbench list` shows every benchmark",
                self.suites.keys().cloned().collect::<Vec<_>>().join(", ")
            ),
        }
    }

    fn check_system(&self, source: &SourceFile, system: &System) -> Checked {
        let Ok(guest) = system.guest.parse::<GuestName>() else {
            return Err(source.error_in(
                &["guest"],
                format!("there is no guest `{}`", system.guest),
                format!("use one of: {}", GuestName::names()),
            ));
        };
        in_range(
            source,
            &["timeout_seconds"],
            system.timeout_seconds,
            1,
            LONGEST_TIMEOUT_SECONDS,
        )?;
        if system.kernel.contains_key("trace_records") {
            return Err(source.error_in(
                &["kernel", "trace_records"],
                "`trace_slots` follows from the benchmarks' record bounds",
                "remove it; `capbench run --parameter trace_slots=N` overrides it for one run",
            ));
        }
        if guest.has_capabilities() {
            check_grants(source, &["init", "grants"], &system.init.grants)?;
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
            if guest.has_capabilities() == profile.grants.is_empty() {
                return Err(source.error_in(
                    &["programs", &at, "authority"],
                    format!("`{}` does not suit guest `{guest}`", profile.name),
                    "name a profile with grants exactly where the guest has capabilities",
                ));
            }
        }
        Ok(())
    }

    fn check_benchmark(&self, source: &SourceFile, benchmark: &Benchmark) -> Checked {
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
        if let Some(gate) = &benchmark.gate {
            for (key, value) in [("percent", gate.percent), ("absolute", gate.absolute)] {
                if !(value.is_finite() && value > 0.0) {
                    return Err(source.error_in(
                        &["gate", key],
                        format!("{value} is no limit"),
                        "use a positive number, or remove the gate",
                    ));
                }
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
            return Err(source.error_in(&["guests"], "no guest", "add a [guests.capos] table"));
        }
        benchmark
            .guests
            .keys()
            .try_for_each(|guest| self.check_mechanism(source, benchmark, guest))
    }

    fn check_mechanism(&self, source: &SourceFile, benchmark: &Benchmark, guest: &str) -> Checked {
        let mechanism = &benchmark.guests[guest];
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

    fn check_suite(&self, source: &SourceFile, suite: &Suite) -> Checked {
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

    fn check_mapping(&self, source: &SourceFile, mapping: &Mapping) -> Checked {
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
                        "no row of `{}` ({:?}) stands beside one of `{name}` ({:?})",
                        mapping.name, numerator.batches, denominator.batches
                    ),
                    "say which do: `batches = [[NUMERATOR, DENOMINATOR]]`",
                ));
            }
        }
        Ok(())
    }
}

type Read<T> = BTreeMap<String, (SourceFile, T)>;

fn values<T: Clone>(read: &Read<T>) -> BTreeMap<String, T> {
    read.iter()
        .map(|(name, (_, value))| (name.clone(), value.clone()))
        .collect()
}

/// Reads every `.toml` below `directory`; a file's path must spell its name.
fn read_all<T: DeserializeOwned>(
    directory: &Path,
    name_of: impl Fn(&T) -> &String,
) -> Result<Read<T>, Box<ManifestError>> {
    let mut definitions = BTreeMap::new();
    for path in toml_files(directory)? {
        let source = SourceFile::read(&path)?;
        let value: T = source.parse()?;
        let expected = path
            .strip_prefix(directory)
            .expect("listed below it")
            .with_extension("")
            .to_string_lossy()
            .into_owned();
        let name = name_of(&value).clone();
        if name != expected {
            return Err(source.error_in(
                &["name"],
                format!("the file's path spells `{expected}`, the name is `{name}`"),
                "rename one of the two",
            ));
        }
        definitions.insert(name, (source, value));
    }
    Ok(definitions)
}

fn toml_files(directory: &Path) -> Result<Vec<PathBuf>, Box<ManifestError>> {
    let unreadable = |error| {
        SourceFile::from_text(directory, "").error_in(
            &[],
            format!("cannot be listed: {error}"),
            "run capbench in a checkout that has a manifests directory, or pass --root",
        )
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            files.extend(toml_files(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::benchmark::tests::NOP;
    use std::fs;

    const PROFILE: &str = r#"
name = "ring-measure"
intent = "x"
grants = [{ name = "boot", source = "boot_package" }, { name = "null", source = "null" }]
denials = [{ name = "unknown-capability", attempt = "x" }]
"#;
    const SYSTEM: &str = r#"
name = "ring"
guest = "capos"
timeout_seconds = 60
init = { binary = "init", grants = [{ name = "boot", source = "boot_package" }] }
[[programs]]
name = "ring-nop"
binary = "ring-nop"
authority = "ring-measure"
"#;
    const SUITE: &str = "name = \"ring\"\nintent = \"x\"\nbenchmarks = [\"ring/nop\"]\n\
                         systems = { capos = [\"ring\"] }\n";
    /// A benchmark beside itself: enough to be refused in every way.
    const MAPPING: &str = "name = \"ring/nop\"\n[[counterparts]]\nbenchmark = \"ring/nop\"\n\
                           difference = \"none\"\n";

    fn load(edit: impl Fn(&str, &str) -> String) -> Result<Catalogue, String> {
        let directory = tempfile::tempdir().unwrap();
        for (path, text) in [
            ("authority/ring-measure.toml", PROFILE),
            ("systems/ring.toml", SYSTEM),
            ("benchmarks/ring/nop.toml", NOP),
            ("suites/ring.toml", SUITE),
            ("mappings/ring/nop.toml", MAPPING),
        ] {
            let file = directory.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, edit(path, text)).unwrap();
        }
        Catalogue::load(directory.path()).map_err(|error| error.to_string())
    }

    const LINUX: &str = r#"
name = "linux"
guest = "linux"
timeout_seconds = 60
programs = []
init = { binary = "init", grants = [] }
[packages]
linux-perf = ["/usr/bin/perf"]
"#;

    #[test]
    fn packages_are_refused_where_no_image_could_hold_them() {
        let checked = |text: &str| {
            let source = SourceFile::from_text("linux.toml", text);
            let system: System = source.parse().unwrap();
            Catalogue::default().check_system(&source, &system)
        };
        checked(LINUX).unwrap();
        let capos = LINUX.replace(
            "grants = []",
            "grants = [{ name = \"boot\", source = \"boot_package\" }]",
        );
        let capos = capos.replace("guest = \"linux\"", "guest = \"capos\"");
        for (text, place, expected, remedy) in [
            (
                capos,
                "7:1",
                "guest `capos` takes no packages",
                "guest `linux`",
            ),
            (
                LINUX.replace("/usr/bin/perf", "bin/perf"),
                "8:15",
                "`bin/perf` is no absolute path of a file",
                "`/usr/bin/perf`",
            ),
            (
                LINUX.replace("/usr/bin/perf", "/usr/../init"),
                "8:15",
                "`/usr/../init` is no absolute path of a file",
                "without `..`",
            ),
            (
                LINUX.replace("\"/usr/bin/perf\"", ""),
                "8:14",
                "no program of `linux-perf` is asked for",
                "list",
            ),
            (
                LINUX.replace("linux-perf", "--help"),
                "8:10",
                "`--help` is not the name of a package",
                "apt",
            ),
        ] {
            let error = checked(&text).unwrap_err();
            let place = format!("linux.toml:{place}: {expected}");
            assert!(error.to_string().starts_with(&place), "{error}");
            let help = error.help().unwrap().to_string();
            assert!(help.contains(remedy), "{help}");
        }
    }

    #[test]
    fn a_system_without_packages_serialises_as_it_always_did() {
        let with: System = toml::from_str(LINUX).unwrap();
        let without = System {
            packages: BTreeMap::new(),
            ..with.clone()
        };
        let keys = |system: &System| {
            serde_json::to_value(system)
                .unwrap()
                .get("packages")
                .cloned()
        };
        assert!(keys(&with).is_some());
        assert_eq!(keys(&without), None);
    }

    fn refused(file: &'static str, from: &'static str, to: &'static str) -> String {
        load(|path, text| {
            if path == file {
                assert!(text.contains(from), "{file} has no `{from}`");
                text.replace(from, to)
            } else {
                text.to_owned()
            }
        })
        .unwrap_err()
    }

    #[test]
    fn the_unedited_fixture_loads() {
        let catalogue = load(|_, text| text.to_owned()).unwrap();
        assert_eq!(catalogue.select("ring").unwrap()[0].name, "ring/nop");
        assert_eq!(catalogue.select("ring/nop").unwrap().len(), 1);
    }

    #[test]
    fn a_misspelt_suite_suggests_the_nearest_and_lists_the_rest() {
        let error = load(|_, text| text.to_owned())
            .unwrap()
            .select("rign")
            .unwrap_err();
        let help = error.help().unwrap().to_string();
        assert!(help.contains("did you mean `ring`?"), "{help}");
        let error = load(|_, text| text.to_owned())
            .unwrap()
            .select("database")
            .unwrap_err();
        assert!(!error.help().unwrap().to_string().contains("did you mean"));
    }

    #[test]
    fn every_rule_refuses_at_its_place() {
        let nop = "benchmarks/ring/nop.toml";
        let (suite, mapping) = ("suites/ring.toml", "mappings/ring/nop.toml");
        for (file, from, to, expected) in [
            (
                suite,
                "capos = [\"ring\"]",
                "capos = []",
                "no system for guest `capos`",
            ),
            (
                suite,
                "capos = [\"ring\"]",
                "capos = [\"rign\"]",
                "there is no system of guest `capos` named `rign`",
            ),
            (
                suite,
                "capos = [\"ring\"]",
                "linux = [\"ring\"]",
                "there is no system of guest `linux` named `ring`",
            ),
            (
                mapping,
                "benchmark = \"ring/nop\"",
                "benchmark = \"ring/nap\"",
                "there is no benchmark `ring/nap`",
            ),
            (mapping, "\"none\"", "\" \"", "must not be empty"),
            (
                mapping,
                "difference",
                "batches = [[1, 7]]\ndifference",
                "no row of `ring/nop` ([1, 16]) stands beside one of `ring/nop`",
            ),
            (
                nop,
                "\"ring/nop\"",
                "\"ring/pon\"",
                "nop.toml:2:8: the file's path spells `ring/nop`",
            ),
            (
                nop,
                "tier = 1",
                "tier = 5",
                "nop.toml:3:8: 5 is out of range",
            ),
            (
                nop,
                "[1, 16]",
                "[1, 1]",
                "nop.toml:7:15: batch size 1 twice",
            ),
            (
                nop,
                "samples = 10",
                "samples = 1000000",
                "could commit more than",
            ),
            (nop, "\"tsc_ticks\"", "\"ns\"", "`ns` is not known here"),
            (
                nop,
                "ring-measure",
                "ring-all",
                "there is no authority profile `ring-all`",
            ),
            (
                nop,
                "\"ring-nop\"",
                "\"ring-pon\"",
                "there is no program `ring-pon`",
            ),
            (
                nop,
                "operation = \"nop\"",
                "operation = \"a:b\"",
                "`a:b` is not a plain name",
            ),
            (
                nop,
                "[guests.capos]",
                "[guests.linux]",
                "boots on `capos`, not on `linux`",
            ),
            (
                nop,
                "difference = \"d\"",
                "difference = \" \"",
                "must not be empty",
            ),
            (
                "suites/ring.toml",
                "ring/nop",
                "ring/pon",
                "there is no benchmark `ring/pon`",
            ),
            (
                "systems/ring.toml",
                "\"capos\"",
                "\"plan9\"",
                "there is no guest `plan9`",
            ),
            (
                "systems/ring.toml",
                "\"boot_package\" }] }",
                "\"boot_package\" }, { name = \"n\", source = \"null\" }] }",
                "refused for init",
            ),
            (
                "authority/ring-measure.toml",
                "attempt = \"x\"",
                "attempt = \"\"",
                "must not be empty",
            ),
            (
                "authority/ring-measure.toml",
                "source = \"null\"",
                "source = \"root\"",
                "`root` is not known here",
            ),
            (
                "authority/ring-measure.toml",
                "name = \"boot\"",
                "name = \"root\"",
                "the first grant must be",
            ),
        ] {
            let error = refused(file, from, to);
            assert!(error.contains(expected), "{to}: {error}");
        }
    }
}
