use super::super::elf::tests::file;
use super::*;
use std::cell::RefCell;

const LOADER: &str = "/lib64/ld.so";

/// Packages by name: their files and what they depend on.
#[derive(Default)]
struct Shelf {
    packages: BTreeMap<&'static str, Shelved>,
    taken: RefCell<Vec<String>>,
}

type Shelved = (Vec<(&'static str, Vec<u8>)>, &'static [&'static str]);

impl Source for Shelf {
    fn unpack(&self, package: &str, directory: &Path) -> Result<Package, String> {
        let (files, _) = self.packages.get(package).ok_or("no network")?;
        self.taken.borrow_mut().push(package.to_owned());
        for (path, bytes) in files {
            let place = directory.join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, bytes).unwrap();
        }
        Ok(Package {
            name: package.to_owned(),
            version: "1".into(),
            sha256: hash::of(package.as_bytes()),
        })
    }

    fn needs(&self, package: &str) -> Result<Vec<String>, String> {
        let (_, needs) = &self.packages[package];
        Ok(needs.iter().map(ToString::to_string).collect())
    }
}

fn shelf() -> Shelf {
    let library = |needs: &[&str]| file(None, needs);
    Shelf {
        packages: [
            (
                "linux-tool",
                (
                    vec![(
                        "usr/bin/tool",
                        file(Some(LOADER), &["libzip.so.1", "libc.so.6"]),
                    )],
                    &["big-scripts", "<perl:any>", "zip1g", "libc6"][..],
                ),
            ),
            (
                "big-scripts",
                (vec![("usr/share/x", b"#!".to_vec())], &["more-scripts"][..]),
            ),
            (
                "zip1g",
                (
                    vec![("usr/lib/libzip.so.1", library(&["libc.so.6"]))],
                    &["libc6"][..],
                ),
            ),
            (
                "libc6",
                (
                    vec![
                        ("lib64/ld.so", library(&[])),
                        ("lib/libc.so.6", library(&[])),
                    ],
                    &["libcrypt1"][..],
                ),
            ),
        ]
        .into(),
        ..Shelf::default()
    }
}

fn programs() -> Programs {
    [("linux-tool".to_owned(), vec!["/usr/bin/tool".to_owned()])].into()
}

#[test]
fn only_what_holds_something_needed_is_recorded_and_leads_on() {
    let cache = tempfile::tempdir().unwrap();
    let shelf = shelf();
    let packages = from_packages(&programs(), cache.path(), &shelf).unwrap();
    let names: Vec<&str> = packages.packages.iter().map(|p| p.name.as_str()).collect();
    assert_eq!(names, ["libc6", "linux-tool", "zip1g"]);
    let files: Vec<(&str, u32)> = packages
        .files
        .iter()
        .map(|file| (file.path.as_str(), file.mode))
        .collect();
    let expected = [
        ("/usr/bin/tool", 0o755),
        (LOADER, 0o755),
        ("/lib/x86_64-linux-gnu/libc.so.6", 0o644),
        ("/lib/x86_64-linux-gnu/libzip.so.1", 0o644),
    ];
    assert_eq!(files, expected);
    let taken = shelf.taken.borrow();
    let likely = ["linux-tool", "zip1g", "libc6"];
    assert_eq!(*taken, likely, "and no more than it takes");
}

#[test]
fn packages_are_fetched_once_and_then_found_without_a_network() {
    let cache = tempfile::tempdir().unwrap();
    let first = from_packages(&programs(), cache.path(), &shelf()).unwrap();
    let again = from_packages(&programs(), cache.path(), &Shelf::default()).unwrap();
    assert_eq!(again, first);
    assert!(
        !cache.path().join("fetch").exists(),
        "the packages are gone"
    );
}

#[test]
fn an_incomplete_or_damaged_cache_is_fetched_again() {
    let cache = tempfile::tempdir().unwrap();
    let first = from_packages(&programs(), cache.path(), &shelf()).unwrap();
    let directory = cache
        .path()
        .join(hash::short(hash::of_canonical(&programs())));
    let tool = directory.join(hash::of(&first.files[0].bytes).to_string());
    for damage in [&tool, &directory.join(RECORD)] {
        fs::write(damage, b"else").unwrap();
        assert!(from_packages(&programs(), cache.path(), &Shelf::default()).is_err());
        let again = from_packages(&programs(), cache.path(), &shelf()).unwrap();
        assert_eq!(again, first);
    }
}

#[test]
fn other_programs_are_another_cache() {
    let cache = tempfile::tempdir().unwrap();
    from_packages(&programs(), cache.path(), &shelf()).unwrap();
    let other = [("linux-tool".to_owned(), vec!["/usr/bin/other".to_owned()])].into();
    let error = from_packages(&other, cache.path(), &Shelf::default()).unwrap_err();
    assert!(matches!(error, PackageError::Unavailable { .. }), "{error}");
}

#[test]
fn a_package_that_cannot_be_had_is_a_reason_with_a_remedy() {
    let cache = tempfile::tempdir().unwrap();
    for absent in ["linux-tool", "zip1g"] {
        let mut shelf = shelf();
        shelf.packages.remove(absent);
        let error = from_packages(&programs(), cache.path(), &shelf).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("package {absent} cannot be had: no network")
        );
        assert!(
            error
                .help()
                .unwrap()
                .to_string()
                .contains("archive in reach")
        );
    }
}

#[test]
fn a_library_that_no_dependency_holds_is_named() {
    let cache = tempfile::tempdir().unwrap();
    let mut shelf = shelf();
    shelf.packages.get_mut("zip1g").unwrap().0.clear();
    shelf.packages.insert("libcrypt1", (Vec::new(), &["more"]));
    let error = from_packages(&programs(), cache.path(), &shelf).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no package among linux-tool and their dependencies holds /lib/x86_64-linux-gnu/libzip.so.1"
    );
}
