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

const GATE: &str = "name = \"ring/nop\"\npercent = 0.25\nabsolute = 2\n\
                    [hard_cap.capos]\n1 = 400\n\
                    [review]\nabove_percent = 5\nreason = \"x\"\n";

fn load(edit: impl Fn(&str, &str) -> String) -> Result<Catalogue, Box<ManifestError>> {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("authority/ring-measure.toml", PROFILE),
        ("systems/ring.toml", SYSTEM),
        ("benchmarks/ring/nop.toml", NOP),
        ("suites/ring.toml", SUITE),
        ("mappings/ring/nop.toml", MAPPING),
        ("gates/ring/nop.toml", GATE),
    ] {
        let file = directory.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, edit(path, text)).unwrap();
    }
    Catalogue::load(directory.path())
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
fn a_system_that_gives_other_authority_cannot_stand_in() {
    let mut catalogue = load(|_, text| text.to_owned()).unwrap();
    let mut other = catalogue.systems["ring"].clone();
    other.name = "other".into();
    other.programs[0].authority = "more".into();
    catalogue.systems.insert(other.name.clone(), other);
    let text = SUITE.replace("[\"ring\"] }", "[\"other\"] }");
    let source = SourceFile::from_text("ring.toml", &text);
    let suite: Suite = source.parse().unwrap();
    let error = catalogue.check_suite(&source, &suite).unwrap_err();
    let expected = "`other` has no program `ring-nop` with the authority profile `ring-measure`";
    assert!(error.to_string().contains(expected), "{error}");
}

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
            "these guests hold files: linux",
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

fn load_edited(file: &str, from: &str, to: &str) -> Result<Catalogue, Box<ManifestError>> {
    load(|path, text| {
        if path == file {
            assert!(text.contains(from), "{file} has no `{from}`");
            text.replace(from, to)
        } else {
            text.to_owned()
        }
    })
}

