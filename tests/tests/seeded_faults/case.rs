//! A case: a seed, what is done, and what must come of it, stated before it runs.

use std::path::{Path, PathBuf};

use crate::base::Base;
use crate::random::Random;

/// What must come of a case.
#[derive(Clone, Copy)]
pub struct Expected {
    /// The exit statuses that are right.
    pub statuses: &'static [i32],
    /// Words that standard output or standard error must contain.
    pub says: &'static str,
}

impl Expected {
    /// Carried out, and nothing found.
    pub const CLEAN: Self = Self::status(&[0]);
    /// Not carried out.
    pub const REFUSED: Self = Self::status(&[1]);
    /// Not carried out, or carried out with something found.
    pub const FOUND: Self = Self::status(&[1, 2]);
    /// The fault may lie where this command does not look; it ends in order.
    pub const ORDERLY: Self = Self::status(&[0, 1, 2]);

    pub const fn status(statuses: &'static [i32]) -> Self {
        Self { statuses, says: "" }
    }

    pub const fn saying(self, says: &'static str) -> Self {
        Self { says, ..self }
    }
}

/// Where standard output goes.
#[derive(Clone, Copy)]
pub enum Output {
    Kept,
    /// A device without room.
    Full,
    /// A pipe whose reader left.
    ReaderGone,
}

/// A case's own directory, and the undamaged inputs, which it only reads.
pub struct Place<'a> {
    pub directory: PathBuf,
    pub base: &'a Base,
}

impl Place<'_> {
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// What a hostile input would make if any of it were executed.
    pub fn trap(&self) -> PathBuf {
        self.path("executed")
    }
}

/// Makes the input and returns the command's arguments.
pub type Prepare = Box<dyn Fn(&Place, &mut Random) -> Vec<String> + Send + Sync>;

pub struct Case {
    pub area: &'static str,
    pub kind: String,
    pub seed: u64,
    pub output: Output,
    pub expected: Expected,
    pub prepare: Prepare,
}

impl Case {
    pub fn new(
        area: &'static str,
        kind: impl Into<String>,
        seed: u64,
        expected: Expected,
        prepare: impl Fn(&Place, &mut Random) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        Self {
            area,
            kind: kind.into(),
            seed,
            output: Output::Kept,
            expected,
            prepare: Box::new(prepare),
        }
    }

    pub fn name(&self) -> String {
        format!("{}/{}/{}", self.area, self.kind, self.seed)
    }
}

/// Arguments of a command, the last of them a path.
pub fn words(words: &[&str], path: &Path) -> Vec<String> {
    let words = words.iter().map(|&word| word.to_owned());
    words.chain([path.to_str().unwrap().to_owned()]).collect()
}
