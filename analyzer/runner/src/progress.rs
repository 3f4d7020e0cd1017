//! What a waiting person sees, on standard error only.
//!
//! On a terminal: one bar with boots done, elapsed time and an estimate. Off a
//! terminal: one line per step and boot. No colour either way, so `NO_COLOR`
//! has nothing to switch off.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::boot::{BootId, CapturedBoot, Observer};
use crate::stderr;

/// The progress of a run.
pub struct Progress {
    bar: ProgressBar,
    lines: bool,
}

impl Progress {
    /// Shows bars on a terminal, lines elsewhere, nothing when `quiet`.
    pub fn new(quiet: bool) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let bar = if quiet || !terminal {
            ProgressBar::hidden()
        } else {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
        };
        Self {
            bar,
            lines: !quiet && !terminal,
        }
    }

    /// A step of unknown length begins.
    pub fn step(&self, text: &str) {
        self.say(text);
        self.bar.set_style(style("{spinner} {msg} {elapsed}"));
        self.bar.set_message(text.to_owned());
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    /// `count` boots follow.
    pub fn boots(&self, count: usize) {
        self.say(&format!("booting {count} guests"));
        self.bar.reset();
        self.bar.set_length(count as u64);
        self.bar.set_style(style(
            "{spinner} {bar:24} {pos}/{len} boots {elapsed} eta {eta} {msg}",
        ));
        self.bar.set_message(String::new());
        self.bar.enable_steady_tick(Duration::from_millis(200));
    }

    /// A line that stays.
    pub fn say(&self, text: &str) {
        if self.lines {
            stderr::line(text);
        } else {
            self.bar.set_message(text.to_owned());
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("templates are constants of this file")
}

impl Observer for Progress {
    fn started(&self, boot: &BootId) {
        self.bar.set_message(boot.stem());
    }

    fn ended(&self, boot: &CapturedBoot) {
        self.bar.inc(1);
        let line = format!(
            "{}: {} ({:.1} s)",
            boot.id.stem(),
            boot.exit,
            boot.wall_ms as f64 / 1e3
        );
        if self.lines {
            stderr::line(line);
        } else if !boot.exit.is_clean() {
            self.bar.println(line);
        }
    }
}
