//! Which release of which distribution this host runs, by its `os-release` file.

use std::fs;

/// The system's own file, then the one its vendor ships.
const FILES: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

/// A release of a distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HostRelease {
    /// For messages, `Debian GNU/Linux 13 (trixie)`.
    pub(super) name: String,
    /// The distribution, then those it is derived from, nearest first.
    pub(super) distributions: Vec<String>,
    /// `trixie`; a rolling release may have none.
    pub(super) codename: Option<String>,
}

impl HostRelease {
    /// The one this host runs; of no distribution where it does not say.
    pub(super) fn identify() -> Self {
        let text = FILES.iter().find_map(|file| fs::read_to_string(file).ok());
        Self::parse(&text.unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let value = |name: &str| {
            let mut lines = text.lines();
            lines.find_map(|line| {
                let value = line.trim().strip_prefix(name)?.strip_prefix('=')?;
                let value = value.trim_matches(['"', '\'']);
                (!value.is_empty()).then(|| value.to_owned())
            })
        };
        let derived = value("ID_LIKE").unwrap_or_default();
        let derived = derived.split_whitespace().map(str::to_owned);
        let name = value("PRETTY_NAME").or_else(|| value("ID"));
        Self {
            name: name.unwrap_or_else(|| "this system".to_owned()),
            distributions: value("ID").into_iter().chain(derived).collect(),
            codename: value("VERSION_CODENAME"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_system_names_itself_first_and_then_what_it_derives_from() {
        let text = "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n\
                    PRETTY_NAME=\"Linux Mint 22\"\nVERSION_CODENAME=wilma\n";
        let release = HostRelease::parse(text);
        assert_eq!(release.name, "Linux Mint 22");
        assert_eq!(release.distributions, ["linuxmint", "ubuntu", "debian"]);
        assert_eq!(release.codename.as_deref(), Some("wilma"));
    }

    #[test]
    fn a_system_that_does_not_say_is_of_no_distribution() {
        for text in ["", "ID=\nPRETTY_NAME=''\n", "no such lines"] {
            let release = HostRelease::parse(text);
            assert_eq!(release.name, "this system");
            assert!(release.distributions.is_empty() && release.codename.is_none());
        }
    }
}
