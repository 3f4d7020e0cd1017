//! `capbench doctor`: is this host fit for runs?

use std::path::Path;

use capbench_report::Table;
use capbench_runner::doctor::{Check, Health, examine, install, is_healthy};
use clap::Args;
use miette::Result;

use super::{Emulator, Format, look, print_json};
use crate::exit::Exit;
use crate::stdout::{self, Unwritten};

#[derive(Args)]
pub struct Doctor {
    /// Install missing distribution packages first
    #[arg(long, visible_alias = "install")]
    fix: bool,

    #[command(flatten)]
    emulator: Emulator,

    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Doctor {
    pub fn execute(&self, root: &Path) -> Result<Exit> {
        if self.fix {
            install(root)?;
        }
        let checks = examine(root, self.emulator.find());
        match self.format {
            Format::Json => print_json(&checks)?,
            Format::Text => print_text(&checks)?,
        }
        Ok(if is_healthy(&checks) {
            Exit::Success
        } else {
            Exit::Usage
        })
    }
}

fn print_text(checks: &[Check]) -> Result<(), Unwritten> {
    let overview = Table::of("", checks)
        .words("", |check| mark(check.state))
        .words("check", |check| check.name.as_str())
        .words("found", |check| check.found.as_str())
        .end();
    stdout::text(overview.text(look()))?;
    for check in checks.iter().filter(|check| !check.remedy.is_empty()) {
        stdout::line(format_args!("\n{}: {}", check.name, check.remedy))?;
    }
    Ok(())
}

fn mark(state: Health) -> &'static str {
    match state {
        Health::Good => "ok",
        Health::Optional => "--",
        Health::Bad => "NO",
    }
}
