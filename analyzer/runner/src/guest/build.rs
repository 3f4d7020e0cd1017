//! Building guests: the exact cargo invocations that turn sources into images.
//!
//! Guests are programs for another machine, so nothing of the caller's cargo or
//! rustc environment may reach them: every `CARGO_*` and `RUST*` variable is
//! removed (but `CARGO_HOME`, `RUSTUP_HOME`, `RUSTUP_TOOLCHAIN`) and the flags
//! are given whole. Builds are incremental; an unchanged guest costs two cargo
//! start-ups. A failed build leaves the previous images untouched.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miette::Diagnostic;

use super::recipe::{Part, Recipe, TARGET};
use super::{
    Extra, Guest, GuestName, Image, KERNEL, KERNELS, Kernel, KernelImage, Variant, kernel_image,
};
use crate::child::dies_with_us;
use crate::hash;

/// A guest build request.
#[derive(Clone, Debug)]
pub struct BuildRequest<'a> {
    /// The repository root.
    pub root: &'a Path,
    /// Which guest.
    pub guest: GuestName,
    /// With how much instrumentation.
    pub variant: Variant,
    /// Anything beyond the variant.
    pub extra: Extra,
    /// Programs that are wanted, as systems name them; none for all.
    pub programs: Option<BTreeSet<String>>,
}

impl BuildRequest<'_> {
    /// Whether an image of the recipe is wanted. The kernel always is.
    fn wants(&self, image: &str) -> bool {
        let named = |programs: &BTreeSet<String>| {
            let program = image.strip_suffix(".elf");
            program.is_some_and(|program| programs.contains(program))
        };
        image == KERNEL || self.programs.as_ref().is_none_or(named)
    }
}

/// Why there is no guest.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum BuildError {
    /// The sources are not where the repository has them.
    #[error("the sources of guest `{guest}` are missing: {}", manifest.display())]
    #[diagnostic(
        code(capbench::guest::missing),
        help("run capbench inside a checkout of its repository")
    )]
    NoSources {
        /// Which guest.
        guest: GuestName,
        /// The manifest that should be there.
        manifest: PathBuf,
    },
    /// Cargo could not be started.
    #[error("cargo cannot be started: {source}")]
    #[diagnostic(
        code(capbench::guest::cargo),
        help("install a stable Rust toolchain; `capbench doctor` says which")
    )]
    NoCargo {
        /// The system's message.
        source: io::Error,
    },
    /// The compiler said no.
    #[error("guest `{guest}` ({variant}) does not build:\n{stderr}")]
    #[diagnostic(code(capbench::guest::build), help("by hand: {command}"))]
    Failed {
        /// Which guest.
        guest: GuestName,
        /// Which variant.
        variant: Variant,
        /// Cargo's output.
        stderr: String,
        /// The same build as a shell command.
        command: String,
    },
    /// There is no kernel for a guest whose kernel is not built here.
    #[error("no kernel image: {why}")]
    #[diagnostic(code(capbench::guest::no_kernel), help("{remedy}"))]
    NoKernelImage {
        /// What was tried and what came of it.
        why: String,
        /// What fits this host.
        remedy: String,
    },
    /// A package is not the pinned one.
    #[error("package {package} is not the pinned one: its SHA-256 is {observed}, not {expected}")]
    #[diagnostic(
        code(capbench::guest::kernel_mismatch),
        help(
            "it was not unpacked; check where packages come from, or name a kernel of your own: `--kernel FILE`"
        )
    )]
    KernelMismatch {
        /// Its name.
        package: String,
        /// The pinned hash.
        expected: String,
        /// The hash of what came.
        observed: String,
    },
    /// The list of kernels cannot be understood.
    #[error("{}: {message}", path.display())]
    #[diagnostic(code(capbench::guest::pins), help("correct the list of kernels"))]
    Pins {
        /// The list.
        path: PathBuf,
        /// The fault.
        message: String,
    },
    /// An image could not be copied or read.
    #[error("{}: {source}", path.display())]
    #[diagnostic(
        code(capbench::guest::file),
        help("check free space and permissions of the target directory")
    )]
    File {
        /// Which file.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
}

