//! `capbench export`: a run's results and traces in the formats of other tools.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use capbench_export::{Boot, ExportError, Exported, Symbols, TableFormat, Written};
use capbench_results::{Mode, Status};
use capbench_runner::artifact::{Artifact, kept_kernel, names};
use capbench_runner::boot::CapturedBoot;
use capbench_runner::guest::{KERNEL, Variant};
use capbench_runner::hash;
use capbench_runner::remedy;
use capbench_runner::stderr;
use clap::{Args, ValueEnum};
use miette::{Result, miette};

use crate::exit::Exit;
use crate::stdout;

#[derive(Args)]
pub struct Export {
    /// The run's directory [default: runs/latest]
    run: Option<PathBuf>,

    /// Export format
    #[arg(long, value_enum)]
    format: ExportFormat,

    /// A boot, named as its files are: `capos-ring-segments-1`; may be repeated.
    /// Tables gain its spans; traces and stacks are of these instead of one boot of
    /// each kind
    #[arg(long, value_name = "STEM")]
    boot: Vec<String>,

    /// The kernel's ELF image or System.map, for the names of its functions
    /// [default: the image that booted, where it is still there]
    #[arg(long, value_name = "FILE")]
    symbols: Option<PathBuf>,

    /// Directory for the files
    #[arg(short, long, value_name = "DIRECTORY")]
    output: PathBuf,
}

/// A format as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// Tables as comma-separated values
    Csv,
    /// Tables as arrays of objects
    Json,
    /// Tables as Parquet
    Parquet,
    /// Tables as Arrow files
    Arrow,
    /// Boots side by side, for ui.perfetto.dev and chrome://tracing
    Perfetto,
    /// Folded stacks
    Folded,
    /// Flame graphs as SVG
    Flamegraph,
    /// Gauges for a monitoring system
    Openmetrics,
    /// The results as a Cap'n Proto message
    Capnp,
}

impl ExportFormat {
    const fn table(self) -> Option<TableFormat> {
        match self {
            Self::Csv => Some(TableFormat::Csv),
            Self::Json => Some(TableFormat::Json),
            Self::Parquet => Some(TableFormat::Parquet),
            Self::Arrow => Some(TableFormat::Arrow),
            _ => None,
        }
    }

    /// Whether it says anything about single boots.
    const fn takes_boots(self) -> bool {
        !matches!(self, Self::Openmetrics | Self::Capnp)
    }
}

impl Export {
    pub fn execute(&self, root: &Path) -> Result<Exit> {
        if !self.boot.is_empty() && !self.format.takes_boots() {
            return Err(miette!(
                code = "capbench::export",
                help = "leave out --boot",
                "this format holds the results of a run and nothing of single boots"
            ));
        }
        let latest = || root.join("runs").join(names::LATEST);
        let directory = self.run.clone().unwrap_or_else(latest);
        let artifact = Artifact::open(&directory)?;
        let exported = self.export(&artifact)?;
        for note in &exported.notes {
            stderr::line(format_args!("note: {note}"));
        }
        for written in &exported.written {
            stdout::line(format_args!(
                "{}: {}",
                written.path.display(),
                written.holds
            ))?;
        }
        Ok(Exit::Success)
    }

    fn export(&self, artifact: &Artifact) -> Result<Exported> {
        let (results, to) = (&artifact.results, self.output.as_path());
        if let Some(format) = self.format.table() {
            return self.tables(artifact, format);
        }
        match self.format {
            ExportFormat::Openmetrics => {
                let written = capbench_export::write_metrics(results, to).map_err(failed)?;
                Ok(only(written, metrics_note(results.run.mode)))
            }
            ExportFormat::Capnp => {
                let message = artifact.locate(Path::new(names::RESULTS_MESSAGE))?;
                let written = capbench_export::write_message(results, &message, to);
                Ok(only(written.map_err(failed)?, None))
            }
            ExportFormat::Perfetto => self.perfetto(artifact),
            ExportFormat::Folded => self.stacks(artifact, capbench_export::write_folded),
            ExportFormat::Flamegraph => self.stacks(artifact, capbench_export::write_flamegraphs),
            _ => unreachable!("tables were handled above"),
        }
    }

