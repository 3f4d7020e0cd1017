//! `tools/first-run.sh` and its siblings change nothing that is installed. The package
//! manager is a stand-in that answers in apt's words and keeps what it was asked.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

use capbench_tests::command::{Said, run};
use capbench_tests::source_copy::repository;
use tempfile::TempDir;

/// What the scripts use of any system, and no package manager is among them.
const TOOLS: [&str; 16] = [
    "awk", "bash", "cat", "cmp", "cp", "dirname", "env", "grep", "mkdir", "mktemp", "readlink",
    "rm", "sed", "sh", "touch", "true",
];

/// `apt-get --simulate` on a system whose `qemu-utils` is from another release.
const LOSSES: &str = "\
Remv qemu-utils [1:10.0.2+ds-2+deb13u1~bpo12+1]
Inst libgbm1 [22.3.6-1+deb12u1] (22.3.6-1+deb12u2 Debian:12.15/oldstable [amd64])
Inst seabios (1.16.2-1 Debian:12.15/oldstable [all])
Inst qemu-system-x86 (1:7.2+dfsg-7+deb12u18+b3 Debian:12.15/oldstable [amd64])";

/// The same where it only adds.
const ADDITIONS: &str = "\
Inst seabios (1.16.2-1 Debian:12.15/oldstable [all])
Inst qemu-system-x86 (1:7.2+dfsg-7+deb12u18+b3 Debian:12.15/oldstable [amd64])
Conf seabios (1.16.2-1 Debian:12.15/oldstable [all])";

const UNKNOWN: &str = "E: Unable to locate package qemu-system-x86";

const GONE: &str = "\
E: Failed to fetch http://mirror.example/debian/pool/main/q/qemu/x.deb  404  Not Found [IP: 192.0.2.1 80]
E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?";

const LOCKED: &str = "\
E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)";

/// A system of which only the programs on `PATH` are seen.
struct System(TempDir);

impl System {
    /// Root, a compiler, and an apt that answers each of its steps with a piece of
    /// shell: `simulate`, `download`, `install`, `update`.
    fn new(steps: &[(&str, String)]) -> Self {
        let system = Self(tempfile::tempdir().unwrap());
        fs::create_dir(system.bin()).unwrap();
        for tool in TOOLS {
            symlink(real(tool), system.bin().join(tool)).unwrap();
        }
        let steps: String = steps
            .iter()
            .map(|(step, answer)| format!("{step}) {answer} ;;\n"))
            .collect();
        let place = system.0.path().display().to_string();
        system
            .with(
                "apt-get",
                &format!(
                    "cd {place}
echo \"$*\" >> asked
step=install
for word; do
    case $word in
    --simulate) step=simulate ;;
    --download-only) step=download ;;
    update) step=update ;;
    esac
done
case $step in
{steps}
esac"
                ),
            )
            .with("id", "echo 0")
            .with("cc", "exit 0")
    }

    fn with(self, program: &str, script: &str) -> Self {
        let path = self.bin().join(program);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        self
    }

    fn without(self, program: &str) -> Self {
        fs::remove_file(self.bin().join(program)).unwrap();
        self
    }

    fn bin(&self) -> PathBuf {
        self.0.path().join("bin")
    }

    fn command(&self, program: &str, script: &str) -> Command {
        let mut command = Command::new(real(program));
        command
            .arg(repository().join(script))
            .env("PATH", self.bin())
            .env("CARGO_TARGET_DIR", self.0.path().join("target"))
            .env_remove("CAPBENCH_QEMU");
        command
    }

    fn first_run(&self) -> Said {
        let mut command = self.command("sh", "tools/first-run.sh");
        command.arg("--packages");
        run(command)
    }

    /// What apt was asked, in order.
    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.0.path().join("asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }

    /// What apt was asked that changes something.
    fn changes(&self) -> Vec<String> {
        let asked = self.asked().into_iter();
        asked.filter(|line| !line.contains("--simulate")).collect()
    }

    fn updates(&self) -> usize {
        let asked = self.asked();
        asked.iter().filter(|line| line.contains("update")).count()
    }
}

fn real(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    std::env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("{program} is on PATH"))
}

fn says(text: &str) -> String {
    format!("cat <<'TEXT'\n{text}\nTEXT\n")
}

fn fails(text: &str) -> String {
    format!("{}exit 100", says(text))
}

/// Puts a program in place, as a package would.
fn brings(program: &str) -> String {
    format!("cp bin/id bin/{program}")
}

const QEMU: &str = "qemu-system-x86_64";
const WITHOUT_INSTALLING: &str = "CAPBENCH_QEMU=$(sh tools/qemu.sh) make run-measure";

