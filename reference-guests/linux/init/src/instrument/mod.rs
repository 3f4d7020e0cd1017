//! Second instruments: other ways of measuring the loop that the program
//! times itself.
//!
//! One boot carries one of them. All count inside marked loops only, so that
//! the difference of a counter over a window belongs to that window's sample
//! of metric `loop`, and the two may be compared.

mod tally;

pub use tally::{Histogram, Tally};

use crate::clock::Clock;
use crate::options::Pass;
use crate::primitive::Event;
use crate::sys::errno_name;
use std::io;
use trace_format::PcSample;

/// An instrument around one loop at a time.
pub trait Instrument {
    /// Act before [`Instrument::open`] that may take long.
    fn prepare(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Last act before the loop's first time stamp.
    fn open(&mut self) -> io::Result<()>;

    /// First act after the loop's last time stamp.
    fn close(&mut self) -> io::Result<()>;

    /// Adds what the loop gave to the tally, once the helper threads sleep.
    /// `expected`: what the primitive says it caused.
    fn collect(&mut self, expected: &[(Event, u64)], tally: &mut Tally) -> io::Result<()>;

    /// Program counters sampled in the loop.
    fn take_pc_samples(&mut self, _clock: &Clock) -> Vec<PcSample> {
        Vec::new()
    }
}

/// An instrument that runs, or why it does not.
pub struct Instrumented {
    /// The instrument; without one there are only samples.
    pub instrument: Option<Box<dyn Instrument>>,
    /// What runs, for the session's feature list.
    pub feature: String,
}

/// Starts the instrument of a pass. A refusal is not an error: the samples are
/// good without it, and the feature list says so.
pub fn start(pass: Pass) -> Instrumented {
    match try_start(pass) {
        Ok((instrument, feature)) => Instrumented {
            instrument: Some(instrument),
            feature: feature.into(),
        },
        Err(refusal) => Instrumented {
            instrument: None,
            feature: format!("{}=unsupported:{}", pass.name(), refusal.reason()),
        },
    }
}

fn try_start(_pass: Pass) -> Result<(Box<dyn Instrument>, &'static str), Refusal> {
    Err(Refusal {
        error: io::Error::from_raw_os_error(libc::ENOSYS),
    })
}

/// Why an instrument does not run.
pub struct Refusal {
    error: io::Error,
}

impl Refusal {
    fn reason(&self) -> String {
        match self.error.raw_os_error() {
            Some(errno) => format!("{}({errno})", errno_name(errno)),
            None => self.error.to_string().replace(',', ";"),
        }
    }
}
