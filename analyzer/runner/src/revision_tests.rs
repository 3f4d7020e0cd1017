use super::*;
use std::process::Command;

fn git(root: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=x", "-c", "user.email=x@example.org"]);
    let done = command.args(arguments).current_dir(root).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

/// A repository with three commits, of which each changes the kernel and the second
/// also a definition.
fn repository() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    git(root.path(), &["init", "-q", "-b", "main"]);
    fs::create_dir(root.path().join(MANIFESTS)).unwrap();
    fs::write(root.path().join(".gitignore"), "target\n").unwrap();
    for (kernel, definition) in [("1", "a"), ("2", "b"), ("3", "b")] {
        fs::write(root.path().join("kernel"), kernel).unwrap();
        fs::write(root.path().join("manifests/nop.toml"), definition).unwrap();
        git(root.path(), &["add", "-A"]);
        git(
            root.path(),
            &["commit", "-q", "-m", &format!("kernel {kernel}")],
        );
    }
    root
}

#[test]
fn a_revision_has_its_own_guest_and_todays_definitions() {
    let root = repository();
    let root = root.path();
    let first = Revision::find(root, "HEAD~2").unwrap();
    assert_eq!(first.subject, "kernel 1");
    for _ in 0..2 {
        let tree = first.work_tree(root).unwrap();
        let read = |path: &str| fs::read_to_string(tree.join(path)).unwrap();
        assert_eq!(read("kernel"), "1");
        assert_eq!(read("manifests/nop.toml"), "b");
        // What was built there stays.
        fs::create_dir_all(tree.join("target/guests")).unwrap();
    }
    let own = fs::read_to_string(root.join("kernel")).unwrap();
    assert_eq!(own, "3", "the checkout itself is not touched");
}

#[test]
fn a_work_tree_that_was_removed_by_hand_is_made_again() {
    let root = repository();
    let first = Revision::find(root.path(), "HEAD~2").unwrap();
    let tree = first.work_tree(root.path()).unwrap();
    fs::remove_dir_all(&tree).unwrap();
    assert_eq!(first.work_tree(root.path()).unwrap(), tree);
    assert!(tree.join("kernel").is_file());
}

#[test]
fn a_range_has_both_ends_and_the_oldest_first() {
    let root = repository();
    let find = |name| Revision::find(root.path(), name).unwrap();
    let range = Revision::range(root.path(), &find("HEAD~2"), &find("main")).unwrap();
    let subjects: Vec<&str> = range.iter().map(|of| of.subject.as_str()).collect();
    assert_eq!(subjects, ["kernel 1", "kernel 2", "kernel 3"]);
    for (from, to) in [("main", "HEAD~2"), ("main", "main")] {
        let error = Revision::range(root.path(), &find(from), &find(to)).unwrap_err();
        assert!(matches!(error, RevisionError::NoRange { .. }), "{error}");
    }
}

#[test]
fn what_is_no_revision_is_named_and_is_no_option() {
    let root = repository();
    for name in ["no-such", "--help", "", "-n1", "HEAD:kernel"] {
        let error = Revision::find(root.path(), name).unwrap_err();
        assert!(
            matches!(error, RevisionError::Unknown { .. }),
            "{name}: {error}"
        );
    }
    let outside = tempfile::tempdir().unwrap();
    let error = Revision::find(outside.path(), "HEAD").unwrap_err();
    assert!(matches!(error, RevisionError::Git(_)), "{error}");
}

#[test]
fn one_work_tree_serves_several_revisions_and_keeps_what_was_built() {
    let root = repository();
    let root = root.path();
    for (name, kernel) in [("HEAD~2", "1"), ("HEAD", "3"), ("HEAD~1", "2")] {
        let revision = Revision::find(root, name).unwrap();
        let tree = revision.check_out(root, "shared").unwrap();
        assert_eq!(fs::read_to_string(tree.join("kernel")).unwrap(), kernel);
        let definition = fs::read_to_string(tree.join("manifests/nop.toml"));
        assert_eq!(definition.unwrap(), "b");
        let built = tree.join("target/built");
        assert_eq!(built.exists(), kernel != "1");
        fs::create_dir_all(built).unwrap();
    }
}
