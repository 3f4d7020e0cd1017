//! Parameters: words `name=value`.
//!
//! In the guest they are on the kernel command line, as `capbench.name=value`
//! among the kernel's own; for the ordinary program they are its arguments,
//! with or without that prefix.
//!
//! | name | value |
//! |---|---|
//! | `pass` | `samples` (default), `counts` or `perf`: the instrument of this boot |
//! | `rows` | file of rows (default `/rows`), see [`crate::row`] |
//! | `trace` | file that takes the stream (default: the virtio port `capbench.trace`) |

use crate::machine::Machine;

const PREFIX: &str = "capbench.";

/// Which instrument a boot carries beside its samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Markers around each loop.
    Samples,
    /// eBPF counts and histograms.
    Counts,
    /// perf's software events.
    Perf,
}

impl Pass {
    /// Its name, which is the stream's variant.
    pub const fn name(self) -> &'static str {
        match self {
            Pass::Samples => "samples",
            Pass::Counts => "counts",
            Pass::Perf => "perf",
        }
    }

    fn from_name(name: &str) -> Option<Pass> {
        [Pass::Samples, Pass::Counts, Pass::Perf]
            .into_iter()
            .find(|pass| pass.name() == name)
    }
}

/// What to run.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    /// The instrument.
    pub pass: Pass,
    /// File of rows.
    pub rows: String,
    /// File that takes the stream; `None` is the virtio port.
    pub trace: Option<String>,
}

impl Options {
    /// Reads them from where this machine has them.
    pub fn read(machine: Machine) -> Result<Options, String> {
        match machine {
            Machine::Guest => {
                let line = std::fs::read_to_string("/proc/cmdline")
                    .map_err(|error| format!("/proc/cmdline: {error}"))?;
                let ours = line.split_whitespace();
                Options::parse(ours.filter_map(|word| word.strip_prefix(PREFIX)))
            }
            Machine::Host => {
                let words: Vec<String> = std::env::args().skip(1).collect();
                let bare = |word| str::strip_prefix(word, PREFIX).unwrap_or(word);
                let options = Options::parse(words.iter().map(|word| bare(word)))?;
                if options.trace.is_none() {
                    return Err("as an ordinary program: give trace=FILE".into());
                }
                Ok(options)
            }
        }
    }

    fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Result<Options, String> {
        let mut options = Options {
            pass: Pass::Samples,
            rows: "/rows".into(),
            trace: None,
        };
        for word in words {
            match word.split_once('=') {
                Some(("pass", name)) => {
                    options.pass = Pass::from_name(name).ok_or_else(|| {
                        format!("pass={name}: there are samples, counts and perf")
                    })?;
                }
                Some(("rows", path)) => options.rows = path.into(),
                Some(("trace", path)) => options.trace = Some(path.into()),
                _ => {
                    return Err(format!(
                        "{word}: no such parameter; there are pass, rows, trace"
                    ));
                }
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_parameters_the_guest_samples_the_rows_of_its_image() {
        let options = Options::parse([].into_iter()).unwrap();
        assert_eq!(options.pass, Pass::Samples);
        assert_eq!(options.rows, "/rows");
        assert_eq!(options.trace, None);
    }

    #[test]
    fn each_pass_is_known_by_its_variant_name() {
        for pass in [Pass::Samples, Pass::Counts, Pass::Perf] {
            let word = format!("pass={}", pass.name());
            assert_eq!(Options::parse([&*word].into_iter()).unwrap().pass, pass);
        }
    }

    #[test]
    fn an_unknown_pass_or_parameter_is_named() {
        for word in ["pass=all", "row=/rows", "verbose"] {
            let message = Options::parse([word].into_iter()).unwrap_err();
            assert!(message.starts_with(word), "{message}");
        }
    }
}