#[test]
fn a_system_that_has_everything_is_not_even_asked() {
    let system = System::new(&[]).with(QEMU, "exit 0");
    let said = system.first_run();
    assert_eq!((said.status, said.text.as_str()), (0, ""));
    assert!(system.asked().is_empty());
}

#[test]
fn what_is_missing_is_added_by_calls_that_can_remove_and_upgrade_nothing() {
    let system = System::new(&[("simulate", says(ADDITIONS)), ("install", brings(QEMU))]);
    let said = system.first_run();
    assert_eq!(said.status, 0, "{}", said.text);
    let changes = system.changes();
    assert_eq!(
        changes.len(),
        2,
        "a download and an installation: {changes:?}"
    );
    for change in changes {
        for option in ["--no-remove", "--no-upgrade", "--no-install-recommends"] {
            assert!(change.contains(option), "{change}");
        }
    }
}

#[test]
fn an_installation_with_losses_is_named_and_not_begun() {
    let system = System::new(&[("simulate", says(LOSSES)), ("install", brings(QEMU))]);
    let said = system.first_run();
    assert_eq!(said.status, 1, "{}", said.text);
    assert!(system.changes().is_empty(), "{:?}", system.changes());
    assert_eq!(system.asked().len(), 1, "and not asked again");
    for part in [
        "removed:  qemu-utils\n",
        "upgraded: libgbm1\n",
        "\n  apt-get install --no-install-recommends qemu-system-x86\n",
        WITHOUT_INSTALLING,
    ] {
        assert!(said.text.contains(part), "{}", said.text);
    }
    assert!(!said.text.contains("seabios"), "{}", said.text);
}

#[test]
fn lists_that_do_not_know_a_package_are_fetched_once() {
    let known = format!(
        "[ -e lists ] || {{ {}; }}; {}",
        fails(UNKNOWN),
        says(ADDITIONS)
    );
    let steps = [
        ("simulate", known),
        ("update", "touch lists".to_owned()),
        ("install", brings(QEMU)),
    ];
    let system = System::new(&steps);
    let said = system.first_run();
    assert_eq!(said.status, 0, "{}", said.text);
    assert_eq!(system.updates(), 1);

    let system = System::new(&[("simulate", fails(UNKNOWN))]);
    let said = system.first_run();
    assert_eq!(said.status, 1, "{}", said.text);
    assert_eq!(system.updates(), 1);
    for part in [UNKNOWN, WITHOUT_INSTALLING] {
        assert!(said.text.contains(part), "{}", said.text);
    }
}

#[test]
fn lists_that_name_a_file_that_is_gone_are_fetched_once() {
    let there = format!("[ -e lists ] || {{ {}; }}", fails(GONE));
    let steps = [
        ("simulate", says(ADDITIONS)),
        ("download", there),
        ("update", "touch lists".to_owned()),
        ("install", brings(QEMU)),
    ];
    let system = System::new(&steps);
    let said = system.first_run();
    assert_eq!(said.status, 0, "{}", said.text);
    assert_eq!(system.updates(), 1);
}

#[test]
fn losses_that_only_fresh_lists_show_are_refused_too() {
    let lists = format!(
        "[ -e lists ] || {{ {}; }}; {}",
        fails(UNKNOWN),
        says(LOSSES)
    );
    let system = System::new(&[("simulate", lists), ("update", "touch lists".to_owned())]);
    let said = system.first_run();
    assert_eq!(said.status, 1, "{}", said.text);
    assert!(said.text.contains("qemu-utils"), "{}", said.text);
    let changes = system.changes();
    assert_eq!(changes.len(), 1, "lists only: {changes:?}");
}

#[test]
fn any_other_failure_is_shown_in_apts_words_and_not_tried_again() {
    for step in ["simulate", "download", "install"] {
        let mut steps = vec![(step, fails(LOCKED))];
        if step != "simulate" {
            steps.push(("simulate", says(ADDITIONS)));
        }
        let system = System::new(&steps);
        let said = system.first_run();
        assert_eq!(said.status, 1, "{}", said.text);
        assert!(said.text.contains(LOCKED), "{}", said.text);
        assert_eq!(system.updates(), 0, "{step}");
        let asked = system.asked();
        let times = asked.iter().filter(|line| line.contains("--simulate"));
        assert_eq!(times.count(), 1, "{step}: {asked:?}");
    }
}

#[test]
fn without_root_nothing_is_asked_and_the_lines_to_type_are_printed() {
    let password = "echo 'sudo: a password is required' >&2; exit 1";
    for system in [System::new(&[]), System::new(&[]).with("sudo", password)] {
        let system = system.with("id", "echo 1000");
        let said = system.first_run();
        assert_eq!(said.status, 1, "{}", said.text);
        assert!(system.asked().is_empty());
        for line in [
            "sudo apt-get install --no-install-recommends qemu-system-x86",
            "sudo dnf install qemu-system-x86-core",
            "sudo pacman -S qemu-system-x86",
            WITHOUT_INSTALLING,
        ] {
            assert!(said.text.contains(line), "{}", said.text);
        }
    }
}

