//! Second instruments: other ways of measuring the loop that the program
//! times itself.
//!
//! One boot carries one of them. All count inside marked loops only, so that
//! the difference of a counter over a window belongs to that window's sample
//! of metric `loop`, and the two may be compared.

mod counts;
mod markers;
mod perf;
mod tally;

pub use tally::Tally;

use crate::clock::Clock;
use crate::options::Pass;
use crate::primitive::Event;
use crate::sys::errno_name;
use std::error::Error;
use std::io;
use trace_format::PcSample;

/// An instrument around one loop at a time.
pub trait Instrument {
    /// What may take long before a loop.
    fn prepare(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Last act before the loop's first time stamp.
    fn open(&mut self) -> io::Result<()>;

    /// First act after the loop's last time stamp.
    fn close(&mut self) -> io::Result<()>;

    /// Adds what the loop gave to the tally, once the helper threads sleep.
    fn collect(&mut self, caused: &Caused, tally: &mut Tally) -> io::Result<()>;

    /// Program counters sampled in the loop.
    fn take_pc_samples(&mut self, _clock: &Clock) -> Vec<PcSample> {
        Vec::new()
    }
}

/// What a primitive says of a loop.
pub struct Caused {
    /// Events it caused exactly.
    pub events: Vec<(Event, u64)>,
    /// Whether threads or processes ended inside.
    pub ends_tasks: bool,
}

/// Starts the instrument of a pass and names what runs, for the session's
/// feature list. A refusal is not an error: the samples are good without it.
pub fn start(pass: Pass) -> (Option<Box<dyn Instrument>>, String) {
    match try_start(pass) {
        Ok((instrument, feature)) => (Some(instrument), feature.into()),
        Err(refusal) => {
            let name = match pass {
                Pass::Samples => "markers",
                Pass::Counts => "ebpf",
                Pass::Perf => "perf",
            };
            (None, format!("{name}=unsupported:{}", refusal.0))
        }
    }
}

fn try_start(pass: Pass) -> Result<(Box<dyn Instrument>, &'static str), Refusal> {
    Ok(match pass {
        Pass::Samples => {
            let (markers, feature) = markers::Markers::start()?;
            (Box::new(markers), feature)
        }
        Pass::Counts => (Box::new(counts::Counts::start()?), "ebpf=tracepoints"),
        Pass::Perf => (Box::new(perf::Perf::start()?), "perf=software"),
    })
}

/// Why an instrument does not run, without commas.
#[derive(Debug)]
pub struct Refusal(String);

impl Refusal {
    /// The errno at the bottom of an error, or its words.
    fn of(error: impl Error + 'static) -> Refusal {
        let mut cause: &(dyn Error + 'static) = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let errno = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::raw_os_error);
        Refusal(match errno {
            Some(errno) => format!("{}({errno})", errno_name(errno)),
            None => cause.to_string().replace(',', ";"),
        })
    }

    /// The object that was compiled in lacks something.
    fn object() -> Refusal {
        Refusal("the eBPF object is not the one this program was written for".into())
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        Refusal::of(error)
    }
}

/// A compiled eBPF object, aligned as its reader needs it.
macro_rules! object {
    ($name:literal) => {
        aya::include_bytes_aligned!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../bpf/objects/",
            $name
        ))
    };
}
use object;
