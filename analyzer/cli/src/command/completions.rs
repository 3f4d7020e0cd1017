//! `capbench completions`: a shell's completion script, on standard output.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};
use miette::Result;

use super::Arguments;
use crate::exit::Exit;
use crate::stdout;

#[derive(Args)]
pub struct Completions {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn execute(&self) -> Result<Exit> {
        let mut command = Arguments::command();
        let name = command.get_name().to_owned();
        // Not straight to standard output: clap panics when that fails.
        let mut script = Vec::new();
        generate(self.shell, &mut command, name, &mut script);
        stdout::text(String::from_utf8_lossy(&script))?;
        Ok(Exit::Success)
    }
}