    fn tables(&self, artifact: &Artifact, format: TableFormat) -> Result<Exported> {
        // Before anything is written: a name may be wrong.
        let named = self.named(artifact)?;
        let written = capbench_export::write_results(&artifact.results, format, &self.output);
        let mut exported = Exported {
            written: written.map_err(failed)?,
            notes: Vec::new(),
        };
        for captured in named {
            let boot = open(artifact, captured)?;
            exported.notes.extend(cautions(artifact, captured, &boot));
            let spans = capbench_export::write_spans(&boot, format, &self.output);
            exported.written.push(spans.map_err(failed)?);
        }
        Ok(exported)
    }

    fn perfetto(&self, artifact: &Artifact) -> Result<Exported> {
        let (mut boots, mut notes) = (Vec::new(), Vec::new());
        for captured in self.chosen(artifact, one_of_each_system)? {
            let boot = open(artifact, captured)?;
            notes.extend(cautions(artifact, captured, &boot));
            boots.push((boot, self.symbols(artifact, captured)?));
        }
        let written = capbench_export::write_perfetto(&boots, &self.output).map_err(failed)?;
        Ok(Exported {
            written: vec![written],
            notes,
        })
    }

    fn stacks(
        &self,
        artifact: &Artifact,
        write: fn(&Boot, Option<&Symbols>, &Path) -> Result<Exported, ExportError>,
    ) -> Result<Exported> {
        let mut all = Exported::default();
        for captured in self.chosen(artifact, one_of_each_variant)? {
            let boot = open(artifact, captured)?;
            let symbols = self.symbols(artifact, captured)?;
            let folded = write(&boot, symbols.as_ref(), &self.output).map_err(failed)?;
            all.written.extend(folded.written);
            all.notes.extend(cautions(artifact, captured, &boot));
            all.notes.extend(folded.notes);
        }
        Ok(all)
    }

    /// The boots asked for.
    fn named<'a>(&self, artifact: &'a Artifact) -> Result<Vec<&'a CapturedBoot>> {
        let find = |stem: &String| {
            artifact
                .traces()
                .find(|boot| boot.id.stem() == *stem)
                .ok_or_else(|| no_boot(artifact, stem))
        };
        self.boot.iter().map(find).collect()
    }

    /// The boots asked for, or else what `choose` takes of all.
    fn chosen<'a>(
        &self,
        artifact: &'a Artifact,
        choose: fn(Vec<&'a CapturedBoot>) -> Vec<&'a CapturedBoot>,
    ) -> Result<Vec<&'a CapturedBoot>> {
        if !self.boot.is_empty() {
            return self.named(artifact);
        }
        Ok(choose(
            artifact.traces().filter(|boot| !boot.id.audit).collect(),
        ))
    }

    /// Names of the kernel's functions: those asked for, or those of the image that
    /// booted, if the run keeps it. A stripped one has none.
    fn symbols(&self, artifact: &Artifact, boot: &CapturedBoot) -> Result<Option<Symbols>> {
        if let Some(path) = &self.symbols {
            return Ok(Some(Symbols::read(path).map_err(failed)?));
        }
        let mut guests = artifact.record.guests.iter();
        let guest =
            guests.find(|guest| guest.guest == boot.id.guest && guest.variant == boot.id.variant);
        let Some(kernel) = guest.and_then(|guest| guest.image(KERNEL)) else {
            return Ok(None);
        };
        let Ok(path) = artifact.locate(&kept_kernel(kernel.sha256)) else {
            return Ok(None);
        };
        let same = hash::of_file(&path).is_ok_and(|digest| digest == kernel.sha256);
        Ok(same.then(|| Symbols::read(&path).ok()).flatten())
    }
}

