//! The rules that make a number invalid, one file each, as DESIGN §7 and
//! `docs/src/verify.md` list them.
//!
//! A rule looks at one boot: its end, its raw stream and what was declared of it.
//! What it objects to touches a benchmark, or every one of the boot. Whether a row
//! may then have a number is for [`crate::check`]. These rules exist a second time
//! in the program that writes runs; the two share no line.

mod accounts;
mod authority;
mod clock;
mod damage;
mod dropped;
mod exits;
mod features;
pub mod instruments;
mod panics;
mod segments;
mod sequence;
mod time_order;
mod verdicts;
mod windows;

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
    /// Why there is none.
    pub unread: Option<String>,
    /// The rows of its guest and system.
    pub rows: &'a [&'a Row],
}

/// What a rule objects to.
#[derive(Clone, Debug)]
pub struct Objection {
    /// The word that a row without a number gives for it.
    pub reason: &'static str,
    /// Where it was seen: a stream, or a boot's name.
    pub source: String,
    /// Boot it was seen in.
    pub boot: String,
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
            boot: self.boot.stem(),
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
    ("exits", exits::check),
    ("panics", panics::check),
    ("damage", damage::check),
    ("sequence", sequence::check),
    ("end-of-stream", damage::end_of_stream),
    ("windows", windows::check),
    ("dropped", dropped::check),
    ("verdicts", verdicts::check),
    ("accounts", accounts::check),
    ("time-order", time_order::check),
    ("segments", segments::check),
    ("authority", authority::check),
    ("denials", authority::denials),
    ("features", features::check),
    ("program-clock", clock::check),
    ("instruments", instruments::check),
];

/// What the rule of this name objects to, in all boots but the audit's; all rules
/// without a name.
pub fn objections(run: &Run, named: Option<&str>) -> Result<Vec<Objection>, String> {
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
            said: read.as_ref().and_then(|read| read.as_ref().ok().copied()),
            unread: match read {
                Some(read) => read.err(),
                None => Some("it left no stream".to_owned()),
            },
            rows: &rows,
        };
        for &(rule, check) in RULES {
            if named.is_some_and(|named| named != rule) {
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
