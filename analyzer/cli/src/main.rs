//! The `capbench` command. Standard output carries data, standard error the rest.

mod command;
mod evaluate;
mod exit;
mod output;
mod table;

use clap::Parser;

fn main() -> std::process::ExitCode {
    let arguments = match command::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => return without_command(&answer).into(),
    };
    match command::dispatch(arguments) {
        Ok(code) => code,
        Err(report) => {
            eprintln!("{report:?}");
            exit::Exit::Usage.into()
        }
    }
}

/// Help and version are what was asked for; anything else is a usage error, for
/// which clap's own status is that of results that cannot be used.
fn without_command(answer: &clap::Error) -> exit::Exit {
    // Nobody is left to tell when this fails.
    let _ = answer.print();
    if answer.use_stderr() {
        exit::Exit::Usage
    } else {
        exit::Exit::Success
    }
}
