//! The files that programs of unpacked packages need to run: their loader, their
//! libraries, the libraries of those.
//!
//! Found step by step: what is missing after one package says which to fetch
//! next. Every file is read once. Links are followed inside a package and never
//! out of it, so nothing of the host comes along. What a program loads only while
//! it runs is not found.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::elf::{self, Needs};

/// Where the loader of the distribution looks by itself, in its order.
const LIBRARIES: [&str; 4] = [
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib",
    "/usr/lib",
];

/// A link that leads over more links than this leads in a circle.
const MOST_LINKS: usize = 16;

/// Something an image must hold. Programs come first in their order, so that
/// their loader is known before the libraries that name it too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wanted {
    /// By its absolute path.
    Program(String),
    /// By its absolute path.
    Loader(String),
    /// By the name it is looked for under.
    Library(String),
}

impl Wanted {
    /// Where it lies in the image. A library lies where the loader looks first,
    /// under the name it looks for.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Program(path) | Self::Loader(path) => path.clone(),
            Self::Library(name) => format!("{}/{name}", LIBRARIES[0]),
        }
    }

    /// Its permissions in the image.
    pub(super) fn mode(&self) -> u32 {
        match self {
            Self::Program(_) | Self::Loader(_) => 0o755,
            Self::Library(_) => 0o644,
        }
    }

    /// Its own name, without the directory.
    pub(super) fn name(&self) -> &str {
        let (Self::Program(path) | Self::Loader(path) | Self::Library(path)) = self;
        path.rsplit('/').next().unwrap_or(path)
    }
}

/// What was looked for so far.
pub(super) struct Search {
    trees: Vec<PathBuf>,
    found: BTreeMap<Wanted, Found>,
    missing: BTreeSet<Wanted>,
}

/// Where something was found.
#[derive(Debug)]
pub(super) struct Found {
    /// In which package, by the order they were added.
    pub(super) tree: usize,
    /// The file itself, behind all links.
    pub(super) file: PathBuf,
}

impl Search {
    /// Nothing but the programs' paths is known yet.
    pub(super) fn new<'a>(programs: impl Iterator<Item = &'a String>) -> Self {
        Self {
            trees: Vec::new(),
            found: BTreeMap::new(),
            missing: programs.cloned().map(Wanted::Program).collect(),
        }
    }

    /// Looks into a further package's files; whether something that is wanted
    /// was among them.
    pub(super) fn add(&mut self, tree: PathBuf) -> bool {
        let added = self.trees.len();
        self.trees.push(tree);
        let mut open = std::mem::take(&mut self.missing);
        while let Some(wanted) = open.pop_first() {
            match self.locate(&wanted) {
                None => {
                    self.missing.insert(wanted);
                }
                Some((found, needs)) => {
                    self.found.insert(wanted, found);
                    open.extend(self.unknown(needs));
                }
            }
        }
        self.found.values().any(|found| found.tree == added)
    }

    /// What no package that was added holds.
    pub(super) fn missing(&self) -> &BTreeSet<Wanted> {
        &self.missing
    }

    /// What they hold.
    pub(super) fn found(&self) -> &BTreeMap<Wanted, Found> {
        &self.found
    }

    /// Needs that were not met before. The loader is a library that others name
    /// as well, and is in memory by then.
    fn unknown(&self, needs: Needs) -> Vec<Wanted> {
        let loaders: Vec<Wanted> = needs.loader.into_iter().map(Wanted::Loader).collect();
        let known = || self.found.keys().chain(&self.missing);
        let is_loader = |name: &String| {
            let mut loaders = loaders.iter().chain(known());
            loaders.any(|known| matches!(known, Wanted::Loader(_)) && known.name() == name)
        };
        let libraries = needs.libraries.iter().filter(|name| !is_loader(name));
        let libraries = libraries.cloned().map(Wanted::Library);
        let wanted: Vec<Wanted> = loaders.iter().cloned().chain(libraries).collect();
        wanted
            .into_iter()
            .filter(|wanted| !known().any(|known| known == wanted))
            .collect()
    }

    fn locate(&self, wanted: &Wanted) -> Option<(Found, Needs)> {
        self.trees.iter().enumerate().find_map(|(index, tree)| {
            let (file, needs) = match wanted {
                Wanted::Program(path) => program(tree, path)?,
                Wanted::Loader(path) => runnable(tree, Path::new(path))?,
                Wanted::Library(name) => LIBRARIES
                    .iter()
                    .find_map(|directory| runnable(tree, &Path::new(directory).join(name)))?,
            };
            Some((Found { tree: index, file }, needs))
        })
    }
}

/// The program itself. Where a script picks one of several by the kernel that
/// runs (`perf` and `perf_6.1`), the last of those takes the script's place: an
/// image has no shell to run it.
fn program(tree: &Path, path: &str) -> Option<(PathBuf, Needs)> {
    let path = Path::new(path);
    if let Some(found) = runnable(tree, path) {
        return Some(found);
    }
    let prefix = format!("{}_", path.file_name()?.to_str()?);
    let directory = path.parent()?;
    let entries = fs::read_dir(inside(tree, directory)).ok()?.flatten();
    let mut versions: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(&prefix))
        .collect();
    versions.sort();
    versions
        .iter()
        .rev()
        .find_map(|name| runnable(tree, &directory.join(name)))
}

/// The file at this place of a package, if it is one the guest could load.
fn runnable(tree: &Path, path: &Path) -> Option<(PathBuf, Needs)> {
    let file = resolve(tree, path)?;
    let needs = elf::needs(&fs::read(&file).ok()?)?;
    Some((file, needs))
}

