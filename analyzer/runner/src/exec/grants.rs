//! The capabilities that the program may hold.

use std::collections::BTreeSet;

use miette::Diagnostic;

use super::Request;
use crate::guest::Variant;
use crate::manifest::{Grant, KERNEL_SOURCES, LONGEST_GRANT_NAME, MEASUREMENT_SOURCE};

/// Where a program finds its parameters.
const PARAMETER_SOURCE: &str = "boot_package";

/// A grant that cannot be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error, Diagnostic)]
pub enum GrantError {
    /// No kernel has it.
    #[error("there is no capability source `{source_name}` (grant `{name}`)")]
    #[diagnostic(
        code(capbench::exec::source),
        help("known sources: {}", KERNEL_SOURCES.join(", "))
    )]
    UnknownSource {
        /// The grant.
        name: String,
        /// Its source.
        source_name: String,
    },
    /// A CapSet entry has no room for it.
    #[error("the grant name `{0}` is longer than {LONGEST_GRANT_NAME} bytes")]
    #[diagnostic(
        code(capbench::exec::grant_name),
        help("the name must fit into a CapSet entry")
    )]
    LongName(String),
    /// Nobody could find the second.
    #[error("two grants are called `{0}`")]
    #[diagnostic(
        code(capbench::exec::grant_twice),
        help("a program finds a capability by its name; give each its own")
    )]
    Twice(String),
    /// The kernel of this variant records nothing.
    #[error("the kernel of variant `{0}` has no `{MEASUREMENT_SOURCE}`")]
    #[diagnostic(
        code(capbench::exec::not_measured),
        help("add --variant samples or --variant segments")
    )]
    NotMeasured(Variant),
    /// The program could not read them.
    #[error("parameters were given, and the program has no way to them")]
    #[diagnostic(
        code(capbench::exec::parameters),
        help(
            "a program reads its parameters from its boot package: add --grant boot={PARAMETER_SOURCE}"
        )
    )]
    NoBootPackage,
}

/// `NAME` or `NAME=SOURCE`, as typed.
pub fn parse_grant(text: &str) -> Result<Grant, String> {
    let (name, source) = text.split_once('=').unwrap_or((text, text));
    if name.is_empty() || source.is_empty() {
        return Err("expected NAME or NAME=SOURCE".to_owned());
    }
    Ok(Grant {
        name: name.to_owned(),
        source: source.to_owned(),
    })
}

pub(super) fn check(request: &Request<'_>) -> Result<(), GrantError> {
    let mut names = BTreeSet::new();
    for Grant { name, source } in &request.grants {
        if !KERNEL_SOURCES.contains(&source.as_str()) {
            return Err(GrantError::UnknownSource {
                name: name.clone(),
                source_name: source.clone(),
            });
        }
        if name.len() > LONGEST_GRANT_NAME {
            return Err(GrantError::LongName(name.clone()));
        }
        if !names.insert(name) {
            return Err(GrantError::Twice(name.clone()));
        }
        if source == MEASUREMENT_SOURCE && !request.variant.emits_frames() {
            return Err(GrantError::NotMeasured(request.variant));
        }
    }
    let readable = |grant: &Grant| grant.source == PARAMETER_SOURCE;
    if !request.parameters.is_empty() && !request.grants.iter().any(readable) {
        return Err(GrantError::NoBootPackage);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exec::Binary;
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::time::Duration;

    fn request(grants: &[&str]) -> Request<'static> {
        Request {
            root: Path::new("/"),
            variant: Variant::Plain,
            program: Binary {
                name: "demo".into(),
                path: "demo".into(),
            },
            further: Vec::new(),
            grants: grants.iter().map(|g| parse_grant(g).unwrap()).collect(),
            parameters: BTreeMap::new(),
            timeout: Duration::ZERO,
            trace: None,
        }
    }

    #[test]
    fn a_source_is_called_as_its_grant_unless_said_otherwise() {
        let grant = |text| parse_grant(text).map(|grant| (grant.name, grant.source));
        assert_eq!(grant("timer"), Ok(("timer".into(), "timer".into())));
        assert_eq!(grant("clock=timer"), Ok(("clock".into(), "timer".into())));
        assert!(grant("clock=").is_err());
        assert!(grant("=timer").is_err());
    }

    #[test]
    fn what_the_guest_would_refuse_is_refused_before_it_is_built() {
        assert_eq!(check(&request(&["console", "clock=timer"])), Ok(()));
        let long = format!("{}=timer", "x".repeat(33));
        for (grants, words) in [
            (vec!["clock=tmier"], "no capability source `tmier`"),
            (vec![long.as_str()], "longer than 32 bytes"),
            (vec!["a=timer", "a=console"], "two grants are called `a`"),
            (vec!["measure_control"], "variant `plain`"),
        ] {
            let error = check(&request(&grants)).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        let mut measured = request(&["measure_control"]);
        measured.variant = Variant::Segments;
        assert_eq!(check(&measured), Ok(()));
    }

    #[test]
    fn parameters_that_nobody_could_read_are_refused() {
        let mut request = request(&["console"]);
        request.parameters.insert("rows".into(), "x".into());
        assert_eq!(check(&request), Err(GrantError::NoBootPackage));
        request
            .grants
            .push(parse_grant("boot=boot_package").unwrap());
        assert_eq!(check(&request), Ok(()));
    }
}
