//! `capbench run`: from a name to a sealed artifact.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use capbench_judge::audit::logged_addresses;
use capbench_judge::{Judgement, judge, seal};
use capbench_report::appendix::Appendix;
use capbench_report::{LastWords, Report as Document};
use capbench_results::{Digest, Mode};
use capbench_runner::checkout::{self, Checkout};
use capbench_runner::envelope::Envelope;
use capbench_runner::guest::{Extra, GuestName, Variant, neutral};
use capbench_runner::host;
use capbench_runner::interrupt::Interrupt;
use capbench_runner::manifest::Catalogue;
use capbench_runner::plan::{Overrides, Plan};
use capbench_runner::probe::prove;
use capbench_runner::progress::Progress;
use capbench_runner::qemu::Qemu;
use capbench_runner::record::{RunRecord, State};
use capbench_runner::run::{CapturedRun, Request, RunError, capture};
use capbench_runner::stderr;
use clap::Args;
use miette::{IntoDiagnostic, Report, Result, WrapErr, miette};

use super::{Emulator, Format, VariantName};
use crate::ending;
use crate::exit::Exit;
use crate::stdout::{self, Unwritten};

#[derive(Args)]
pub struct Run {
    /// A suite (`ring`) or a benchmark (`ring/nop`); `capbench list` shows all
    #[arg(value_name = "SUITE|BENCHMARK")]
    selection: String,

    /// Boots of the `samples` variant [default: as the definitions say]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1000))]
    boots: Option<u32>,

    /// exact counts instructions, hardware ticks of a KVM guest; emulated is for
    /// smoke runs and publishes nothing
    #[arg(long, default_value = "exact", value_parser = Mode::from_str)]
    mode: Mode,

    /// Parent of the artifact's directory [default: runs/ in the checkout]
    #[arg(long, value_name = "DIRECTORY")]
    out: Option<PathBuf>,

    /// A kernel parameter for this run only, such as `trace_slots=1024`
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = assignment)]
    parameters: Vec<(String, String)>,

    /// A further cargo feature of the kernel, for tests of the measurement
    #[arg(long = "feature", value_name = "FEATURE")]
    features: Vec<String>,

    /// A variable for the kernel's build script, for tests of the measurement
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = assignment)]
    environment: Vec<(String, String)>,

    /// A kernel image for the Linux guest instead of the distribution's
    #[arg(long, value_name = "FILE")]
    kernel: Option<PathBuf>,

    /// Boot this guest only; several may be given [default: all]
    #[arg(long = "guest", value_name = "GUEST")]
    guests: Vec<GuestName>,

    /// Boot this variant only; several may be given [default: all]
    #[arg(long = "variant", value_enum, value_name = "VARIANT")]
    variants: Vec<VariantName>,

    /// Boot this variant of the guest that means the same: other stacks, ids, phase and
    /// layout [default: 0, the guest as it is]
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 0,
        hide_default_value = true
    )]
    neutral: u32,

    /// Leave out the audit boot
    #[arg(long)]
    no_audit: bool,

    /// Leave out the column of this host's own kernel
    #[arg(long)]
    no_native: bool,

    /// Refuse to run under another envelope than this
    #[arg(long, value_name = "SHA256", value_parser = Digest::from_str)]
    expect_envelope: Option<Digest>,

    #[command(flatten)]
    emulator: Emulator,

    /// Print no progress
    #[arg(long, short)]
    quiet: bool,

    /// Output format; json is the content of results.json
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// `NAME=VALUE`
pub fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