/// The regular file at an absolute place of a package, behind all links.
fn resolve(tree: &Path, path: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        // Of the two places that are one on an installed system a package has
        // either.
        let merged = Path::new("/usr").join(path.strip_prefix("/").ok()?);
        let exists = |path: &&PathBuf| inside(tree, path).symlink_metadata().is_ok();
        let place = [&path, &merged].into_iter().find(exists)?.clone();
        match fs::read_link(inside(tree, &place)) {
            // An absolute target replaces the whole path.
            Ok(target) => path = place.parent()?.join(target),
            Err(_) => {
                let file = inside(tree, &place).canonicalize().ok()?;
                let own = file.is_file() && file.starts_with(tree.canonicalize().ok()?);
                return own.then_some(file);
            }
        }
    }
    None
}

fn inside(tree: &Path, path: &Path) -> PathBuf {
    tree.join(path.strip_prefix("/").unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::super::elf::tests::file;
    use super::*;
    use std::os::unix::fs::symlink;

    const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";

    /// A package's files, of which some are links.
    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn place(&self, path: &str) -> PathBuf {
            let place = inside(self.0.path(), Path::new(path));
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            place
        }

        fn file(self, path: &str, bytes: &[u8]) -> Self {
            fs::write(self.place(path), bytes).unwrap();
            self
        }

        fn link(self, path: &str, target: &str) -> Self {
            symlink(target, self.place(path)).unwrap();
            self
        }
    }

    fn search(programs: &[&str]) -> Search {
        let programs: Vec<String> = programs.iter().map(ToString::to_string).collect();
        Search::new(programs.iter())
    }

    fn library(name: &str) -> Wanted {
        Wanted::Library(name.into())
    }

    fn c_library() -> Tree {
        Tree::new()
            .file(
                "/lib/x86_64-linux-gnu/libc.so.6",
                &file(None, &["ld-linux-x86-64.so.2"]),
            )
            .file(
                "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                &file(None, &[]),
            )
            .link(LOADER, "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
    }

    #[test]
    fn a_program_is_complete_with_its_loader_and_the_libraries_of_its_libraries() {
        let program = Tree::new().file("/usr/bin/tool", &file(Some(LOADER), &["libz.so.1"]));
        let z = Tree::new()
            .link("/usr/lib/x86_64-linux-gnu/libz.so.1", "libz.so.1.2")
            .file(
                "/usr/lib/x86_64-linux-gnu/libz.so.1.2",
                &file(None, &["libc.so.6"]),
            );
        let c = c_library();
        let mut search = search(&["/usr/bin/tool"]);
        assert!(search.add(program.0.path().into()));
        assert_eq!(
            search.missing().iter().cloned().collect::<Vec<_>>(),
            [Wanted::Loader(LOADER.into()), library("libz.so.1")]
        );
        assert!(search.add(z.0.path().into()));
        assert!(search.add(c.0.path().into()));
        assert!(search.missing().is_empty());

        let paths: Vec<String> = search.found().keys().map(Wanted::path).collect();
        let expected = [
            "/usr/bin/tool",
            LOADER,
            "/lib/x86_64-linux-gnu/libc.so.6",
            "/lib/x86_64-linux-gnu/libz.so.1",
        ];
        assert_eq!(paths, expected, "the loader is there once");
        let z = &search.found()[&library("libz.so.1")];
        assert_eq!(
            (z.tree, z.file.file_name().unwrap()),
            (1, "libz.so.1.2".as_ref())
        );
        assert!(
            search
                .found()
                .values()
                .all(|found| !found.file.is_symlink())
        );
    }

    #[test]
    fn a_package_that_holds_nothing_wanted_says_so() {
        let other = Tree::new().file("/usr/lib/libother.so.1", &file(None, &["libx.so"]));
        let mut search = search(&["/usr/bin/tool"]);
        assert!(!search.add(other.0.path().into()));
        assert_eq!(search.missing().len(), 1);
    }

    #[test]
    fn a_script_in_a_programs_place_gives_way_to_the_program_it_stands_for() {
        let tree = Tree::new()
            .file("/usr/bin/perf", b"#!/bin/bash\nexec perf_$version\n")
            .file("/usr/bin/perf_6.1", &file(None, &["libnew.so"]));
        let mut search = search(&["/usr/bin/perf"]);
        assert!(search.add(tree.0.path().into()));
        let found = &search.found()[&Wanted::Program("/usr/bin/perf".into())];
        assert!(found.file.ends_with("perf_6.1"), "{found:?}");
    }

    #[test]
    fn a_package_may_name_the_same_place_in_either_of_its_two_ways() {
        let tree = Tree::new()
            .file("/usr/bin/tool", &file(Some(LOADER), &[]))
            .link(
                "/usr/lib64/ld-linux-x86-64.so.2",
                "../lib/x86_64-linux-gnu/ld.so",
            )
            .file("/usr/lib/x86_64-linux-gnu/ld.so", &file(None, &[]));
        let mut search = search(&["/bin/tool"]);
        search.add(tree.0.path().into());
        assert!(search.missing().is_empty(), "{:?}", search.missing());
    }

    #[test]
    fn a_link_out_of_the_package_or_in_a_circle_is_not_followed() {
        let outside = Tree::new().file("/real", &file(None, &[]));
        let outside = outside.place("/real");
        let tree = Tree::new()
            .link("/usr/bin/one", outside.to_str().unwrap())
            .link(
                "/usr/bin/up",
                &format!("../../../../../../../..{}", outside.display()),
            )
            .link("/usr/bin/two", "two");
        let mut search = search(&["/usr/bin/one", "/usr/bin/two", "/usr/bin/up"]);
        assert!(!search.add(tree.0.path().into()));
    }
}
