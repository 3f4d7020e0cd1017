//! How cargo makes a guest's images, as data.

/// A guest's images and how cargo makes each.
#[derive(Debug)]
pub(super) struct Recipe {
    /// Its own cargo workspace, from the repository root.
    pub(super) workspace: &'static str,
    pub(super) parts: &'static [Part],
}

/// Packages that share one set of compiler flags, hence one cargo invocation.
#[derive(Debug)]
pub(super) struct Part {
    /// Directory below the build directory; flags differ, so caches must too.
    pub(super) cache: &'static str,
    pub(super) rustflags: &'static [&'static str],
    /// Whether the variant's feature belongs to these packages.
    pub(super) instrumented: bool,
    /// The package, where it has another name than its binary.
    pub(super) package: Option<&'static str>,
    /// (package and binary, image name)
    pub(super) outputs: &'static [(&'static str, &'static str)],
}

/// The host's own target: stock toolchains need no other. `--target` keeps the
/// flags away from build scripts.
pub(super) const TARGET: &str = "x86_64-unknown-linux-gnu";

impl Part {
    /// Its flags under its name, for the record.
    pub(super) fn flags(&self) -> (String, Vec<String>) {
        let flags = self.rustflags.iter().map(ToString::to_string).collect();
        (self.cache.to_owned(), flags)
    }
}