#[test]
fn with_sudo_that_asks_for_no_password_packages_are_added_by_it() {
    let system = System::new(&[("simulate", says(ADDITIONS)), ("install", brings(QEMU))])
        .with("id", "echo 1000")
        .with(
            "sudo",
            "[ \"$1\" = -n ] || exit 1; shift; echo sudo >> \"$0.used\"; exec \"$@\"",
        );
    let said = system.first_run();
    assert_eq!(said.status, 0, "{}", said.text);
    let used = fs::read_to_string(system.bin().join("sudo.used")).unwrap();
    assert_eq!(used.lines().count(), 3, "tried, download, installation");
}

#[test]
fn a_system_without_compiler_and_emulator_gets_both_at_once() {
    let both = format!("{}; {}", brings(QEMU), brings("cc"));
    let system = System::new(&[("simulate", says(ADDITIONS)), ("install", both)]).without("cc");
    let said = system.first_run();
    assert_eq!(said.status, 0, "{}", said.text);
    let installed = system.changes().pop().unwrap();
    assert!(
        installed.ends_with("gcc libc6-dev qemu-system-x86"),
        "{installed}"
    );
}

#[test]
fn a_compiler_that_cannot_link_is_missing_its_library() {
    let cannot = "echo 'ld: cannot find crti.o: No such file or directory' >&2; exit 1";
    let system = System::new(&[("simulate", says(ADDITIONS)), ("install", brings("cc"))])
        .with("cc", cannot)
        .with(QEMU, "exit 0");
    let said = system.first_run();
    assert_eq!(said.status, 0, "{}", said.text);
    let installed = system.changes().pop().unwrap();
    assert!(installed.ends_with("gcc libc6-dev"), "{installed}");
}

#[test]
fn a_qemu_that_is_named_needs_no_installed_one_and_must_be_a_program() {
    let system = System::new(&[]).with("my-qemu", "exit 0");
    let mut command = system.command("sh", "tools/first-run.sh");
    command.arg("--packages");
    command.env("CAPBENCH_QEMU", system.bin().join("my-qemu"));
    let said = run(command);
    assert_eq!((said.status, said.text.as_str()), (0, ""));

    let mut command = system.command("sh", "tools/first-run.sh");
    command.arg("--packages");
    command.env("CAPBENCH_QEMU", "/no/such/qemu");
    let said = run(command);
    assert_eq!(said.status, 1);
    assert!(said.text.contains("/no/such/qemu"), "{}", said.text);
    assert!(system.asked().is_empty());
}

#[test]
fn a_test_component_with_losses_costs_only_its_own_tests() {
    let losses = format!(
        "case \"$*\" in *chromium*) {} ;; *) {} ;; esac",
        says(LOSSES),
        says(ADDITIONS)
    );
    let system = System::new(&[("simulate", losses)]);
    let said = run(system.command("sh", "tools/deps-test.sh"));
    assert_eq!(said.status, 1, "{}", said.text);
    assert!(said.text.contains("will be skipped"), "{}", said.text);
    let changes = system.changes();
    assert!(!changes.iter().any(|line| line.contains("chromium")));
    assert!(changes.iter().any(|line| line.ends_with("capnproto")));
    assert_eq!(system.updates(), 0);
}

#[test]
fn continuous_integration_unpacks_a_qemu_where_one_cannot_be_installed() {
    let system = System::new(&[("simulate", says(LOSSES))])
        .with("make", "echo \"make $* with $CAPBENCH_QEMU\"");
    // Fetched before: a stand-in for what `tools/qemu.sh` unpacks.
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let mut lines = release.lines();
    let codename = lines.find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let unpacked = system
        .0
        .path()
        .join("target/qemu")
        .join(codename.unwrap_or(""));
    fs::create_dir_all(&unpacked).unwrap();
    fs::copy(system.bin().join("cc"), unpacked.join(QEMU)).unwrap();

    let said = run(system.command("bash", ".ci/run"));
    assert_eq!(said.status, 0, "{}", said.text);
    let expected = format!("make test with {}", unpacked.join(QEMU).display());
    assert!(said.text.contains(&expected), "{}", said.text);
    assert!(system.changes().is_empty());

    let said = run(system.with(QEMU, "exit 0").command("bash", ".ci/run"));
    assert!(said.text.contains("make test with \n"), "{}", said.text);
}
