//! What output, lines of input, logging in and what that opens cost.
//!
//! The program owns the terminal's foreground. What is typed is the system's script,
//! which answers each prompt of this program: a manifest that changes one changes the
//! other. Every row first goes through the same checks of the terminal (see
//! [`checks`]), whose transcript the host compares; then each line, session and bundle
//! of the row itself is held against what it must be.
#![no_std]
#![no_main]

extern crate alloc;

mod checks;
mod denials;
mod lines;
mod message;
mod output;
mod sessions;

use alloc::boxed::Box;
use guest_benchmark::runtime::entry_point;
use guest_benchmark::runtime::measure::MeasureControl;
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::session::{AuthorityBroker, SessionManager};
use guest_benchmark::runtime::terminal::Terminal;
use guest_benchmark::{Case, Fault, Program, Record, Refusal, Row};
use lines::{Lines, Pace};
use output::Output;
use sessions::{Bundles, Logins};

entry_point!(main);

fn main() -> i64 {
    guest_benchmark::run(TerminalBench)
}

struct TerminalBench;

impl Program for TerminalBench {
    const NAME: &'static str = "terminal-bench";

    fn prove_denials(
        &mut self,
        ring: &mut Ring,
        control: MeasureControl,
    ) -> Result<(), &'static str> {
        denials::prove(ring, control)
    }

    fn prepare(&mut self, ring: &mut Ring, row: &Row<'_>) -> Result<Box<dyn Case>, Refusal> {
        let terminal = Terminal::find().ok_or(Refusal::NotGranted)?;
        let manager = SessionManager::find().ok_or(Refusal::NotGranted)?;
        let broker = AuthorityBroker::find().ok_or(Refusal::NotGranted)?;
        let one_at_a_time = row.batch == 1;
        let case: Box<dyn Case> = match row.operation {
            "write-line" => Box::new(Output::line(terminal)),
            "write-page" if one_at_a_time => Box::new(Output::page(terminal)),
            "read-line" => Box::new(Lines::new(terminal, Pace::AtOnce)),
            "read-line-wake" if one_at_a_time => Box::new(Lines::new(terminal, Pace::Typist)),
            "login" if one_at_a_time => Box::new(Logins::new(manager)),
            "bundle" if one_at_a_time => Box::new(Bundles::start(ring, manager, broker)?),
            "write-page" | "read-line-wake" | "login" | "bundle" => return Err(Refusal::BadBatch),
            _ => return Err(Refusal::UnknownOperation),
        };
        let found = checks::run(ring, terminal, row.benchmark);
        Ok(Box::new(Checked { found, case }))
    }
}

/// A row, and what the checks of the terminal before it found.
struct Checked {
    found: Result<(), &'static str>,
    case: Box<dyn Case>,
}

impl Case for Checked {
    fn submissions(&self, row: &Row<'_>) -> u64 {
        self.case.submissions(row)
    }

    fn run(&mut self, ring: &mut Ring, row: &Row<'_>, record: &mut Record, fault: Option<Fault>) {
        if let Err(found) = self.found {
            record.fail(found);
        }
        self.case.run(ring, row, record, fault);
    }

    fn finish(self: Box<Self>, ring: &mut Ring, record: &mut Record) {
        self.case.finish(ring, record);
    }
}
