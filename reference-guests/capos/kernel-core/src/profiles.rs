//! What sessions may have, as the boot manifest declares it.
//!
//! `profile=binary,binary;profile=` names for each profile the binaries that its
//! launcher starts. A profile that is not named has no bundle.

use alloc::string::String;
use alloc::vec::Vec;

/// All profiles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profiles(Vec<Profile>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What its launcher starts.
    pub binaries: Vec<String>,
}

/// What is wrong with a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A profile without `=`, or without a name.
    Profile,
    /// Two profiles, or two binaries of one, have the same name.
    Twice,
}

impl Profiles {
    /// Reads the declaration.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut profiles = Self::default();
        for declared in text.split(';').filter(|declared| !declared.is_empty()) {
            let (name, binaries) = declared.split_once('=').ok_or(Malformed::Profile)?;
            let name = name.trim();
            if name.is_empty() {
                return Err(Malformed::Profile);
            }
            let mut profile = Profile {
                name: name.into(),
                binaries: Vec::new(),
            };
            for binary in binaries.split(',').map(str::trim) {
                if profile.binaries.iter().any(|other| other == binary) {
                    return Err(Malformed::Twice);
                }
                if !binary.is_empty() {
                    profile.binaries.push(binary.into());
                }
            }
            if profiles.find(name).is_some() {
                return Err(Malformed::Twice);
            }
            profiles.0.push(profile);
        }
        Ok(profiles)
    }

    /// The profile of this name.
    pub fn find(&self, name: &str) -> Option<&Profile> {
        self.0.iter().find(|profile| profile.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_has_what_is_declared_and_nothing_else() {
        let profiles = Profiles::parse("operator=shell, editor;guest=").unwrap();
        assert_eq!(
            profiles.find("operator").unwrap().binaries,
            ["shell", "editor"]
        );
        assert!(profiles.find("guest").unwrap().binaries.is_empty());
        assert_eq!(profiles.find("anonymous"), None);
        assert_eq!(Profiles::parse("").unwrap(), Profiles::default());
    }

    #[test]
    fn a_declaration_that_is_none_is_refused() {
        assert_eq!(Profiles::parse("operator"), Err(Malformed::Profile));
        assert_eq!(Profiles::parse("=shell"), Err(Malformed::Profile));
        assert_eq!(Profiles::parse("a=x,x"), Err(Malformed::Twice));
        assert_eq!(Profiles::parse("a=;a="), Err(Malformed::Twice));
    }
}