fn failed(error: ExportError) -> miette::Report {
    let help = match &error {
        ExportError::Io { source, .. } => remedy::unwritable(source.kind()),
        ExportError::Encode { .. } => {
            "check space and permissions; files that were there before are as they were"
        }
        ExportError::Trace(_) => {
            "`sha256sum -c SHA256SUMS` in the run reports whether it was changed"
        }
        ExportError::Message { .. } | ExportError::FormsDiffer { .. } => {
            "`sha256sum -c SHA256SUMS` in the run names the file that was changed"
        }
        ExportError::DoubleSeries { .. } => "export a table instead: --format csv",
        ExportError::Symbols { .. } => "leave out --symbols to fold by address range",
    };
    miette!(code = "capbench::export", help = help, "{error}")
}

fn only(written: Written, note: Option<String>) -> Exported {
    Exported {
        written: vec![written],
        notes: note.into_iter().collect(),
    }
}

fn metrics_note(mode: Mode) -> Option<String> {
    let emulated = mode == Mode::Emulated;
    emulated.then(|| "an emulated run has no numbers to publish: the file has no metrics".into())
}

fn no_boot(artifact: &Artifact, stem: &str) -> miette::Report {
    let stems: Vec<_> = artifact.traces().map(|boot| boot.id.stem()).collect();
    miette!(
        code = "capbench::export",
        help = format!("the run has {}", stems.join(", ")),
        "the run has no boot `{stem}` with a trace"
    )
}

fn open(artifact: &Artifact, captured: &CapturedBoot) -> Result<Boot> {
    let stream = captured.stream().expect("chosen among boots with a trace");
    let path = artifact.locate(&stream.file)?;
    Boot::open(captured.id.stem(), path).map_err(|error| failed(error.into()))
}

/// What the reader of a trace's export should know: damage, and rows of its system
/// that were refused, for which a trace is evidence and no result.
fn cautions(artifact: &Artifact, captured: &CapturedBoot, boot: &Boot) -> Vec<String> {
    let stem = &boot.stem;
    let damage = boot.trace.damage.first.first().map(|first| {
        format!("{stem}: the trace is damaged ({first}); `capbench inspect` names what is missing")
    });
    let (guest, system) = (captured.id.guest.to_string(), &captured.id.system);
    let rows = artifact.results.results.iter();
    let refused = rows
        .filter(|row| row.guest == guest && row.system == *system)
        .filter(|row| matches!(row.status(), Status::Failed | Status::Invalid))
        .count();
    let refused = (refused > 0).then(|| {
        format!(
            "{stem}: {refused} results of its system are failed or invalid; what a trace \
             recorded of them is evidence, not a result"
        )
    });
    damage.into_iter().chain(refused).collect()
}

/// For each system the boot that shows most.
fn one_of_each_system(boots: Vec<&CapturedBoot>) -> Vec<&CapturedBoot> {
    let rank = |boot: &CapturedBoot| match boot.id.variant {
        Variant::Segments => 0,
        Variant::Samples => 1,
        Variant::Counts | Variant::Perf | Variant::Plain => 2,
    };
    let mut systems = BTreeMap::<_, &CapturedBoot>::new();
    for boot in boots {
        let key = (boot.id.guest.to_string(), boot.id.system.as_str());
        let best = systems.entry(key).or_insert(boot);
        if rank(boot) < rank(best) {
            *best = boot;
        }
    }
    systems.into_values().collect()
}

/// The first boot of each system and variant.
fn one_of_each_variant(boots: Vec<&CapturedBoot>) -> Vec<&CapturedBoot> {
    let mut variants = BTreeMap::new();
    for boot in boots {
        let id = &boot.id;
        let key = (id.guest.to_string(), &id.system, id.variant.to_string());
        variants.entry(key).or_insert(boot);
    }
    variants.into_values().collect()
}
