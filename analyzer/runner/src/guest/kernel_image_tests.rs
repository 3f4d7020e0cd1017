use super::*;

/// Packages by name; what is not here cannot be had.
struct Shelf {
    packages: Vec<(&'static str, &'static [u8])>,
    newest: Option<&'static str>,
}

impl Source for Shelf {
    fn fetch(&self, package: &str, directory: &Path) -> Result<PathBuf, String> {
        let found = self.packages.iter().find(|(name, _)| *name == package);
        let (_, bytes) = found.ok_or("no network")?;
        let path = directory.join("package.deb");
        fs::write(&path, bytes).unwrap();
        Ok(path)
    }

    fn newest(&self, _: &str) -> Result<String, String> {
        self.newest
            .map(str::to_owned)
            .ok_or_else(|| "no network".into())
    }

    fn unpack(&self, package: &Path, directory: &Path) -> Result<String, String> {
        fs::copy(package, directory.join(BOOTABLE)).unwrap();
        Ok("9".into())
    }
}

const EMPTY: Shelf = Shelf {
    packages: Vec::new(),
    newest: None,
};

fn release(codename: &str, pins: &[(&str, &[u8])]) -> Release {
    let pin = |(name, bytes): &(&str, &[u8])| Pin {
        name: (*name).into(),
        version: "1".into(),
        sha256: hash::of(bytes).to_string(),
    };
    Release {
        distribution: "debian".into(),
        codename: Some(codename.into()),
        newest: vec!["meta".into()],
        pins: pins.iter().map(pin).collect(),
    }
}

fn kernels() -> Kernels {
    Kernels {
        release: vec![
            release("here", &[("first", b"one"), ("second", b"two")]),
            release("elsewhere", &[("third", b"three")]),
            release("rolling", &[]),
        ],
    }
}

fn host(distributions: &[&str], codename: &str) -> HostRelease {
    HostRelease {
        name: format!("System {codename}"),
        distributions: distributions.iter().map(ToString::to_string).collect(),
        codename: Some(codename.into()),
    }
}

/// Of a host that runs one of the releases above.
fn provided(codename: &str, cache: &Path, source: &Shelf) -> Result<Found, BuildError> {
    from_packages(&kernels(), &host(&["debian"], codename), cache, source)
}

#[test]
fn a_pinned_package_is_fetched_once_and_then_found_without_a_network() {
    let cache = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        packages: vec![("second", b"two")],
        newest: None,
    };
    let (image, path) = provided("here", cache.path(), &shelf).unwrap();
    assert_eq!((image.name.as_str(), image.pinned), ("second", true));
    assert_eq!(fs::read(&path).unwrap(), b"two");
    let again = provided("here", cache.path(), &EMPTY).unwrap();
    assert_eq!(again, (image, path));
}

#[test]
fn a_damaged_cache_is_fetched_again() {
    let cache = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        packages: vec![("first", b"one")],
        newest: None,
    };
    let (_, path) = provided("here", cache.path(), &shelf).unwrap();
    fs::write(&path, b"else").unwrap();
    assert!(provided("here", cache.path(), &EMPTY).is_err());
    let (_, path) = provided("here", cache.path(), &shelf).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"one");
}

#[test]
fn another_package_under_a_pinned_name_is_refused_with_both_hashes() {
    let cache = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        packages: vec![("first", b"forged"), ("second", b"two")],
        newest: None,
    };
    let error = provided("here", cache.path(), &shelf)
        .unwrap_err()
        .to_string();
    for hash in [hash::of(b"one"), hash::of(b"forged")] {
        assert!(error.contains(&hash.to_string()), "{error}");
    }
}

#[test]
fn the_newest_package_is_used_last_and_flagged() {
    let cache = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        packages: vec![("newer", b"new")],
        newest: Some("newer"),
    };
    let (image, _) = provided("here", cache.path(), &shelf).unwrap();
    assert!(!image.pinned);
    assert!(image.to_string().contains("unpinned"), "{image}");
    let again = provided("here", cache.path(), &EMPTY).unwrap().0;
    assert_eq!(again, image);
}

#[test]
fn no_package_at_all_is_an_error_of_its_own_that_names_every_attempt() {
    let cache = tempfile::tempdir().unwrap();
    let error = provided("here", cache.path(), &EMPTY).unwrap_err();
    assert!(matches!(error, BuildError::NoKernelImage { .. }));
    for name in ["first", "second", "meta"] {
        assert!(error.to_string().contains(name), "{error}");
    }
    assert_eq!(error.to_string().matches("no network").count(), 1);
    assert!(remedy(&error).contains("archive in reach, or name a kernel"));
}

#[test]
fn a_distribution_without_kernels_is_told_only_what_helps_there() {
    let cache = tempfile::tempdir().unwrap();
    let fedora = host(&["fedora"], "forty");
    let error = from_packages(&kernels(), &fedora, cache.path(), &EMPTY).unwrap_err();
    assert_eq!(
        error.to_string(),
        "no kernel image: none is known for System forty"
    );
    assert!(remedy(&error).contains("--kernel FILE"));
    assert!(!remedy(&error).contains("archive"), "{}", remedy(&error));
}