impl Run {
    pub fn execute(self, root: &Path) -> Result<Exit> {
        let catalogue = Catalogue::load(&root.join("manifests")).map_err(|error| *error)?;
        let overrides = neutral(&self.overrides(), self.neutral);
        if self.neutral > 0 && !self.can_be_varied() {
            let guests = GuestName::with_neutral_variants();
            let guests: Vec<String> = guests.map(|guest| format!("--guest={guest}")).collect();
            return Err(miette!(
                code = "capbench::run",
                help = format!("name the guest: {}", guests.join(" or ")),
                "only guests whose kernel is built here have variants that mean the same"
            ));
        }
        let mut plan = Plan::new(&catalogue, &self.selection, &overrides)?;
        if plan.rows.is_empty() {
            return Err(miette!(
                code = "capbench::run",
                help = "leave --guest out, or choose another suite; `capbench list` shows the guests of each benchmark",
                "`{}` has no benchmark for the guests asked for",
                self.selection
            ));
        }
        if plan.leave_out_audits(self.mode) {
            stderr::line(format_args!(
                "note: no audit boot, because in {} mode the clock does not count the \
                 instructions that the emulator would log",
                self.mode
            ));
        }
        let qemu = self.emulator.find()?;
        self.check_envelope(&qemu)?;
        let mode = prove(self.mode, &qemu, host::identify())?;
        if let Some(remark) = mode.remark() {
            stderr::line(format_args!("note: {remark}"));
        }
        let checkout = checkout::read(root).unwrap_or_else(|error| {
            let unknown = Checkout::unknown(&error);
            let warning = Report::from(error)
                .wrap_err("the run will not say what its sources are: their commit is unknown");
            stderr::line(format_args!("warning: {warning:?}"));
            unknown
        });
        let interrupt = Interrupt::install().into_diagnostic()?;
        let progress = Progress::new(self.quiet);
        let runs = self.out.clone().unwrap_or_else(|| root.join("runs"));
        let request = Request {
            root,
            runs: &runs,
            checkout,
            catalogue: &catalogue,
            plan,
            qemu: &qemu,
            mode,
            command: std::env::args_os()
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
            audit_range: &logged_addresses,
        };
        let captured = match capture(request, &interrupt, &progress) {
            Err(error @ RunError::Interrupted) => {
                progress.finish();
                stderr::line(error);
                return Ok(Exit::Interrupted);
            }
            other => other?,
        };
        conclude(captured, &catalogue, self.format)
    }

    fn can_be_varied(&self) -> bool {
        !self.guests.is_empty() && self.guests.iter().all(|guest| guest.has_neutral_variants)
    }

    fn overrides(&self) -> Overrides {
        Overrides {
            boots: self.boots,
            parameters: self.parameters.iter().cloned().collect(),
            extra: Extra {
                features: self.features.clone(),
                environment: self.environment.iter().cloned().collect(),
                kernel: self.kernel.clone(),
            },
            variants: self.variants.iter().copied().map(Variant::from).collect(),
            guests: self.guests.clone(),
            no_audit: self.no_audit,
            no_native: self.no_native,
        }
    }

    fn check_envelope(&self, qemu: &Qemu) -> Result<()> {
        let found = Envelope::new(self.mode, qemu, host::identify()).hash;
        match self.expect_envelope {
            Some(expected) if expected != found => Err(miette!(
                code = "capbench::envelope",
                help = "install the QEMU and firmware named in the original run.json; \
                        numbers of another envelope belong to another series",
                "the envelope here is {found}, not {expected}",
            )),
            _ => Ok(()),
        }
    }
}

fn conclude(captured: CapturedRun, catalogue: &Catalogue, format: Format) -> Result<Exit> {
    let mut judgement =
        judge(&capbench_judge::Run::from(&captured), catalogue).into_diagnostic()?;
    let record = captured.record.clone();
    let sealed = seal(captured, &mut judgement).into_diagnostic()?;
    let results = &judgement.results;
    let printed = match format {
        Format::Json => stdout::text(results.to_json().into_diagnostic()?),
        Format::Text => print_judgement(&judgement, &record, &sealed),
    };
    stderr::line(sealed.display());
    printed.wrap_err_with(|| format!("the run is sealed in {}", sealed.display()))?;
    Ok(match record.state {
        State::Interrupted => Exit::Interrupted,
        State::Complete if results.all_usable() => Exit::Success,
        State::Complete => Exit::Unusable,
    })
}

pub(super) fn print_judgement(
    judgement: &Judgement,
    record: &RunRecord,
    sealed: &Path,
) -> Result<(), Unwritten> {
    let audits = judgement.audits.iter();
    let appendix = Appendix {
        interrupted: record.state == State::Interrupted,
        extent: ending::extent(record),
        audits: audits.map(|audit| audit.summary()).collect(),
        last_words: last_words(record, sealed),
        ..Appendix::default()
    };
    let summary = Document::summary(&judgement.results, &appendix);
    stdout::text(summary.text(super::look()))
}

/// With the paths that the logs have from here.
fn last_words(record: &RunRecord, sealed: &Path) -> Vec<LastWords> {
    let from_here = std::env::current_dir().ok();
    let from_here = from_here.and_then(|here| sealed.strip_prefix(here).ok());
    let directory = from_here.unwrap_or(sealed);
    ending::last_words(record, sealed, |log| {
        Some(directory.join(log).display().to_string())
    })
}
