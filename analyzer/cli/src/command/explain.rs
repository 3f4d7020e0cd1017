//! `capbench explain`: where a number comes from.

use std::path::{Path, PathBuf};

use capbench_report::{Kind, Table};
use capbench_results::{Headline, HeadlineKind};
use capbench_runner::checkout;
use capbench_runner::manifest::Catalogue;
use capbench_verify::{
    Attempt, Beside, Cell, Definition, Explanation, Mechanism, NoSuchCell, explain,
};
use clap::Args;
use miette::{Report, Result, miette};

use super::verify::{open, wrap};
use super::{Format, print_json};
use crate::exit::Exit;
use crate::stdout;

#[derive(Args)]
pub struct Explain {
    /// A row such as `ring/nop/16`, or `linux:linux/null-syscall/1` of one guest
    #[arg(value_name = "[GUEST:]BENCHMARK/BATCH")]
    cell: Cell,

    /// A run directory [default: runs/latest in the checkout]
    #[arg(long, value_name = "DIRECTORY")]
    run: Option<PathBuf>,

    /// On this guest only
    #[arg(long)]
    guest: Option<String>,

    /// On this system only
    #[arg(long)]
    system: Option<String>,

    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Explain {
    pub fn execute(self, root: Result<PathBuf>) -> Result<Exit> {
        let catalogue = root.as_deref().ok().and_then(catalogue);
        let run = open(self.run.as_deref(), root)?;
        let cell = Cell {
            guest: self.guest.or(self.cell.guest),
            system: self.system,
            ..self.cell
        };
        let define = |benchmark: &str, guest: &str| define(catalogue.as_ref()?, benchmark, guest);
        let explanations = explain(&run, &cell, &define).map_err(remedy)?;
        match self.format {
            Format::Json => print_json(&explanations)?,
            Format::Text => {
                let texts: Vec<String> = explanations.iter().map(text).collect();
                stdout::text(texts.join("\n"))?;
            }
        }
        Ok(Exit::Success)
    }
}

/// Definitions only add words to what the run says, so a run without is explained too.
fn catalogue(root: &Path) -> Option<Catalogue> {
    Catalogue::load(&root.join("manifests")).ok()
}

fn define(catalogue: &Catalogue, benchmark: &str, guest: &str) -> Option<Definition> {
    let benchmark = catalogue.benchmarks.get(benchmark)?;
    let profile = &catalogue.authority[&benchmark.authority];
    let mechanism = benchmark.guests.get(guest).map(|used| Mechanism {
        program: used.program.clone(),
        mechanism: used.mechanism.clone(),
        difference: used.difference.clone(),
    });
    let grants = profile.grants.iter();
    let denials = profile.denials.iter();
    Some(Definition {
        intent: benchmark.intent.clone(),
        hash: benchmark.definition_hash(),
        mechanism,
        grants: grants
            .map(|g| format!("{}: {}", g.name, g.source))
            .collect(),
        denials: denials.map(|denial| denial.name.clone()).collect(),
    })
}

fn remedy(error: NoSuchCell) -> Report {
    let help = match &error {
        NoSuchCell::Unknown { nearest, .. } if !nearest.is_empty() => {
            format!("the nearest are {}", nearest.join(", "))
        }
        NoSuchCell::Unknown { .. } => "the run has no rows at all".to_owned(),
        NoSuchCell::Unreadable(_) => "`capbench verify` says what is wrong with it".to_owned(),
    };
    miette!(code = "capbench::explain", help = help, "{error}")
}

/// A text of titled lines.
struct Page {
    text: String,
    width: usize,
}

/// Columns that titles take.
const TITLE: usize = 14;

impl Page {
    fn line(&mut self, title: &str, says: impl AsRef<str>) {
        let head = format!("{title:<TITLE$}");
        self.text.push_str(&wrap(says.as_ref(), &head, self.width));
    }