/// Builds one variant into `target/guests/<guest>/<variant>/`; a build with
/// additions goes to a directory of its own, named by their hash, so that it
/// can never be mistaken for the real one.
pub fn build(request: &BuildRequest<'_>) -> Result<Guest, BuildError> {
    let recipe = &request.guest.recipe;
    let manifest = request.root.join(recipe.workspace).join("Cargo.toml");
    // The one path of sources that several checkouts share: cargo would build
    // them again for each other name they go by.
    let Ok(manifest) = manifest.canonicalize() else {
        let guest = request.guest;
        return Err(BuildError::NoSources { guest, manifest });
    };
    let output = output_directory(request);
    create_directory(&output)?;
    let _exclusive = lock(&guest_directory(request))?;

    // A guest that is booted in passes is one build.
    let instrumented = recipe.parts.iter().any(|part| part.instrumented);
    let mut features: Vec<String> = request
        .variant
        .feature()
        .filter(|_| instrumented)
        .map(String::from)
        .into_iter()
        .collect();
    features.extend(request.extra.features.iter().cloned());
    let mut images = Vec::new();
    for part in recipe.parts {
        let outputs = part.outputs.iter().copied();
        let outputs: Vec<_> = outputs.filter(|(_, image)| request.wants(image)).collect();
        if outputs.is_empty() {
            continue;
        }
        let cache = guest_directory(request).join("build").join(part.cache);
        let invocation = Invocation {
            manifest: &manifest,
            part,
            outputs: &outputs,
            cache: &cache,
            flags: part
                .rustflags
                .iter()
                .map(ToString::to_string)
                .chain(remapped_paths(&checkout_of(&manifest, recipe)))
                .collect(),
            features: if part.instrumented { &features } else { &[] },
            environment: &request.extra.environment,
        };
        invocation.run(request)?;
        for (package, name) in &outputs {
            let built = cache.join(TARGET).join("release").join(package);
            images.push(install(&built, &output.join(name), name)?);
        }
    }
    let kernel_image = match request.guest.kernel {
        Kernel::Built => None,
        Kernel::Fetched { pins } => {
            let pins = manifest.with_file_name(pins);
            Some(add_kernel(request, &pins, &mut images)?)
        }
    };
    Ok(Guest {
        guest: request.guest,
        variant: request.variant,
        features,
        extra: request.extra.clone(),
        rustflags: recipe.parts.iter().map(Part::flags).collect(),
        profile: "release".into(),
        kernel_image,
        images,
    })
}

/// Names of the packages in a guest's workspace, as cargo lists them: what an older
/// checkout has of what is built today.
///
/// # Errors
///
/// There are no sources, or cargo does not list them.
pub fn packages(root: &Path, guest: GuestName) -> Result<BTreeSet<String>, BuildError> {
    #[derive(serde::Deserialize)]
    struct Package {
        name: String,
    }
    #[derive(serde::Deserialize)]
    struct Listed {
        packages: Vec<Package>,
    }
    let manifest = root.join(guest.recipe.workspace).join("Cargo.toml");
    if !manifest.is_file() {
        return Err(BuildError::NoSources { guest, manifest });
    }
    let mut command = cargo();
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    command.arg("--manifest-path").arg(&manifest);
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|source| BuildError::NoCargo { source })?;
    let listed: Result<Listed, _> = serde_json::from_slice(&output.stdout);
    match listed {
        Ok(listed) => Ok(listed.packages.into_iter().map(|of| of.name).collect()),
        Err(_) => Err(BuildError::Failed {
            guest,
            variant: Variant::Samples,
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            command: format!("{command:?}"),
        }),
    }
}