fn remedy(error: &BuildError) -> String {
    miette::Diagnostic::help(error).unwrap().to_string()
}

#[test]
fn a_pinned_kernel_in_the_cache_is_used_on_every_release_and_the_own_ones_first() {
    let cache = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        packages: vec![("first", b"one"), ("third", b"three")],
        newest: None,
    };
    provided("elsewhere", cache.path(), &shelf).unwrap();
    for other in ["here", "rolling"] {
        let (image, _) = provided(other, cache.path(), &EMPTY).unwrap();
        assert_eq!((image.name.as_str(), image.pinned), ("third", true));
    }
    let fedora = host(&["fedora"], "forty");
    let (image, _) = from_packages(&kernels(), &fedora, cache.path(), &EMPTY).unwrap();
    assert_eq!(image.name, "third");

    let both = tempfile::tempdir().unwrap();
    for release in ["here", "elsewhere"] {
        let kernels = Kernels {
            release: kernels()
                .release
                .into_iter()
                .filter(|one| one.codename.as_deref() == Some(release))
                .collect(),
        };
        let host = host(&["debian"], release);
        from_packages(&kernels, &host, both.path(), &shelf).unwrap();
    }
    for (release, name) in [("here", "first"), ("elsewhere", "third")] {
        let (image, _) = provided(release, both.path(), &EMPTY).unwrap();
        assert_eq!(image.name, name);
    }
}

#[test]
fn an_unpinned_kernel_in_the_cache_stays_when_a_newer_one_appears() {
    let cache = tempfile::tempdir().unwrap();
    let shelf = |newest| Shelf {
        packages: vec![("old", b"old"), ("new", b"new")],
        newest: Some(newest),
    };
    let (first, _) = provided("rolling", cache.path(), &shelf("old")).unwrap();
    let (again, _) = provided("rolling", cache.path(), &shelf("new")).unwrap();
    assert_eq!(again, first);
    assert!(!again.pinned);
}

/// The list that is shipped.
fn shipped() -> Kernels {
    let list =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference-guests/linux/kernels.toml");
    Kernels::read(&list).unwrap()
}

#[test]
fn every_release_finds_its_own_kernels_in_the_list() {
    let kernels = shipped();
    let newest = |distributions: &[&str], codename: &str| {
        let release = kernels.of_host(&host(distributions, codename))?;
        Some((release.newest[0].as_str(), release.pins.is_empty()))
    };
    let cloud = "linux-image-cloud-amd64";
    for (distributions, codename, expected) in [
        (
            &["debian"][..],
            "bookworm",
            Some(("linux-image-6.12-cloud-amd64", false)),
        ),
        (&["debian"], "trixie", Some((cloud, false))),
        (&["debian"], "forky", Some((cloud, true))),
        (&["kali", "debian"], "kali-rolling", Some((cloud, true))),
        (
            &["ubuntu", "debian"],
            "noble",
            Some(("linux-image-virtual", true)),
        ),
        (
            &["linuxmint", "ubuntu", "debian"],
            "wilma",
            Some(("linux-image-virtual", true)),
        ),
        (&["fedora"], "", None),
        (&["arch"], "", None),
        (&[], "", None),
    ] {
        assert_eq!(
            newest(distributions, codename),
            expected,
            "{distributions:?}"
        );
    }
}

#[test]
fn every_pin_is_a_digest() {
    for release in shipped().release {
        for pin in release.pins {
            assert!(Digest::from_str(&pin.sha256).is_ok(), "{pin:?}");
        }
    }
}

#[test]
fn a_kernel_is_found_in_either_place_where_packages_have_it() {
    for place in [
        "boot/vmlinuz-6.12-cloud",
        "usr/lib/modules/7.2-cloud/vmlinuz",
    ] {
        let tree = tempfile::tempdir().unwrap();
        assert_eq!(kernel_in(tree.path()), None);
        let kernel = tree.path().join(place);
        fs::create_dir_all(kernel.parent().unwrap()).unwrap();
        fs::write(kernel.with_file_name("config"), "").unwrap();
        assert_eq!(kernel_in(tree.path()), None);
        fs::write(&kernel, "").unwrap();
        assert_eq!(kernel_in(tree.path()), Some(kernel));
    }
}

#[test]
fn the_elf_inside_an_image_packed_with_zstd_is_taken_out() {
    let packed = zstd::encode_all(&b"\x7fELF kernel"[..], 1).unwrap();
    let mut image = vec![0; 2048];
    image[0x202..0x206].copy_from_slice(b"HdrS");
    image[0x1f1] = 1;
    image[0x248..0x24c].copy_from_slice(&1024u32.to_le_bytes());
    let length = packed.len() as u32 + 4;
    image[0x24c..0x250].copy_from_slice(&length.to_le_bytes());
    image.extend_from_slice(&packed);
    image.extend_from_slice(&[0; 4]);
    assert_eq!(
        unpacked(payload(&image).unwrap()).unwrap(),
        b"\x7fELF kernel"
    );
    assert!(payload(&image[..2050]).is_none(), "cut off");
    assert!(payload(b"\x7fELF already").is_none());
}
