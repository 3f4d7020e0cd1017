//! What arithmetic on one raw stream shows, one file for each kind.
//!
//! A rule looks at one boot: its raw stream and what was declared of it. What it objects
//! to touches a benchmark, or every one of the boot; a row that is touched must not have
//! a number. Only what can be counted again stands here, in lines that the judging of
//! runs does not share. The other rules of validity are the judge's alone, and what
//! shows that they cannot be fooled is not a twin but the matrix of mutations
//! (`tests/matrix`).

mod accounts;
mod denials;
mod losses;
mod required;
mod session;

use crate::kept::Kept;
use crate::record::{Boot, Record};
use crate::rows::Row;
use crate::run::Run;
use crate::stream::Said;

/// What a rule looks at.
pub struct Scene<'a> {
    pub record: &'a Record,
    pub kept: Option<&'a Kept>,
    pub boot: &'a Boot,
    /// Its stream, where it left one that can be read.
    pub said: Option<&'a Said>,
    /// The rows of its guest and system.
    pub rows: &'a [&'a Row],
}

/// An objection of a rule.
#[derive(Clone, Debug)]
pub struct Objection {
    /// The word that a row without a number gives for it.
    pub reason: &'static str,
    /// Where it was seen: a stream, or a boot's name.
    pub source: String,
    pub guest: String,
    pub system: String,
    /// The row it touches; all of the boot's without one.
    pub benchmark: Option<String>,
    pub observed: String,
}

impl Objection {
    pub fn touches(&self, row: &Row) -> bool {
        let all = self.benchmark.as_deref();
        self.guest == row.guest
            && self.system == row.system
            && all.is_none_or(|benchmark| benchmark == row.benchmark_name)
    }
}

/// Collects what one rule objects to in one boot.
pub struct Objections<'a> {
    boot: &'a Boot,
    list: Vec<Objection>,
}

impl Objections<'_> {
    /// To every benchmark of the boot.
    fn all(&mut self, reason: &'static str, observed: impl Into<String>) {
        self.push(reason, None, observed.into());
    }

    /// To one.
    fn one(&mut self, benchmark: &str, reason: &'static str, observed: impl Into<String>) {
        self.push(reason, Some(benchmark.to_owned()), observed.into());
    }

    fn push(&mut self, reason: &'static str, benchmark: Option<String>, observed: String) {
        self.list.push(Objection {
            reason,
            source: self.boot.source(),
            guest: self.boot.guest.clone(),
            system: self.boot.system.clone(),
            benchmark,
            observed,
        });
    }
}

type Rule = fn(&Scene, &mut Objections);

/// Every rule that one boot is enough for. Causes stand before consequences.
const RULES: &[(&str, Rule)] = &[
    ("session", session::check),
    ("required", required::check),
    ("losses", losses::check),
    ("accounts", accounts::check),
    ("denials", denials::check),
];

/// What the rule of this name objects to, in all boots but the audit's.
pub fn objections(run: &Run, named: &str) -> Result<Vec<Objection>, String> {
    let (record, document) = (run.record()?, run.document()?);
    let mut found = Vec::new();
    for boot in record.counted() {
        let of_boot = |row: &&Row| row.guest == boot.guest && row.system == boot.system;
        let rows: Vec<&Row> = document.results.iter().filter(of_boot).collect();
        let read = boot.stored().map(|stored| run.said(&stored.file));
        let scene = Scene {
            record,
            kept: run.kept.as_ref().ok(),
            boot,
            said: read.and_then(Result::ok),
            rows: &rows,
        };
        for &(rule, check) in RULES {
            if named != rule {
                continue;
            }
            let list = Vec::new();
            let mut objections = Objections { boot, list };
            check(&scene, &mut objections);
            found.extend(objections.list);
        }
    }
    Ok(found)
}
