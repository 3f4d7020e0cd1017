//! The `capbench` command. Standard output carries data, standard error the rest.

mod command;
mod evaluate;
mod exit;
mod table;

use clap::Parser;

fn main() -> std::process::ExitCode {
    match command::dispatch(command::Arguments::parse()) {
        Ok(exit) => exit.into(),
        Err(report) => {
            eprintln!("{report:?}");
            exit::Exit::Usage.into()
        }
    }
}
