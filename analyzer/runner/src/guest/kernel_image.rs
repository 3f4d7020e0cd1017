//! The Linux guest's kernel: a distribution's package, fetched and never installed.
//!
//! Order: a pinned kernel in the cache, by its package's hash, of whatever release;
//! the packages pinned for the host's release, most wanted first; an unpinned kernel
//! in the cache; the release's newest one. The last two are flagged `unpinned`. A
//! package with another hash than its pin is refused. With a kernel in the cache of a
//! release that has no pins, or a pinned one, no network is needed. The package is deleted after its kernel is taken out; of an image packed with
//! zstd the ELF inside is used, which saves the guest the unpacking.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use capbench_results::Digest;
use serde::{Deserialize, Serialize};

use super::apt::{self, Apt};
use super::build::BuildError;
use super::release::HostRelease;
use crate::hash;

/// Which kernel a Linux guest boots, for the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KernelImage {
    /// The package it came in, or the file the user named.
    pub name: String,
    /// Its version, as the package says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// Digest of the package, if it came in one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub package_sha256: Option<Digest>,
    /// Whether the package is one that the repository pins.
    pub pinned: bool,
    /// Digest of the image that boots.
    pub sha256: Digest,
}

impl std::fmt::Display for KernelImage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let version = self.version.as_deref().unwrap_or("of unknown version");
        let flag = if self.pinned { "" } else { ", unpinned" };
        let Self { name, sha256, .. } = self;
        write!(f, "{name} {version} (sha256 {sha256}{flag})")
    }
}

/// The packages the repository knows, `kernels.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kernels {
    release: Vec<Release>,
}

/// Those of one release of a distribution.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    distribution: String,
    /// Without one, all releases that are not listed before it.
    codename: Option<String>,
    /// Packages that depend on a kernel, for when no pinned one can be had.
    newest: Vec<String>,
    #[serde(default, rename = "kernel")]
    pins: Vec<Pin>,
}

impl Kernels {
    fn read(path: &Path) -> Result<Self, BuildError> {
        let text = fs::read_to_string(path).map_err(at(path))?;
        toml::from_str(&text).map_err(|error| BuildError::Pins {
            path: path.to_owned(),
            message: error.to_string(),
        })
    }

    /// What fits the host: its own distribution's before those it derives from.
    fn of_host(&self, host: &HostRelease) -> Option<&Release> {
        host.distributions.iter().find_map(|distribution| {
            self.release.iter().find(|release| {
                release.distribution == *distribution
                    && (release.codename.is_none() || release.codename == host.codename)
            })
        })
    }