/// The kernel stays in its cache: boots only read it.
fn add_kernel(
    request: &BuildRequest<'_>,
    pins: &Path,
    images: &mut Vec<Image>,
) -> Result<KernelImage, BuildError> {
    let cache = super::fetched(request.root, request.guest).join(KERNELS);
    create_directory(&cache)?;
    // Another checkout may use the same cache.
    let _exclusive = lock(&cache)?;
    let (kernel, path) = kernel_image::provide(pins, &cache, request.extra.kernel.as_deref())?;
    let bytes = fs::metadata(&path).map(|file| file.len());
    images.push(Image {
        name: KERNEL.to_owned(),
        sha256: kernel.sha256,
        bytes: bytes.map_err(|source| BuildError::File {
            path: path.clone(),
            source,
        })?,
        path,
    });
    Ok(kernel)
}

fn guest_directory(request: &BuildRequest<'_>) -> PathBuf {
    request
        .root
        .join("target/guests")
        .join(request.guest.name())
}

fn output_directory(request: &BuildRequest<'_>) -> PathBuf {
    let guests = guest_directory(request);
    if request.extra.is_empty() {
        guests.join(request.variant.name())
    } else {
        let hash = hash::short(hash::of_canonical(&request.extra));
        guests.join(format!("{}-{hash}", request.variant))
    }
}

/// The root of the checkout that a workspace's manifest really lies in.
fn checkout_of(manifest: &Path, recipe: &Recipe) -> PathBuf {
    let depth = Path::new(recipe.workspace).components().count() + 1;
    let root = manifest.ancestors().nth(depth);
    root.expect("the manifest lies in the workspace").to_owned()
}

/// Paths of this host do not belong into an image: the same sources then give
/// the same bytes in every checkout.
fn remapped_paths(root: &Path) -> Vec<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let remap = |from: &Path, to| format!("--remap-path-prefix={}={to}", from.display());
    // The last match wins, and a registry may lie inside the checkout.
    let mut flags = vec![remap(root, "/capbench")];
    flags.extend(home.map(|home| remap(&home, "/cargo")));
    flags
}

/// Cargo, without what the caller's own build says to it.
fn cargo() -> Command {
    // CARGO is set by an outer cargo to its own path; keep using that one.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    for (name, _) in std::env::vars_os() {
        if is_inherited_setting(&name.to_string_lossy()) {
            command.env_remove(name);
        }
    }
    command
}

struct Invocation<'a> {
    manifest: &'a Path,
    part: &'a Part,
    /// (package and binary, image name), those of the part that are wanted.
    outputs: &'a [(&'static str, &'static str)],
    cache: &'a Path,
    flags: Vec<String>,
    features: &'a [String],
    environment: &'a BTreeMap<String, String>,
}

impl Invocation<'_> {
    fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = ["build", "--release", "--locked", "--target", TARGET]
            .map(OsString::from)
            .into();
        arguments.push("--manifest-path".into());
        arguments.push(self.manifest.into());
        arguments.push("--target-dir".into());
        arguments.push(self.cache.into());
        for (binary, _) in self.outputs {
            arguments.push("--package".into());
            arguments.push(self.part.package.unwrap_or(binary).into());
        }
        if !self.features.is_empty() {
            arguments.push("--features".into());
            arguments.push(self.features.join(",").into());
        }
        arguments
    }

    fn command(&self) -> Command {
        let mut command = cargo();
        // 0x1f separates flags, so a flag may contain spaces.
        command
            .env("CARGO_ENCODED_RUSTFLAGS", self.flags.join("\u{1f}"))
            .envs(self.environment)
            .args(self.arguments())
            .stdin(Stdio::null());
        dies_with_us(&mut command);
        command
    }

    fn run(&self, request: &BuildRequest<'_>) -> Result<(), BuildError> {
        let mut command = self.command();
        let output = command
            .arg("--quiet")
            .output()
            .map_err(|source| BuildError::NoCargo { source })?;
        if output.status.success() {
            return Ok(());
        }
        Err(BuildError::Failed {
            guest: request.guest,
            variant: request.variant,
            stderr: String::from_utf8_lossy(&output.stderr)
                .trim_end()
                .to_owned(),
            command: self.as_shell(),
        })
    }

    fn as_shell(&self) -> String {
        let mut words = vec![format!("RUSTFLAGS='{}' cargo", self.flags.join(" "))];
        words.extend(
            self.arguments()
                .iter()
                .map(|word| word.to_string_lossy().into_owned()),
        );
        words.join(" ")
    }
}

