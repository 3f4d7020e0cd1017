//! Real repositories, each in one of the states that mislead.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

/// Git as a person calls it, with settings of no user and no machine.
fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    for pointer in POINTERS {
        command.env_remove(pointer);
    }
    let output = command
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(["-c", "user.name=A", "-c", "user.email=a@example.org"])
        .args(["-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned()
}

/// What makes a directory a root of the sources.
fn sources(root: &Path) {
    for directory in ROOT_DIRECTORIES {
        fs::create_dir_all(root.join(directory)).unwrap();
        fs::write(root.join(directory).join("file"), "as committed\n").unwrap();
    }
    fs::write(root.join(".gitignore"), "/runs\n/target\n").unwrap();
}

fn commit(directory: &Path) -> String {
    git(directory, &["init", "--quiet"]);
    git(directory, &["add", "."]);
    git(directory, &["commit", "--quiet", "--message", "all"]);
    git(directory, &["rev-parse", "HEAD"])
}

/// A clean repository of sources, and its commit.
fn repository() -> (tempfile::TempDir, String) {
    let root = tempfile::tempdir().unwrap();
    sources(root.path());
    let commit = commit(root.path());
    (root, commit)
}

const TRACKED: &str = "manifests/file";

fn is_dirty(root: &Path) -> bool {
    read(root).unwrap().dirty
}

#[test]
fn a_clean_repository_has_its_commit() {
    let (root, commit) = repository();
    fs::create_dir(root.path().join("target")).unwrap();
    fs::write(root.path().join("target/built"), "").unwrap();
    let expected = Checkout {
        commit,
        dirty: false,
        directory: None,
        unknown: None,
    };
    assert_eq!(read(root.path()).unwrap(), expected);
}

#[test]
fn a_file_that_changed_came_or_went_is_a_change() {
    let (root, _) = repository();
    let tracked = root.path().join(TRACKED);
    fs::write(&tracked, "changed\n").unwrap();
    assert!(is_dirty(root.path()));
    git(root.path(), &["add", "."]);
    assert!(is_dirty(root.path()), "staged");
    fs::remove_file(&tracked).unwrap();
    assert!(is_dirty(root.path()));
    git(root.path(), &["reset", "--quiet", "--hard"]);
    assert!(!is_dirty(root.path()));
    fs::write(root.path().join("manifests/new"), "").unwrap();
    assert!(is_dirty(root.path()));
}

#[test]
fn flags_and_settings_hide_no_change() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let (root, _) = repository();
        git(root.path(), &["update-index", flag, TRACKED]);
        assert!(!is_dirty(root.path()), "{flag}");
        fs::write(root.path().join(TRACKED), "changed\n").unwrap();
        assert_eq!(git(root.path(), &["status", "--porcelain"]), "", "{flag}");
        assert!(is_dirty(root.path()), "{flag}");
    }
    let (root, _) = repository();
    git(root.path(), &["config", "status.showUntrackedFiles", "no"]);
    fs::write(root.path().join("manifests/new"), "").unwrap();
    assert_eq!(git(root.path(), &["status", "--porcelain"]), "");
    assert!(is_dirty(root.path()));

    let (root, _) = repository();
    git(root.path(), &["config", "core.fileMode", "false"]);
    let tracked = root.path().join(TRACKED);
    fs::set_permissions(&tracked, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(git(root.path(), &["status", "--porcelain"]), "");
    assert!(is_dirty(root.path()));

    let (root, _) = repository();
    // A monitor that says that nothing changed.
    git(
        root.path(),
        &["config", "core.fsmonitor", "printf 'x\\0'; :"],
    );
    git(root.path(), &["update-index", "--fsmonitor"]);
    git(root.path(), &["status", "--porcelain"]);
    fs::write(root.path().join(TRACKED), "changed\n").unwrap();
    assert_eq!(git(root.path(), &["status", "--porcelain"]), "");
    assert!(is_dirty(root.path()));
}

#[test]
fn reading_leaves_the_index_as_it_is() {
    let (root, _) = repository();
    let index = root.path().join(".git/index");
    let before = fs::read(&index).unwrap();
    fs::write(root.path().join(TRACKED), "as committed\n").unwrap();
    assert!(!is_dirty(root.path()));
    assert_eq!(fs::read(&index).unwrap(), before);
}

#[test]
fn an_archive_inside_another_repository_is_not_of_its_commit() {
    let (outer, _) = repository();
    let root = outer.path().join("target/unpacked");
    sources(&root);
    let error = read(&root).unwrap_err();
    assert!(
        matches!(&error, UnknownCommit::AnotherRepository { repository, .. }
            if *repository == outer.path().canonicalize().unwrap()),
        "{error}"
    );
    let recorded = Checkout::unknown(&error);
    assert_eq!(recorded.commit, UNKNOWN);
    assert!(recorded.dirty, "nobody knows that it is clean");
    let why = recorded.unknown.unwrap();
    assert!(
        why.contains("is not of the git repository around it"),
        "{why}"
    );
}

