//! `capbench guest`: building guests, and running a program of one's own on one.

mod exec;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use capbench_report::Table;
use capbench_runner::guest::{BuildError, BuildRequest, Extra, GuestName, Variant, build};
use capbench_runner::progress::Progress;
use capbench_runner::stderr;
use clap::{Args, Subcommand};
use miette::Result;

use super::{Format, VariantName, look, print_json};
use crate::exit::Exit;
use crate::stdout::{self, Unwritten};

#[derive(Args)]
pub struct Guest {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build guests into target/guests/<guest>/<variant>/
    Build(Build),
    /// Boot the capOS reference kernel with a program and end with its exit code
    Exec(exec::Exec),
}

#[derive(Args)]
struct Build {
    /// Guest [default: all]
    guest: Option<GuestName>,

    /// Instrumentation [default: every variant]
    #[arg(long, value_enum)]
    variant: Option<VariantName>,

    /// A further cargo feature of the kernel; the images then go to a directory
    /// of their own
    #[arg(long = "feature", value_name = "FEATURE")]
    features: Vec<String>,

    /// A variable for the kernel's build script
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = super::run::assignment)]
    environment: Vec<(String, String)>,

    /// A kernel image for the Linux guest instead of the distribution's
    #[arg(long, value_name = "FILE")]
    kernel: Option<PathBuf>,

    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Guest {
    pub fn execute(self, root: impl FnOnce() -> Result<PathBuf>) -> Result<ExitCode> {
        match self.command {
            Command::Build(build) => Ok(build.execute(&root()?)?.into()),
            Command::Exec(exec) => exec.execute(&root()?),
        }
    }
}

impl Build {
    fn execute(self, root: &Path) -> Result<Exit> {
        let guests = self
            .guest
            .map_or(GuestName::ALL.to_vec(), |guest| vec![guest]);
        let wanted = self.variant.map(Variant::from);
        let extra = Extra {
            features: self.features,
            environment: self.environment.into_iter().collect::<BTreeMap<_, _>>(),
            kernel: self.kernel,
        };
        let progress = Progress::new(false);
        let mut built = Vec::new();
        for &guest in &guests {
            let variants = guest.variants().into_iter();
            for variant in variants.filter(|variant| wanted.is_none_or(|wanted| wanted == *variant))
            {
                progress.step(&format!("building guest {guest} ({variant})"));
                let result = build(&BuildRequest {
                    root,
                    guest,
                    variant,
                    extra: extra.clone(),
                    programs: None,
                });
                match result {
                    Ok(guest) => built.push(guest),
                    // Not asked for by name: the other guests are worth having.
                    Err(error @ BuildError::NoKernelImage { .. }) if self.guest.is_none() => {
                        stderr::line(format_args!("guest {guest} is left out: {error}"));
                        break;
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        progress.finish();
        match self.format {
            Format::Json => print_json(&built)?,
            Format::Text => print_text(root, &built)?,
        }
        Ok(Exit::Success)
    }
}

fn print_text(root: &Path, guests: &[capbench_runner::guest::Guest]) -> Result<(), Unwritten> {
    // Variants of a guest whose kernel is not built here share it.
    let mut listed = BTreeSet::new();
    let all = guests.iter().flat_map(|guest| &guest.images);
    let all = all.filter(|image| listed.insert(&image.path));
    let path = |path: &Path| {
        path.strip_prefix(root)
            .unwrap_or(path)
            .display()
            .to_string()
    };
    let images = Table::of("", all)
        .words("image", |image| path(&image.path))
        .number("bytes", |image| image.bytes)
        .words("sha256", |image| image.sha256.to_string())
        .end();
    stdout::text(images.text(look()))
}
