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

fn pins() -> Pins {
    let pin = |name: &str, bytes: &[u8]| Pin {
        name: name.into(),
        version: "1".into(),
        sha256: hash::of(bytes).to_string(),
    };
    Pins {
        newest: "meta".into(),
        kernel: vec![pin("first", b"one"), pin("second", b"two")],
    }
}

#[test]
fn a_pinned_package_is_fetched_once_and_then_found_without_a_network() {
    let cache = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        packages: vec![("second", b"two")],
        newest: None,
    };
    let (image, path) = from_packages(&pins(), cache.path(), &shelf).unwrap();
    assert_eq!((image.name.as_str(), image.pinned), ("second", true));
    assert_eq!(fs::read(&path).unwrap(), b"two");
    let again = from_packages(&pins(), cache.path(), &EMPTY).unwrap();
    assert_eq!(again, (image, path));
}

#[test]
fn a_damaged_cache_is_fetched_again() {
    let cache = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        packages: vec![("first", b"one")],
        newest: None,
    };
    let (_, path) = from_packages(&pins(), cache.path(), &shelf).unwrap();
    fs::write(&path, b"else").unwrap();
    assert!(from_packages(&pins(), cache.path(), &EMPTY).is_err());
    let (_, path) = from_packages(&pins(), cache.path(), &shelf).unwrap();
    assert_eq!(fs::read(path).unwrap(), b"one");
}

#[test]
fn another_package_under_a_pinned_name_is_refused_with_both_hashes() {
    let cache = tempfile::tempdir().unwrap();
    let shelf = Shelf {
        packages: vec![("first", b"forged"), ("second", b"two")],
        newest: None,
    };
    let error = from_packages(&pins(), cache.path(), &shelf)
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
    let (image, _) = from_packages(&pins(), cache.path(), &shelf).unwrap();
    assert!(!image.pinned);
    assert!(image.to_string().contains("unpinned"), "{image}");
    let again = from_packages(&pins(), cache.path(), &EMPTY).unwrap().0;
    assert_eq!(again, image);
}

#[test]
fn no_package_at_all_is_an_error_of_its_own_that_names_every_attempt() {
    let cache = tempfile::tempdir().unwrap();
    let error = from_packages(&pins(), cache.path(), &EMPTY).unwrap_err();
    assert!(matches!(error, BuildError::NoKernelImage { .. }));
    for name in ["first", "second", "meta"] {
        assert!(error.to_string().contains(name), "{error}");
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