/// Whether an outer cargo or the user's shell set this for host builds.
fn is_inherited_setting(name: &str) -> bool {
    let keep = ["CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"];
    let ours = ["CARGO", "RUST", "TARGET", "PROFILE", "OUT_DIR"];
    !keep.contains(&name) && ours.iter().any(|prefix| name.starts_with(prefix))
}

/// Copies only what changed, through a temporary name, so that a boot never
/// sees half an image.
fn install(built: &Path, image: &Path, name: &str) -> Result<Image, BuildError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| BuildError::File { path, source }
    };
    let sha256 = hash::of_file(built).map_err(at(built))?;
    if hash::of_file(image).ok() != Some(sha256) {
        let temporary = image.with_extension(format!("{}.new", std::process::id()));
        fs::copy(built, &temporary).map_err(at(&temporary))?;
        fs::rename(&temporary, image).map_err(at(image))?;
    }
    Ok(Image {
        name: name.to_owned(),
        sha256,
        bytes: fs::metadata(image).map_err(at(image))?.len(),
        path: image.to_owned(),
    })
}

/// Variants share cargo's cache and so the name of the linked binary: without
/// the lock, two runs at once could pick up each other's variant.
fn lock(directory: &Path) -> Result<fs::File, BuildError> {
    let path = directory.join("build.lock");
    exclusive(&path).map_err(|source| BuildError::File { path, source })
}

/// Waits until nobody else holds the file's lock; it is let go with the file.
pub(super) fn exclusive(path: &Path) -> io::Result<fs::File> {
    let file = fs::File::create(path)?;
    file.lock()?;
    Ok(file)
}

fn create_directory(path: &Path) -> Result<(), BuildError> {
    fs::create_dir_all(path).map_err(|source| BuildError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::capos;

    #[test]
    fn inherited_build_settings_are_removed_and_homes_are_kept() {
        for removed in [
            "CARGO_TARGET_DIR",
            "CARGO_BUILD_TARGET",
            "RUSTFLAGS",
            "RUSTC_WRAPPER",
            "TARGET",
        ] {
            assert!(is_inherited_setting(removed), "{removed}");
        }
        for kept in [
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "PATH",
            "HOME",
        ] {
            assert!(!is_inherited_setting(kept), "{kept}");
        }
    }

    #[test]
    fn a_build_with_additions_never_lands_among_the_real_images() {
        let mut request = BuildRequest {
            root: Path::new("/r"),
            guest: capos::GUEST,
            variant: Variant::Segments,
            extra: Extra::default(),
            programs: None,
        };
        let real = output_directory(&request);
        assert_eq!(real, Path::new("/r/target/guests/capos/segments"));
        request.extra.features.push("inject".into());
        let injected = output_directory(&request);
        assert_ne!(injected, real);
        request
            .extra
            .environment
            .insert("INJECT".into(), "7".into());
        assert_ne!(output_directory(&request), injected);
    }

    #[test]
    fn missing_sources_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let error = build(&BuildRequest {
            root: directory.path(),
            guest: capos::GUEST,
            variant: Variant::Plain,
            extra: Extra::default(),
            programs: None,
        })
        .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("reference-guests/capos/Cargo.toml")
        );
    }
}
