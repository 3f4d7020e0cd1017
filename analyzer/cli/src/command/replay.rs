//! `capbench replay`: the same run again, held against the original.
//!
//! Only from the commit that the original was made at: from another one, a
//! difference would say nothing. `replay.sh` in the run's directory checks that
//! commit out first.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use capbench_runner::artifact::{Artifact, names};
use capbench_runner::checkout;
use capbench_runner::record::RunRecord;
use capbench_runner::stderr;
use capbench_verify::replay::{Replayed, compare};
use clap::Args;
use miette::{IntoDiagnostic, Report, Result, WrapErr, miette};

use super::{Emulator, Format, print_json};
use crate::exit::Exit;
use crate::stdout::{self, Unwritten};
use crate::table;

/// Where repetitions go, below `runs/`, so that none becomes the latest run.
const REPLAYS: &str = "replays";

#[derive(Args)]
pub struct Replay {
    /// A run directory [default: runs/latest in the checkout]
    run: Option<PathBuf>,

    /// Where the repetition's directory is made [default: runs/replays/ in the checkout]
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,

    #[command(flatten)]
    emulator: Emulator,

    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Replay {
    pub fn execute(&self, root: &Path) -> Result<Exit> {
        let latest = || root.join("runs").join(names::LATEST);
        let directory = self.run.clone().unwrap_or_else(latest);
        let original = Artifact::open(&directory)?;
        check_commit(&original, root)?;
        // A directory per original: its `latest` is what was just made.
        let out = self.out.clone();
        let out = out.unwrap_or_else(|| root.join("runs").join(REPLAYS));
        let out = out.join(&original.record.run_id);
        match self.again(&original.record, root, &out)? {
            Some(0 | 2) => {}
            Some(130) => return Ok(Exit::Interrupted),
            // It has said why.
            _ => return Ok(Exit::Usage),
        }
        let repetition = Artifact::open(&out.join(names::LATEST))?;
        let replayed = compare(&original.results, &repetition.results);
        let sealed = out.join(&replayed.again);
        let printed = match self.format {
            Format::Json => print_json(&replayed),
            Format::Text => print_text(&replayed).map_err(Report::from),
        };
        stderr::line(sealed.display());
        printed.wrap_err_with(|| format!("the repetition is sealed in {}", sealed.display()))?;
        Ok(if replayed.identical {
            Exit::Success
        } else {
            Exit::Unusable
        })
    }

    /// The run in a process of its own, as it would be typed. Its status; none where a
    /// signal ended it.
    fn again(&self, record: &RunRecord, root: &Path, out: &Path) -> Result<Option<i32>> {
        let qemu = self.emulator.qemu.as_deref();
        let qemu = qemu.map(|program| [Path::new("--qemu"), program]);
        let status = Command::new(std::env::current_exe().into_diagnostic()?)
            .arg("--root")
            .arg(root)
            .args(["run", &record.selection])
            .args(["--mode", record.mode.as_str()])
            .args(record.overrides.options())
            .args(["--expect-envelope", &record.envelope.hash.to_string()])
            .args(qemu.iter().flatten())
            .arg("--out")
            .arg(out)
            // Its tables are not what was asked for; its progress is.
            .stdout(Stdio::null())
            .status()
            .into_diagnostic()?;
        Ok(status.code())
    }
}

fn check_commit(original: &Artifact, root: &Path) -> Result<()> {
    let then = &original.record.checkout;
    if !then.has_commit() {
        let why = then.unknown.as_deref().unwrap_or("git did not name it");
        return Err(miette!(
            code = "capbench::replay",
            help = "make the run again, in a clone that git reads; `capbench run` warns where it \
                    does not",
            "the commit that the run was made at is unknown ({why}), so no repetition says \
             anything of it"
        ));
    }
    let now = checkout::read(root)
        .map_err(Report::from)
        .wrap_err("the commit of this checkout is unknown, so it cannot repeat the run")?;
    if then.commit != now.commit {
        return Err(miette!(
            code = "capbench::replay",
            help = format!(
                "run {}, which checks that commit out first",
                original.directory().join(names::REPLAY).display()
            ),
            "the run was made at commit {}, this checkout is at {}",
            then.commit,
            now.commit
        ));
    }
    if then.dirty || now.dirty {
        stderr::line(format_args!(
            "note: {} uncommitted changes, so the commit alone does not say that both are of \
             the same sources",
            match (then.dirty, now.dirty) {
                (true, true) => "the run and this checkout have",
                (true, false) => "the run was made with",
                (false, _) => "this checkout has",
            }
        ));
    }
    Ok(())
}

fn print_text(replayed: &Replayed) -> Result<(), Unwritten> {
    stdout::line(format_args!(
        "{}\nagain: {}\n",
        replayed.original, replayed.again
    ))?;
    let titles = ["benchmark", "system", "median", "again", ""];
    let mut overview = table::table(&titles);
    let median = |value: Option<f64>| value.map_or("—".to_owned(), |value| value.to_string());
    for row in &replayed.rows {
        overview.add_row([
            row.name.benchmark_name.clone(),
            format!("{}/{}", row.name.guest, row.name.system),
            median(row.original),
            median(row.again),
            match (&row.differences[..], replayed.medians_compared) {
                ([], true) => "identical".to_owned(),
                ([], false) => "ended alike".to_owned(),
                (differences, _) => differences.join("; "),
            },
        ]);
    }
    table::right_align(&mut overview, &[2, 3]);
    stdout::line(table::text(&overview))?;
    if !replayed.medians_compared {
        stdout::line(
            "\nOnly exact mode repeats to the bit; medians of this mode were not compared.",
        )?;
    }
    Ok(())
}