    fn block(&mut self, title: &str, lines: impl IntoIterator<Item = String>) {
        let mut title = title;
        for line in lines {
            self.line(title, line);
            title = "";
        }
    }
}

fn text(cell: &Explanation) -> String {
    let mut page = Page {
        text: String::new(),
        width: super::look().width,
    };
    let row = &cell.row;
    page.line(
        "row",
        format!("{} on {}/{}", row.benchmark_name, row.guest, row.system),
    );
    page.line("status", cell.status.as_str());
    if !cell.labels.is_empty() {
        let labels: Vec<&str> = cell.labels.iter().map(|label| label.as_str()).collect();
        page.line("labels", labels.join(", "));
    }
    value(&mut page, cell);
    page.text.push('\n');
    definition(&mut page, cell);
    page.text.push('\n');
    origin(&mut page, cell);
    page.text
        .push_str(&format!("\n{}\n", attempts(&cell.attempts)));
    page.block("files", cell.attempts.iter().flat_map(files));
    if let Some(measurement) = &cell.measurement {
        page.text.push('\n');
        instruments(&mut page, measurement);
    }
    page.block("counterparts", cell.comparisons.iter().map(counterpart));
    page.block(
        "context",
        cell.context
            .iter()
            .map(|context| format!("{}: {} ({})", context.column, context.says, context.source)),
    );
    page.text
}

fn value(page: &mut Page, cell: &Explanation) {
    if let Some(refusal) = &cell.refusal {
        page.line("reason", format!("{}: {}", refusal.reason, refusal.detail));
        let evidence = refusal.evidence.iter().map(ToString::to_string);
        page.block("evidence", evidence);
    }
    let Some(measurement) = &cell.measurement else {
        return;
    };
    let optional = |value: Option<f64>| value.map_or("none".to_owned(), |v| v.to_string());
    let Headline { kind, value } = measurement.headline();
    let title = match kind {
        HeadlineKind::Median => "median",
        HeadlineKind::Mean => "mean",
    };
    page.line(title, format!("{value} {}", measurement.unit));
    page.line(
        "samples",
        format!(
            "{} of {} operations each in {} boots; least {}, most {}, p95 {}, cold {}",
            measurement.n,
            measurement.batch,
            measurement.boots.len(),
            measurement.min,
            measurement.max,
            optional(measurement.p95),
            optional(measurement.cold)
        ),
    );
    let bias =
        measurement
            .mispriced
            .iter()
            .map(|held| match (held.per_operation, &held.counted_by) {
                (Some(count), Some(by)) => format!("{}: {count} per operation ({by})", held.kind),
                _ => format!("{}: declared, not counted", held.kind),
            });
    page.block("bias", bias);
}

fn definition(page: &mut Page, cell: &Explanation) {
    match &cell.definition {
        None => page.line("definition", "the checkout has none of this name"),
        Some(definition) => {
            page.line("intent", &definition.intent);
            if let Some(used) = &definition.mechanism {
                page.line("mechanism", &used.mechanism);
                page.line("difference", &used.difference);
                page.line("program", &used.program);
            }
            let now = definition.hash.to_string();
            if cell
                .definition_hash
                .as_ref()
                .is_some_and(|then| *then != now)
            {
                let changed = format!("of the checkout, which changed since the run: {now}");
                page.line("definition", changed);
            }
        }
    }
    if let Some(hash) = &cell.definition_hash {
        page.line("definition", hash);
    }
    page.line("verifier", &cell.verifier);
    page.line("authority", &cell.authority);
    if let Some(definition) = &cell.definition {
        page.block("", definition.grants.iter().cloned());
        let denials = definition.denials.iter();
        page.block("denied", denials.cloned());
    }
}

fn origin(page: &mut Page, cell: &Explanation) {
    let changes = match (cell.commit.as_str(), cell.dirty) {
        (checkout::UNKNOWN, _) | (_, false) => "",
        (_, true) => ", with changes",
    };
    page.line("run", format!("{} ({})", cell.run, cell.started_at));
    page.line(
        "made by",
        format!("{} of commit {}{changes}", cell.tool, cell.commit),
    );
    if cell
        .overrides
        .as_object()
        .is_some_and(|set| !set.is_empty())
    {
        page.line("overrides", cell.overrides.to_string());
    }
    let series = format!("{} in envelope {}", cell.config_hash, cell.envelope);
    page.line("series", series);
    page.line(
        "envelope",
        format!("{} ({} mode)", cell.envelope, cell.mode),
    );
    page.line("emulator", &cell.emulator);
    page.line("", cell.emulator_arguments.join(" "));
    page.block(
        "kernel",
        cell.kernels
            .iter()
            .map(|kernel| format!("{} {} ({})", kernel.name, kernel.sha256, kernel.variant)),
    );
    page.block("packages", cell.packages.iter().cloned());
    let hash = cell
        .artifact_hash
        .map_or("none".to_owned(), |h| h.to_string());
    page.line("streams", hash);
}

fn attempts(attempts: &[Attempt]) -> String {
    use Kind::{Number, Words};
    let titles = [
        ("boot", Words),
        ("end", Words),
        ("host seconds", Number),
        ("samples", Number),
        ("median", Number),
        ("cold", Number),
        ("oracle", Words),
    ];
    let mut overview = Table::new("", &titles);
    for attempt in attempts {
        let mut cells = vec![
            attempt.boot.clone(),
            attempt.end.clone(),
            format!("{:.1}", attempt.wall_ms as f64 / 1e3),
        ];
        let optional = |value: Option<f64>| value.map_or("—".to_owned(), |v| v.to_string());
        match (&attempt.said, &attempt.silent) {
            (Some(said), _) => cells.extend([
                said.n.to_string(),
                optional(said.median),
                optional(said.cold),
                said.verdict.clone(),
            ]),
            (None, why) => {
                let none = || "—".to_owned();
                let why = why.clone().unwrap_or_default();
                cells.extend([none(), none(), none(), why]);
            }
        }
        overview.row(cells.into_iter().map(Into::into).collect());
    }
    overview.text(super::look())
}

fn files(attempt: &Attempt) -> Vec<String> {
    let trace = attempt.trace.iter().zip(&attempt.sha256);
    let trace = trace.map(|(trace, hash)| format!("{trace} (raw {hash})"));
    let logs = (!attempt.files.is_empty()).then(|| attempt.files.join(", "));
    trace.chain(logs).collect()
}

fn instruments(page: &mut Page, measurement: &capbench_results::Measurement) {
    let agreements = measurement.instruments.iter().map(|agreement| {
        let (name, pass) = (&agreement.instrument, &agreement.pass);
        match (&agreement.widest, &agreement.why) {
            (Some(widest), _) => format!(
                "{name} ({pass}): agreed in {} boots; farthest off {} where the program says {}, \
                 {} allowed",
                agreement.agreed, widest.observed, widest.program, widest.allowed
            ),
            (None, why) => format!(
                "{name} ({pass}): not judged: {}",
                why.as_deref().unwrap_or_default()
            ),
        }
    });
    page.block("instruments", agreements);
    page.block(
        "perturbed",
        measurement
            .perturbations
            .iter()
            .map(|under| format!("{} under {} ({:+})", under.median, under.pass, under.effect)),
    );
    if let Some(breakdown) = &measurement.breakdown {
        page.line(
            "breakdown",
            format!(
                "{} segments of {} dispatches, from {}",
                breakdown.segments.len(),
                breakdown.dispatches,
                breakdown.traces.join(", ")
            ),
        );
    }
}

fn counterpart(beside: &Beside) -> String {
    let other = &beside.other;
    let value = match (beside.ratio, &beside.none) {
        (Some(ratio), _) => format!("ratio {ratio}"),
        (None, why) => format!("no ratio: {}", why.as_deref().unwrap_or_default()),
    };
    format!(
        "{} of {} on {}/{}: {value}. {}",
        beside.role, other.benchmark_name, other.guest, other.system, beside.difference
    )
}
