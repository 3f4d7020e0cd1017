//! Evidence beside the results: what audits showed, what programs did with their
//! authority. One file for each kind, with a schema of its own.
//!
//! The shape of an entry is version 1. A file of another version is refused and not
//! half read, as the results are.

mod audit;
mod exercised;
mod privileged;

pub use audit::AuditReport;
pub use exercised::{Exercised, Use};
pub use privileged::PrivilegedAct;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// What one kind of evidence is called.
pub trait EvidenceKind: Serialize + DeserializeOwned {
    /// Name and version of its files' shape.
    const SCHEMA: &'static str;
}

/// A file of evidence, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EvidenceFile<T> {
    schema: String,
    /// Entries, in the order of the run's boots.
    pub entries: Vec<T>,
}

/// The file is not what it should be.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceFileError {
    /// It is of another version, or of none.
    #[error("it is `{found}`, and this program reads `{expected}`")]
    OtherVersion {
        /// The value found.
        found: String,
        /// The expectation.
        expected: &'static str,
    },
    /// It is no such file at all.
    #[error("{}", crate::brief(.0))]
    Malformed(#[from] serde_json::Error),
}

impl<T: EvidenceKind> EvidenceFile<T> {
    /// A file of this version.
    pub fn new(entries: Vec<T>) -> Self {
        let schema = T::SCHEMA.to_owned();
        Self { schema, entries }
    }

    /// As stored.
    ///
    /// # Errors
    ///
    /// A number of an entry is not finite.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|text| text + "\n")
    }

    /// Reads a stored file.
    ///
    /// # Errors
    ///
    /// It is of another version, or malformed.
    pub fn from_json(bytes: &[u8]) -> Result<Self, EvidenceFileError> {
        let value: serde_json::Value = serde_json::from_slice(bytes)?;
        let found = value["schema"].as_str().unwrap_or("of no known schema");
        if found != T::SCHEMA {
            return Err(EvidenceFileError::OtherVersion {
                found: crate::brief(found),
                expected: T::SCHEMA,
            });
        }
        Ok(serde_json::from_value(value)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_version_is_refused_and_named() {
        let file = EvidenceFile::new(vec![AuditReport::failed("b".into(), "no log")]);
        let json = file.to_json().unwrap();
        let read = EvidenceFile::<AuditReport>::from_json(json.as_bytes()).unwrap();
        assert_eq!(read, file);
        let later = json.replace("capbench.audit/1", "capbench.audit/2");
        let error = EvidenceFile::<AuditReport>::from_json(later.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("capbench.audit/2"), "{error}");
        let error = EvidenceFile::<AuditReport>::from_json(b"[]").unwrap_err();
        assert!(matches!(error, EvidenceFileError::OtherVersion { .. }));
    }
}