fn refused(file: &str, from: &str, to: &str) -> String {
    load_edited(file, from, to).unwrap_err().to_string()
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
    let system = "systems/ring.toml";
    for (file, from, to, expected) in [
        (
            system,
            "[[programs]]",
            "[[children]]\nname = \"ring-nop\"\nbinary = \"x\"\n[[programs]]",
            "`ring-nop` is used twice",
        ),
        (
            system,
            "[[programs]]",
            "[[children]]\nname = \"x\"\nbinary = \"leaf\"\n\
             grants = [{ name = \"x\", source = \"nul\" }]\n[[programs]]",
            "`nul` is not known here",
        ),
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
            suite,
            "capos = [\"ring\"]",
            "capso = [\"ring\"]",
            "ring.toml:4:21: there is no guest `capso`",
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
            "no row of `ring/nop` ([1, 16]) has a counterpart in `ring/nop`",
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
            "tier = 1",
            "tier = 1\nsmokes = [\"tier0/boot\"]",
            "nop.toml:4:11: there is no smoke `tier0/boot`",
        ),
        (
            nop,
            "tier = 1",
            "tier = 1\nsmokes = [\"ring/nop\"]",
            "there is no smoke `ring/nop`",
        ),
        (
            nop,
            "tier = 1",
            "tier = 0\nsmokes = [\"ring/nop\"]",
            "a smoke stands on no other",
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

/// File, text, its replacement, message, and the nearest known word or the known ones.
const UNKNOWN_WORDS: [[&str; 5]; 15] = [
    [
        "benchmarks/ring/nop.toml",
        "checks = [\"result\"]",
        "checks = [\"result\", \"ordr\"]",
        "there is no check `ordr`",
        "did you mean `order`?",
    ],
    [
        "benchmarks/ring/nop.toml",
        "parser = 1",
        "parser = 2",
        "nop.toml:14:10: there is no parser version 2",
        "use one of: 1",
    ],
    [
        "benchmarks/ring/nop.toml",
        "parser = 1",
        "parser = 1\nrequires = [\"ring\", \"endpiont\"]",
        "nop.toml:15:21: there is no subsystem `endpiont`",
        "did you mean `endpoint`?",
    ],
    [
        "benchmarks/ring/nop.toml",
        "parser = 1",
        "parser = 1\ncorpus = { name = \"prose\", sha256 = \
         \"0000000000000000000000000000000000000000000000000000000000000000\" }",
        "nop.toml:15:19: there is no corpus `prose`",
        "none is known yet",
    ],
    [
        "benchmarks/ring/nop.toml",
        "[guests.capos]",
        "[guests.capso]",
        "there is no guest `capso`",
        "did you mean `capos`?",
    ],
    [
        "benchmarks/ring/nop.toml",
        "\"ring-nop\"",
        "\"ring-nap\"",
        "nop.toml:18:11: there is no program `ring-nap`",
        "did you mean `ring-nop`?",
    ],
    [
        "benchmarks/ring/nop.toml",
        "system = \"ring\"",
        "system = \"rign\"",
        "nop.toml:17:10: there is no system `rign`",
        "did you mean `ring`?",
    ],
    [
        "systems/ring.toml",
        "guest = \"capos\"",
        "guest = \"capso\"",
        "ring.toml:3:9: there is no guest `capso`",
        "did you mean `capos`?",
    ],
    [
        "systems/ring.toml",
        "binary = \"ring-nop\"",
        "binary = \"ring-nap\"",
        "ring.toml:8:10: there is no binary of guest `capos` named `ring-nap`",
        "did you mean `ring-nop`?",
    ],
    [
        "systems/ring.toml",
        "binary = \"init\"",
        "binary = \"kernel\"",
        "there is no binary of guest `capos` named `kernel`",
        "use one of: init, ring-nop",
    ],
    [
        "systems/ring.toml",
        "[[programs]]",
        "[[children]]\nname = \"x\"\nbinary = \"leef\"\n[[programs]]",
        "ring.toml:8:10: there is no binary of guest `capos` named `leef`",
        "did you mean `leaf`?",
    ],
    [
        "systems/ring.toml",
        "[[programs]]",
        "[kernel]\ntransprot = \"virtio\"\n[[programs]]",
        "ring.toml:7:13: there is no kernel parameter of guest `capos` named `transprot`",
        "did you mean `transport`?",
    ],
    [
        "systems/ring.toml",
        "[[programs]]",
        "[kernel]\ntransport = \"virtoi\"\n[[programs]]",
        "ring.toml:7:13: `virtoi` is not known here",
        "did you mean `virtio`?",
    ],
    [
        "systems/ring.toml",
        "[[programs]]",
        "[kernel]\ntrace_slots = \"64\"\n[[programs]]",
        "ring.toml:7:15: `trace_slots` follows from the benchmarks' record bounds",
        "--parameter trace_slots=N",
    ],
    [
        "authority/ring-measure.toml",
        "source = \"null\"",
        "source = \"nul\"",
        "`nul` is not known here",
        "did you mean `null`?",
    ],
];

#[test]
fn a_word_that_nothing_knows_is_refused_with_the_nearest_that_is_known() {
    for [file, from, to, expected, remedy] in UNKNOWN_WORDS {
        let error = load_edited(file, from, to).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(expected), "{to}: {message}");
        let help = error.help().unwrap().to_string();
        assert!(help.contains(remedy), "{to}: {help}");
    }
}

#[test]
fn a_subsystem_that_no_guest_has_yet_may_be_required() {
    let required = "parser = 1\nrequires = [\"ring_tap\"]";
    load_edited("benchmarks/ring/nop.toml", "parser = 1", required).unwrap();
}

#[test]
fn grants_on_a_guest_without_capabilities_are_refused() {
    let child = "[[children]]\nname = \"x\"\nbinary = \"init\"\n\
                 grants = [{ name = \"x\", source = \"null\" }]\n";
    let init = LINUX.replace(
        "grants = []",
        "grants = [{ name = \"x\", source = \"console\" }]",
    );
    for text in [init, format!("{LINUX}{child}")] {
        let source = SourceFile::from_text("linux.toml", &text);
        let system: System = source.parse().unwrap();
        let error = Catalogue::default()
            .check_system(&source, &system)
            .unwrap_err();
        let expected = "grants on a guest without capabilities";
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn a_gate_allows_the_larger_of_its_limits_and_a_benchmark_without_one_half_a_percent() {
    let catalogue = load(|_, text| text.to_owned()).unwrap();
    let gate = catalogue.gate("ring/nop");
    assert_eq!(gate.allowance(400.0), 2.0);
    assert_eq!(gate.allowance(4000.0), 10.0);
    assert_eq!(catalogue.gate("ring/other").allowance(1000.0), 5.0);
}

#[test]
fn limits_that_no_row_has_or_that_are_no_distance_are_refused() {
    for (from, to, expected) in [
        ("ring/nop", "ring/nup", "the name is `ring/nup`"),
        ("percent = 0.25", "percent = -1", "-1 is no limit"),
        ("absolute = 2", "absolute = nan", "NaN is no limit"),
        ("capos", "linux", "linux"),
        ("1 = 400", "2 = 400", "batch size"),
        ("reason = \"x\"", "reason = \" \"", "must not be empty"),
        ("percent = 0.25", "procent = 0.25", "unknown field"),
    ] {
        let edit = |path: &str, text: &str| match path.starts_with("gates/") {
            true => text.replace(from, to),
            false => text.to_owned(),
        };
        let error = load(edit).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}