#[test]
fn an_archive_in_no_repository_has_no_commit() {
    let root = tempfile::tempdir().unwrap();
    sources(root.path());
    let error = read(root.path()).unwrap_err();
    assert!(
        matches!(error, UnknownCommit::NoRepository { .. }),
        "{error}"
    );
}

#[test]
fn a_repository_without_a_commit_is_told_in_words_of_git() {
    let root = tempfile::tempdir().unwrap();
    sources(root.path());
    git(root.path(), &["init", "--quiet"]);
    let error = read(root.path()).unwrap_err();
    assert!(matches!(error, UnknownCommit::Git { .. }), "{error}");
    assert!(
        error.to_string().contains("Needed a single revision"),
        "{error}"
    );
}

#[test]
fn sources_that_a_larger_repository_tracks_are_of_its_commit() {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("benchmarks/capbench");
    sources(&root);
    fs::write(outer.path().join("other"), "").unwrap();
    let commit = commit(outer.path());
    let found = read(&root).unwrap();
    assert_eq!((found.commit, found.dirty), (commit, false));
    assert_eq!(
        found.directory.as_deref(),
        Some(Path::new("benchmarks/capbench"))
    );
    fs::write(outer.path().join("other"), "changed").unwrap();
    assert!(!is_dirty(&root), "a change of something else");
    fs::write(root.join(TRACKED), "changed").unwrap();
    assert!(is_dirty(&root));
}

#[test]
fn a_worktree_is_of_the_commit_that_it_has_out() {
    let (root, first) = repository();
    fs::write(root.path().join(TRACKED), "later\n").unwrap();
    let later = commit(root.path());
    let place = tempfile::tempdir().unwrap();
    let tree = place.path().join("tree");
    let tree_name = tree.to_str().unwrap();
    git(
        root.path(),
        &["worktree", "add", "--quiet", "--detach", tree_name, &first],
    );
    assert_eq!(read(&tree).unwrap().commit, first);
    assert_eq!(read(root.path()).unwrap().commit, later);
    assert!(!is_dirty(&tree));
}

/// Calls [`read`] in a process of its own, with a variable or without `git`.
fn read_apart(root: &Path, variable: (&str, &Path)) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "checkout::tests::says_what_it_reads",
            "--nocapture",
        ])
        .env("CAPBENCH_TEST_ROOT", root)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env(variable.0, variable.1)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let (_, answer) = said.split_once("<<").unwrap();
    answer.split_once(">>").unwrap().0.to_owned()
}

/// No test of its own: the other process of [`read_apart`].
#[test]
fn says_what_it_reads() {
    let Some(root) = std::env::var_os("CAPBENCH_TEST_ROOT") else {
        return;
    };
    let answer = match read(Path::new(&root)) {
        Ok(found) => format!("{} {}", found.commit, found.dirty),
        Err(error) => format!("{:?}", miette::Report::from(error)),
    };
    println!(
        "<<{}>>",
        answer.split_whitespace().collect::<Vec<_>>().join(" ")
    );
}

#[test]
fn variables_of_a_hook_do_not_lead_to_its_repository() {
    let (root, commit) = repository();
    let (other, _) = repository();
    fs::write(other.path().join(TRACKED), "another\n").unwrap();
    self::commit(other.path());
    let clean = format!("{commit} false");
    for (name, path) in [
        ("GIT_DIR", other.path().join(".git")),
        ("GIT_WORK_TREE", other.path().to_owned()),
        ("GIT_INDEX_FILE", other.path().join(".git/index")),
        ("GIT_OBJECT_DIRECTORY", other.path().join(".git/objects")),
        ("GIT_CEILING_DIRECTORIES", root.path().to_owned()),
    ] {
        assert_eq!(read_apart(root.path(), (name, &path)), clean, "{name}");
    }
}

#[test]
fn another_users_repository_is_refused_with_the_remedy_of_git() {
    let (root, _) = repository();
    let foreign = std::os::unix::fs::chown(root.path(), Some(4242), Some(4242)).is_ok();
    let is_foreign = if foreign { "0" } else { "1" };
    let variable = ("GIT_TEST_ASSUME_DIFFERENT_OWNER", Path::new(is_foreign));
    let said = read_apart(root.path(), variable);
    let words = "git refuses to read the repository: detected dubious ownership";
    assert!(said.contains(words), "{said}");
    assert!(
        said.contains("git config --global --add safe.directory"),
        "{said}"
    );
}

#[test]
fn without_git_the_commit_is_unknown() {
    let (root, _) = repository();
    let said = read_apart(root.path(), ("PATH", Path::new("/nonexistent")));
    assert!(said.contains("git does not run"), "{said}");
    assert!(said.contains("install git"), "{said}");
}
