//! `capbench completions`: a shell's completion script, on standard output.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};
use miette::{IntoDiagnostic, Result};

use super::Arguments;
use crate::exit::Exit;

#[derive(Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn execute(&self) -> Result<Exit> {
        let mut command = Arguments::command();
        let name = command.get_name().to_owned();
        // Written at once: clap panics when its reader goes away, as `head` does.
        let mut script = Vec::new();
        generate(self.shell, &mut command, name, &mut script);
        match io::stdout().write_all(&script) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).into_diagnostic(),
            _ => Ok(Exit::Success),
        }
    }
}
