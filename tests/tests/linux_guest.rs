//! The Linux guest end to end: exact to the last byte, beside the capOS guest in one
//! matrix, and missing in a way that everybody can understand.

use capbench_results::{
    BenchmarkResult, ComparisonOutcome, NoRatioReason, Outcome, Results, Status,
};
use capbench_tests::checkout::Checkout;
use capbench_tests::command::{Said, capbench, run};
use capbench_tests::source_copy::repository;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

fn results(checkout: &Checkout) -> Results {
    let text = fs::read_to_string(checkout.latest_run().join("results.json")).unwrap();
    Results::from_json(&text).unwrap_or_else(|error| panic!("{error}"))
}

/// Hashes of the raw streams of the newest run, one for each boot.
fn streams(checkout: &Checkout) -> Vec<String> {
    let text = fs::read_to_string(checkout.latest_run().join("run.json")).unwrap();
    let record: serde_json::Value = serde_json::from_str(&text).unwrap();
    let boots = record["boots"].as_array().unwrap().iter();
    boots
        .map(|boot| boot["capture"]["sha256"].as_str().unwrap().to_owned())
        .collect()
}

/// Keeps every core busy until it is dropped.
struct Load<'a>(&'a AtomicBool);

impl Drop for Load<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn ten_exact_boots_are_identical_two_of_them_on_a_loaded_host() {
    let boot = |boots: &str| {
        let checkout = Checkout::new().unwrap();
        let options = [
            "run",
            "ring",
            "--guest=linux",
            "--variant=samples",
            "--no-native",
            "--quiet",
            "--boots",
            boots,
        ];
        let command = capbench(&checkout, &options);
        let said = run(command);
        assert_eq!(said.status, 0, "{}", said.text);
        streams(&checkout)
    };
    let mut hashes = boot("8");
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let _load = Load(&stop);
        for _ in 0..2 * thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        hashes.extend(boot("2"));
    });
    assert_eq!(hashes.len(), 10);
    let distinct: BTreeSet<&String> = hashes.iter().collect();
    assert_eq!(distinct.len(), 1, "{hashes:?}");
}

#[test]
fn both_guests_stand_in_one_matrix_with_their_instruments() {
    let checkout = Checkout::new().unwrap();
    let options = ["run", "stock", "--boots=1", "--no-audit", "--quiet"];
    let said = run(capbench(&checkout, &options));
    assert_eq!(said.status, 0, "{}", said.text);
    let results = results(&checkout);
    for row in &results.results {
        assert_eq!(
            row.status(),
            Status::Passed,
            "{}: {}",
            row.benchmark_name,
            said.text
        );
    }
    // Each of six pairs of benchmarks at two batch sizes, beside two systems.
    assert_eq!(results.comparisons.len(), 6 * 2 * 2);
    for comparison in &results.comparisons {
        let ComparisonOutcome::Ratio(ratio) = &comparison.outcome else {
            panic!("{comparison:?}")
        };
        assert!(ratio.value > 0.0);
        assert_eq!(comparison.numerator.guest, "capos");
        assert_eq!(comparison.denominator.guest, "linux");
    }
    let linux = results.results.iter().filter(|row| row.guest == "linux");
    for row in linux {
        assert_watched(row);
    }
    assert_eq!(results.context.len(), 6, "the native column");
    assert!(
        said.text.contains("instruction ratio (not time)"),
        "{}",
        said.text
    );
}

/// Markers and an exact count were judged; the task clock too, or it says why not (a
/// kernel thread may have had the CPU inside the loop); and both further passes say
/// what they cost.
fn assert_watched(row: &BenchmarkResult) {
    let name = &row.benchmark_name;
    let Outcome::Passed(measurement) = &row.outcome else {
        panic!("{name}")
    };
    for (pass, always_judged) in [("samples", true), ("counts", true), ("perf", false)] {
        let mut of_pass = measurement.instruments.iter().filter(|a| a.pass == pass);
        let agreement = of_pass.next().unwrap_or_else(|| panic!("{name}: {pass}"));
        let judged = agreement.agreed > 0;
        assert!(judged || !always_judged, "{name}: {agreement:?}");
    }
    assert_eq!(measurement.perturbations.len(), 2, "{name}");
}

/// A directory with programs in place of the distribution's, in front of the rest.
struct Tools(tempfile::TempDir);

