//! `capbench man`: one manual page per command, from the same text as `--help`.

use std::path::PathBuf;

use capbench_runner::stderr;
use clap::{Args, CommandFactory};
use clap_mangen::generate_to;
use miette::Result;

use super::Arguments;
use crate::exit::Exit;
use crate::output;

#[derive(Args)]
pub struct Man {
    /// The directory they are written to, made where it is missing
    #[arg(long, short, value_name = "DIRECTORY")]
    out: PathBuf,
}

impl Man {
    pub fn execute(&self) -> Result<Exit> {
        let directory = &self.out;
        output::directory(directory)?;
        generate_to(Arguments::command(), directory)
            .map_err(|error| output::unwritable(directory, &error))?;
        stderr::line(format_args!(
            "read one with `man -l {}`",
            directory.join("capbench.1").display()
        ));
        Ok(Exit::Success)
    }
}
