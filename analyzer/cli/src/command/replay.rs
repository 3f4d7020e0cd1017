//! `capbench replay`: the same run again, held against the original.
//!
//! Only from the commit that the original was made at: from another one, a
//! difference would say nothing.
//!
//! A run may come from anywhere, so nothing that it names is executed. Its checksums
//! must hold; its options are of a closed list, with names that are names; and the
//! command is printed before it starts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use capbench_report::Table;
use capbench_results::is_plain_name;
use capbench_runner::artifact::{Artifact, names};
use capbench_runner::checkout;
use capbench_runner::guest::BUILD_VARIABLES;
use capbench_runner::plan::Overrides;
use capbench_runner::record::RunRecord;
use capbench_runner::stderr;
use capbench_verify::replay::{Replayed, compare};
use capbench_verify::sums;
use clap::Args;
use miette::{IntoDiagnostic, Report, Result, WrapErr, miette};

use super::{Emulator, Format, look, print_json};
use crate::exit::Exit;
use crate::stdout::{self, Unwritten};

/// Where repetitions go, below `runs/`, so that none becomes the latest run.
const REPLAYS: &str = "replays";

#[derive(Args)]
pub struct Replay {
    /// A run directory [default: runs/latest in the checkout]
    run: Option<PathBuf>,

    /// Parent of the repetition's directory [default: runs/replays/ in the checkout]
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,

    /// The kernel image that the run booted instead of the distribution's, if it did:
    /// it lies outside of the run
    #[arg(long, value_name = "FILE")]
    kernel: Option<PathBuf>,

    #[command(flatten)]
    emulator: Emulator,

    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Replay {
    pub fn execute(&self, root: &Path) -> Result<Exit> {
        let latest = || root.join("runs").join(names::LATEST);
        let directory = self.run.clone().unwrap_or_else(latest);
        let original = Artifact::open(&directory)?;
        check_sums(&original)?;
        let overrides = self.overrides(&original.record.overrides)?;
        check_commit(&original, root)?;
        // A directory per original: its `latest` is what was just made.
        let out = self.out.clone();
        let out = out.unwrap_or_else(|| root.join("runs").join(REPLAYS));
        let out = out.join(&original.record.run_id);
        match self.again(&original.record, &overrides, root, &out)? {
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
    fn again(
        &self,
        record: &RunRecord,
        overrides: &Overrides,
        root: &Path,
        out: &Path,
    ) -> Result<Option<i32>> {
        let qemu = self.emulator.qemu.as_deref();
        let qemu = qemu.map(|program| [Path::new("--qemu"), program]);
        let mut command = Command::new(std::env::current_exe().into_diagnostic()?);
        command
            .arg("--root")
            .arg(root)
            .arg("run")
            .args(["--mode", record.mode.as_str()])
            .args(overrides.options())
            .args(["--expect-envelope", &record.envelope.hash.to_string()])
            .args(qemu.iter().flatten())
            .arg("--out")
            .arg(out)
            // Whatever follows is no option.
            .args(["--", &record.selection])
            // Its tables are not what was asked for; its progress is.
            .stdout(Stdio::null());
        // Quoted: words of the record could steer a terminal.
        stderr::line(format_args!("replay: {command:?}"));
        let status = command.status().into_diagnostic()?;
        Ok(status.code())
    }

    /// What the run's command line changed, as far as a run may ask for it.
    fn overrides(&self, recorded: &Overrides) -> Result<Overrides> {
        let extra = &recorded.extra;
        let variables = extra.environment.keys();
        if let Some(name) = variables
            .into_iter()
            .find(|name| !BUILD_VARIABLES.contains(&name.as_str()))
        {
            return Err(miette!(
                code = "capbench::replay",
                help = format!(
                    "only {} are passed on, for others could name programs that cargo starts; \
                     where you trust the run, type its command, `command` in run.json, yourself",
                    BUILD_VARIABLES.join(", ")
                ),
                "the run sets the variable {name:?} for the guests' builds"
            ));
        }
        let parameters = recorded.parameters.keys();
        if let Some(name) = parameters
            .chain(&extra.features)
            .find(|name| !is_plain_name(name))
        {
            return Err(miette!(
                code = "capbench::replay",
                help = "`capbench verify` reports whether the run was changed; make it again",
                "the run asks for {name:?}, which is no name of a parameter or feature"
            ));
        }
        let mut overrides = recorded.clone();
        overrides.extra.kernel.clone_from(&self.kernel);
        match (&extra.kernel, &self.kernel) {
            (Some(_), Some(_)) | (None, None) => Ok(overrides),
            (Some(kernel), None) => Err(miette!(
                code = "capbench::replay",
                help = "name the kernel: `capbench replay RUN --kernel FILE`",
                "the run booted a kernel image of its user's, {kernel:?}, which is no part of it"
            )),
            (None, Some(_)) => Err(miette!(
                code = "capbench::replay",
                help = "leave out --kernel",
                "the run booted no kernel image of its user's"
            )),
        }
    }
}

/// A changed run says nothing of the one that was made.
fn check_sums(original: &Artifact) -> Result<()> {
    let faults = match sums::faults(original.directory()) {
        Ok(faults) if faults.is_empty() => return Ok(()),
        Ok(faults) => faults.join("; "),
        Err(error) => error,
    };
    Err(miette!(
        code = "capbench::replay",
        help = "copy the run again from where it was made; `capbench verify` lists what differs",
        "the run at {} is not as it was sealed, so it is not repeated: {faults}",
        original.directory().display()
    ))
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
                "replay it from there: `git worktree add --detach ../capbench-replay {}`; the \
                 run's own {} does the same, if you trust the run: it is a program",
                then.commit,
                names::REPLAY
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
    let median = |value: Option<f64>| value.map_or("—".to_owned(), |value| value.to_string());
    let verdict = |differences: &[String]| match (differences, replayed.medians_compared) {
        ([], true) => "identical".to_owned(),
        ([], false) => "ended alike".to_owned(),
        (differences, _) => differences.join("; "),
    };
    let overview = Table::of("", &replayed.rows)
        .words("benchmark", |row| row.name.benchmark_name.as_str())
        .words("system", |row| {
            format!("{}/{}", row.name.guest, row.name.system)
        })
        .number("median", |row| median(row.original))
        .number("again", |row| median(row.again))
        .words("", |row| verdict(&row.differences))
        .end();
    stdout::text(overview.text(look()))?;
    if !replayed.medians_compared {
        stdout::line(
            "\nOnly exact mode repeats to the bit; medians of this mode were not compared.",
        )?;
    }
    Ok(())
}