impl Tools {
    fn new(programs: &[(&str, &str)]) -> Tools {
        let directory = tempfile::tempdir().unwrap();
        for (name, script) in programs {
            let path = directory.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::create_dir(directory.path().join("cache")).unwrap();
        Tools(directory)
    }

    /// With an empty cache.
    fn run(&self, checkout: &Checkout, options: &[&str]) -> Said {
        let mut command: Command = capbench(checkout, options);
        let path = std::env::var("PATH").unwrap();
        command
            .env("PATH", format!("{}:{path}", self.0.path().display()))
            .env("CAPBENCH_CACHE", self.0.path().join("cache"));
        run(command)
    }
}

const NO_NETWORK: &str = "echo 'E: Unable to locate package' >&2; exit 100";

#[test]
fn without_any_kernel_linux_is_unsupported_and_the_rest_runs() {
    let tools = Tools::new(&[("apt-get", NO_NETWORK), ("apt-cache", NO_NETWORK)]);
    let checkout = Checkout::new().unwrap();
    let options = ["run", "ring", "--boots=1", "--variant=samples", "--quiet"];
    let said = tools.run(&checkout, &options);
    assert_eq!(said.status, 0, "{}", said.text);
    assert_eq!(
        said.text.matches("--kernel FILE").count(),
        1,
        "{}",
        said.text
    );
    let results = results(&checkout);
    for row in &results.results {
        match (row.guest.as_str(), &row.outcome) {
            ("capos", Outcome::Passed(_)) => {}
            ("linux", Outcome::Unsupported(refusal)) => {
                assert_eq!(refusal.reason.as_str(), "noGuestImage");
                assert!(
                    refusal.detail.contains("no kernel image"),
                    "{}",
                    refusal.detail
                );
                assert!(
                    refusal.detail.contains("--kernel FILE"),
                    "{}",
                    refusal.detail
                );
            }
            other => panic!("{}: {other:?}", row.benchmark_name),
        }
    }
    for comparison in &results.comparisons {
        let ComparisonOutcome::None(refusal) = &comparison.outcome else {
            panic!("{comparison:?}")
        };
        assert_eq!(refusal.reason, NoRatioReason::NotMeasured);
    }
}

/// What keeping the counts takes of memory is new to a process only the first time.
#[test]
fn page_faults_of_the_instrument_itself_are_no_rows() {
    let checkout = Checkout::new().unwrap();
    let options = [
        "run",
        "linux/mmap-touch-munmap",
        "--boots=1",
        "--variant=samples",
        "--variant=counts",
        "--no-native",
        "--quiet",
    ];
    let said = run(capbench(&checkout, &options));
    assert_eq!(said.status, 0, "{}", said.text);
}

/// The kernel that is fetched first on this host's release of its distribution.
fn first_pin() -> Option<String> {
    let list = repository().join("reference-guests/linux/kernels.toml");
    let list: toml::Table = toml::from_str(&fs::read_to_string(list).unwrap()).unwrap();
    let host = fs::read_to_string("/etc/os-release").unwrap();
    let releases = list["release"].as_array().unwrap();
    let mut fitting = releases.iter().filter(|release| {
        let codename = release.get("codename").and_then(|name| name.as_str());
        codename.is_some_and(|name| host.contains(&format!("VERSION_CODENAME={name}\n")))
    });
    let pin = &fitting.next()?["kernel"][0]["sha256"];
    Some(pin.as_str().unwrap().to_owned())
}

#[test]
fn a_package_that_is_not_the_pinned_one_is_refused_with_both_hashes() {
    let Some(pinned) = first_pin() else {
        eprintln!("skipped: no kernel is pinned for this host's release");
        return;
    };
    let download = "case \"$*\" in *download*) echo forged > linux-image.deb;; *) exit 1;; esac";
    let tools = Tools::new(&[("apt-get", download), ("apt-cache", NO_NETWORK)]);
    let checkout = Checkout::new().unwrap();
    let options = ["run", "ring", "--guest=linux", "--boots=1", "--quiet"];
    let said = tools.run(&checkout, &options);
    assert_eq!(said.status, 1, "{}", said.text);
    // Of the text that the stub leaves, with its newline.
    let forged = "0ab55839dc48167751feca67b9256a6a088bc4d6787e91697c4f6aaae5753d7b";
    for hash in [pinned.as_str(), forged] {
        assert!(said.text.contains(hash), "{hash}: {}", said.text);
    }
    assert!(!checkout.latest_run().exists(), "nothing was booted");
}

/// The kernel that other tests of this file boot.
fn cached_kernel() -> PathBuf {
    let shared = std::env::var_os("CAPBENCH_CACHE").map(PathBuf::from);
    let cache = shared.unwrap_or_else(|| repository().join("target/guests/linux"));
    let entries = fs::read_dir(cache.join("kernels"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut kernels = entries
        .map(|entry| entry.join("kernel"))
        .filter(|path| path.is_file());
    kernels.next().expect("a Linux guest was built")
}

#[test]
fn a_kernel_of_the_users_own_is_another_series_and_says_so() {
    let checkout = Checkout::new().unwrap();
    let options = |kernel: Option<&Path>| {
        let mut options = vec![
            "run".to_owned(),
            "linux/null-syscall".to_owned(),
            "--boots=1".to_owned(),
            "--variant=samples".to_owned(),
            "--no-native".to_owned(),
            "--quiet".to_owned(),
        ];
        options.extend(kernel.map(|kernel| format!("--kernel={}", kernel.display())));
        options
    };
    let row = |kernel: Option<&Path>| {
        let options = options(kernel);
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let said = run(capbench(&checkout, &options));
        assert_eq!(said.status, 0, "{}", said.text);
        results(&checkout).results.remove(0)
    };
    let pinned = row(None);
    assert!(pinned.notes.contains("linux-image-"), "{}", pinned.notes);
    let copy = tempfile::NamedTempFile::new().unwrap();
    let mut bytes = fs::read(cached_kernel()).unwrap();
    // The same kernel in another file: only its place in the series can differ.
    bytes.push(0);
    fs::write(copy.path(), bytes).unwrap();
    let own = row(Some(copy.path()));
    assert!(own.notes.contains("unpinned"), "{}", own.notes);
    assert_ne!(own.config_hash, pinned.config_hash);
}