    /// The most wanted pinned kernel that is in the cache, the host's own first.
    fn cached(&self, own: Option<&Release>, cache: &Path) -> Option<Found> {
        let mut releases = own.into_iter().chain(&self.release);
        releases.find_map(|release| {
            let mut pins = release.pins.iter();
            pins.find_map(|pin| cached(&cache.join(&pin.sha256)))
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pin {
    name: String,
    version: String,
    sha256: String,
}

/// Where packages come from.
trait Source {
    /// Puts the package's file into `directory`, or says why not.
    fn fetch(&self, package: &str, directory: &Path) -> Result<PathBuf, String>;
    /// The newest kernel package that `package` depends on.
    fn newest(&self, package: &str) -> Result<String, String>;
    /// Puts the kernel of a package into `directory` and returns its version.
    fn unpack(&self, package: &Path, directory: &Path) -> Result<String, String>;
}

/// Finds or fetches the kernel. `own` is a file the user named instead.
pub(super) fn provide(pins: &Path, cache: &Path, own: Option<&Path>) -> Result<Found, BuildError> {
    if let Some(own) = own {
        return own_kernel(cache, own);
    }
    let kernels = Kernels::read(pins)?;
    let apt = Apt::new(&cache.with_file_name("apt"));
    from_packages(&kernels, &HostRelease::identify(), cache, &apt)
}

/// The kernel that a build would find in the cache, without fetching any.
pub(super) fn at_hand(pins: &Path, cache: &Path) -> Option<KernelImage> {
    let kernels = Kernels::read(pins).ok()?;
    let own = kernels.of_host(&HostRelease::identify());
    let found = kernels.cached(own, cache);
    let (image, _) = found.or_else(|| any_unpinned(cache))?;
    Some(image)
}

fn own_kernel(cache: &Path, own: &Path) -> Result<Found, BuildError> {
    let bytes = fs::read(own).map_err(at(own))?;
    let directory = cache.join(format!("own-{}", hash::short(hash::of(&bytes))));
    fs::create_dir_all(&directory).map_err(at(&directory))?;
    let path = directory.join(BOOTABLE);
    let sha256 = write_bootable(&bytes, &path)?;
    let image = KernelImage {
        name: own.display().to_string(),
        version: None,
        package_sha256: None,
        pinned: false,
        sha256,
    };
    Ok((image, path))
}

fn from_packages(
    kernels: &Kernels,
    host: &HostRelease,
    cache: &Path,
    source: &dyn Source,
) -> Result<Found, BuildError> {
    let own = kernels.of_host(host);
    if let Some(found) = kernels.cached(own, cache) {
        return Ok(found);
    }
    let Some(own) = own else {
        return any_unpinned(cache).ok_or_else(|| BuildError::NoKernelImage {
            why: format!("none is known for {}", host.name),
            remedy: NAME_ONE.into(),
        });
    };
    let mut last = String::new();
    for pin in &own.pins {
        match fetch(&pin.name, Some(pin), cache, source)? {
            Ok(found) => return Ok(found),
            Err(why) => last = why,
        }
    }
    // Kept while it is here: another one would be another series.
    if let Some(found) = any_unpinned(cache) {
        return Ok(found);
    }
    for name in &own.newest {
        let fetched = match source.newest(name) {
            Ok(newest) => fetch(&newest, None, cache, source)?,
            Err(why) => Err(why),
        };
        match fetched {
            Ok(found) => return Ok(found),
            Err(why) => last = why,
        }
    }
    let pinned = own.pins.iter().map(|pin| &pin.name);
    let tried: Vec<&str> = pinned.chain(&own.newest).map(String::as_str).collect();
    Err(BuildError::NoKernelImage {
        why: format!("none of {} can be had ({last})", tried.join(", ")),
        remedy: format!("run once with the distribution's archive in reach, or {NAME_ONE}"),
    })
}

/// The remedy that fits every host.
const NAME_ONE: &str = "name a kernel of your own, with virtio's console built in: `--kernel FILE`";

type Found = (KernelImage, PathBuf);

/// What is in the cache, whole: the record is written last and names the hash.
fn cached(directory: &Path) -> Option<Found> {
    let record = fs::read(directory.join(RECORD)).ok()?;
    let image: KernelImage = serde_json::from_slice(&record).ok()?;
    let path = directory.join(BOOTABLE);
    (hash::of_file(&path).ok()? == image.sha256).then_some((image, path))
}

fn any_unpinned(cache: &Path) -> Option<Found> {
    let entries = fs::read_dir(cache).ok()?.flatten();
    let mut directories: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    directories.sort();
    directories
        .iter()
        .filter_map(|directory| cached(directory))
        .find(|(image, _)| !image.pinned)
}

/// The image that boots, in its directory of the cache.
const BOOTABLE: &str = "kernel";
/// The [`KernelImage`] beside it.
const RECORD: &str = "kernel.json";

/// The outer error is one that no other package can make good.
fn fetch(
    name: &str,
    pin: Option<&Pin>,
    cache: &Path,
    source: &dyn Source,
) -> Result<Result<Found, String>, BuildError> {
    let work = cache.join(format!("fetch.{}", std::process::id()));
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).map_err(at(&work))?;
    let result = take(name, pin, cache, source, &work);
    let _ = fs::remove_dir_all(&work);
    result
}

fn take(
    name: &str,
    pin: Option<&Pin>,
    cache: &Path,
    source: &dyn Source,
    work: &Path,
) -> Result<Result<Found, String>, BuildError> {
    let package = match source.fetch(name, work) {
        Ok(package) => package,
        Err(why) => return Ok(Err(why)),
    };
    let observed = hash::of_file(&package).map_err(at(&package))?;
    if let Some(pin) = pin
        && Digest::from_str(&pin.sha256).ok() != Some(observed)
    {
        return Err(BuildError::KernelMismatch {
            package: name.to_owned(),
            expected: pin.sha256.clone(),
            observed: observed.to_string(),
        });
    }
    let version = match source.unpack(&package, work) {
        Ok(version) => version,
        Err(why) => return Ok(Err(why)),
    };
    let packed = work.join(BOOTABLE);
    let bytes = fs::read(&packed).map_err(at(&packed))?;
    let directory = cache.join(observed.to_string());
    fs::create_dir_all(&directory).map_err(at(&directory))?;
    let path = directory.join(BOOTABLE);
    let image = KernelImage {
        name: name.to_owned(),
        version: Some(pin.map_or(version, |pin| pin.version.clone())),
        package_sha256: Some(observed),
        pinned: pin.is_some(),
        sha256: write_bootable(&bytes, &path)?,
    };
    let record = directory.join(RECORD);
    let json = serde_json::to_vec_pretty(&image).expect("plain data");
    fs::write(&record, json).map_err(at(&record))?;
    Ok(Ok((image, path)))
}

/// Writes the ELF inside `bytes`, or `bytes` where it cannot be taken out.
fn write_bootable(bytes: &[u8], path: &Path) -> Result<Digest, BuildError> {
    let elf = payload(bytes).and_then(|packed| unpacked(packed).ok());
    let bootable = elf.as_deref().unwrap_or(bytes);
    let temporary = path.with_extension(format!("{}.part", std::process::id()));
    fs::write(&temporary, bootable).map_err(at(&temporary))?;
    fs::rename(&temporary, path).map_err(at(path))?;
    Ok(hash::of(bootable))
}

/// Places in the header of a bzImage, by the kernel's boot protocol 2.08.
mod header {
    pub(super) const MAGIC: (usize, &[u8]) = (0x202, b"HdrS");
    pub(super) const SETUP_SECTORS: usize = 0x1f1;
    pub(super) const PAYLOAD_OFFSET: usize = 0x248;
    pub(super) const PAYLOAD_LENGTH: usize = 0x24c;
    pub(super) const SECTOR: usize = 512;
    /// The payload ends with the length of what is in it.
    pub(super) const TRAILER: usize = 4;
}

const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const ELF: &[u8] = b"\x7fELF";

/// The compressed kernel in a bzImage.
fn payload(image: &[u8]) -> Option<&[u8]> {
    let (at, magic) = header::MAGIC;
    if !image.get(at..)?.starts_with(magic) {
        return None;
    }
    let word = |at: usize| {
        let bytes = image.get(at..at + 4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    };
    let setup = (usize::from(*image.get(header::SETUP_SECTORS)?) + 1) * header::SECTOR;
    let start = setup.checked_add(word(header::PAYLOAD_OFFSET)?)?;
    let length = word(header::PAYLOAD_LENGTH)?.checked_sub(header::TRAILER)?;
    let packed = image.get(start..start.checked_add(length)?)?;
    packed.starts_with(ZSTD).then_some(packed)
}

fn unpacked(packed: &[u8]) -> io::Result<Vec<u8>> {
    let elf = zstd::decode_all(packed)?;
    if elf.starts_with(ELF) {
        return Ok(elf);
    }
    Err(io::Error::from(io::ErrorKind::InvalidData))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> BuildError {
    let path = path.to_owned();
    move |source| BuildError::File { path, source }
}

impl Source for Apt {
    fn fetch(&self, package: &str, directory: &Path) -> Result<PathBuf, String> {
        self.download(package, directory)
    }

    fn newest(&self, package: &str) -> Result<String, String> {
        let mut kernel = None;
        for _ in 0..MOST_STEPS {
            let asked = kernel.as_deref().unwrap_or(package);
            let needed = self.dependencies(asked)?;
            let next = needed.into_iter().find(|name| is_of_kernel(name));
            let Some(next) = next else { break };
            kernel = Some(next);
        }
        kernel.ok_or_else(|| format!("{package} depends on no kernel"))
    }

    fn unpack(&self, package: &Path, directory: &Path) -> Result<String, String> {
        let tree = directory.join("tree");
        apt::extract(package, &tree)?;
        let kernel = kernel_in(&tree).ok_or("no kernel in the package")?;
        fs::rename(kernel, directory.join(BOOTABLE)).map_err(|error| error.to_string())?;
        apt::version(package)
    }
}

/// From a package that only depends to the one with the kernel in it.
const MOST_STEPS: usize = 4;

/// Whether a package of this name holds a kernel or depends on the one that does:
/// from Debian 14 on `linux-image-…` is empty, and the kernel in `linux-binary-…`.
fn is_of_kernel(package: &str) -> bool {
    let prefixes = ["linux-image-", "linux-binary-"];
    prefixes.iter().any(|prefix| package.starts_with(prefix))
}

/// The kernel among a package's files: `boot/vmlinuz-RELEASE`, or from Debian 14 on
/// `usr/lib/modules/RELEASE/vmlinuz`.
fn kernel_in(tree: &Path) -> Option<PathBuf> {
    let entries = |directory: &str| {
        let entries = fs::read_dir(tree.join(directory)).into_iter().flatten();
        entries.flatten().map(|entry| entry.path())
    };
    let is_kernel = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("vmlinuz-") && path.is_file()
    };
    let beside_modules = |path: PathBuf| Some(path.join("vmlinuz")).filter(|path| path.is_file());
    let in_boot = entries("boot").find(is_kernel);
    in_boot.or_else(|| entries("usr/lib/modules").find_map(beside_modules))
}

#[cfg(test)]
#[path = "kernel_image_tests.rs"]
mod tests;
