//! The names of the files that a record names, and that these are there.
//!
//! A boot's files are called by what the boot is, so a record has no choice of names:
//! one that leads out of the run, into another boot's files or to nothing is a fault.

use super::{Answer, Found, count};
use crate::inside;
use crate::record::{Boot, Native};
use crate::run::Run;

/// Ends of boots in which the emulator may not have made its files.
const MAY_LACK_FILES: [&str; 4] = ["notTried", "notStarted", "interrupted", "unexpected"];

pub(super) fn check(run: &Run) -> Found {
    let record = run.record()?;
    let (mut faults, mut named) = (Vec::new(), 0);
    for boot in &record.boots {
        let files = of_boot(boot);
        named += files.len();
        let may_lack = MAY_LACK_FILES.iter().any(|end| boot.exit["kind"] == *end);
        faults.extend(files.iter().filter_map(|file| file.fault(run, may_lack)));
    }
    if let Some(native) = &record.native {
        let files = of_native(native);
        named += files.len();
        let may_lack = native.exit["kind"] != "clean";
        faults.extend(files.iter().filter_map(|file| file.fault(run, may_lack)));
    }
    Answer::new(faults, count(named, "file"))
}

/// A file as the record names it, and what it has to be called.
struct Named<'a> {
    what: &'static str,
    of: String,
    stored: Option<&'a str>,
    called: Option<String>,
    /// What is added to the name once the run is sealed.
    sealed: &'static str,
    /// Whether another check looks for it, or it may have been left out.
    is_looked_for: bool,
}

fn of_boot(boot: &Boot) -> Vec<Named<'_>> {
    let stem = boot.stem();
    let named = |what, stored, suffix: &str| Named {
        what,
        of: stem.clone(),
        stored,
        called: Some(format!("boots/{stem}.{suffix}")),
        sealed: "",
        is_looked_for: false,
    };
    let mut files = vec![
        named("console", boot.console.as_deref(), "console.log"),
        named("emulator's log", boot.emulator_log.as_deref(), "qemu.log"),
    ];
    let log = boot.instruction_log.as_deref();
    let log = named("instruction log", log, "instructions.log");
    files.push(Named {
        // Only an audit logs instructions.
        called: log.called.filter(|_| boot.audit),
        sealed: ".zst",
        is_looked_for: true,
        ..log
    });
    if let Some(stored) = boot.stored() {
        files.push(Named {
            is_looked_for: true,
            ..named("trace", Some(&stored.file), "ktrace")
        });
    }
    files
}

fn of_native(native: &Native) -> Vec<Named<'_>> {
    let named = |what, stored, called: &str| Named {
        what,
        of: "the host's program".to_owned(),
        stored,
        called: Some(called.to_owned()),
        sealed: "",
        is_looked_for: false,
    };
    let mut files = vec![named("log", native.log.as_deref(), "native/native.log")];
    if let Some(stored) = native.capture.stored() {
        files.push(named("trace", Some(&stored.file), "native/native.ktrace"));
    }
    files
}

impl Named<'_> {
    fn fault(&self, run: &Run, may_lack: bool) -> Option<String> {
        let Self { what, of, .. } = self;
        match (self.stored, self.called.as_deref()) {
            (Some(stored), Some(called)) if stored == called => {
                let file = format!("{called}{}", self.sealed);
                let fault = inside::open(&run.directory, &file).err()?;
                let is_expected = (may_lack || self.is_looked_for) && fault.is_missing();
                (!is_expected).then(|| format!("{of}: its {what} {file}: {fault}"))
            }
            (None, None) => None,
            (Some(stored), None) => {
                Some(format!("{of} has no {what}, yet one is named: {stored:?}"))
            }
            (None, Some(called)) => Some(format!("{of}: its {what} is not named, {called:?}")),
            (Some(stored), Some(called)) => Some(format!(
                "{of}: its {what} is called {called:?}, and the record names {stored:?}{}",
                if inside::leads_out(stored) {
                    ", which leads out of the run"
                } else {
                    ""
                }
            )),
        }
    }
}
