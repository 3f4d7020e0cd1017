//! The console's password: a verifier of it, never the password itself.
//!
//! A verifier is a PHC string of Argon2id, as published. Its parameters are the
//! manifest's choice, up to [`MAX_MEMORY_KIB`]: what they cost is what a login
//! costs.

use alloc::string::{String, ToString};
use argon2::password_hash::{PasswordHash, PasswordHasher, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordVerifier, Version};

/// Longest password, as published.
pub const MAX_PASSWORD: usize = 256;
/// Longest verifier. *Chosen*.
const MAX_VERIFIER: usize = 256;
/// Most memory that checking may take: a quarter of the kernel's heap. *Chosen*.
pub const MAX_MEMORY_KIB: u32 = 1024;
/// Most passes over it. *Chosen*.
const MAX_PASSES: u32 = 4;
/// What a password that is set here is derived with. *Chosen*: the least Argon2
/// takes and some, because the kernel is not preemptible meanwhile.
const CREATED: (u32, u32, u32) = (64, 1, 1);
/// Bytes of a salt.
pub const SALT: usize = 16;

/// Why there is no verifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The verifier is none, or not of Argon2id.
    Verifier,
    /// It asks for more than this kernel gives.
    TooCostly,
    /// The password is empty or too long.
    Password,
    /// There is a password already.
    Configured,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// It is the password.
    Right,
    /// It is not.
    Wrong,
    /// There is no password.
    Unavailable,
}

/// The password, if there is one.
#[derive(Debug, Default)]
pub struct Password {
    verifier: Option<String>,
    /// Set here and gone with the next boot.
    volatile: bool,
}

impl Password {
    /// With the manifest's verifier.
    pub fn from_verifier(text: &str) -> Result<Self, Unusable> {
        if text.len() > MAX_VERIFIER {
            return Err(Unusable::Verifier);
        }
        let parsed = PasswordHash::new(text).map_err(|_| Unusable::Verifier)?;
        if parsed.algorithm != Algorithm::Argon2id.ident() || parsed.hash.is_none() {
            return Err(Unusable::Verifier);
        }
        let params = Params::try_from(&parsed).map_err(|_| Unusable::Verifier)?;
        if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES {
            return Err(Unusable::TooCostly);
        }
        Ok(Self {
            verifier: Some(text.to_string()),
            volatile: false,
        })
    }

    /// Whether there is one.
    pub fn is_configured(&self) -> bool {
        self.verifier.is_some()
    }

    /// Whether it is gone with the next boot.
    pub fn is_volatile(&self) -> bool {
        self.volatile
    }

    /// Checks an attempt; how long that takes does not tell how much of it is right.
    pub fn check(&self, attempt: &[u8]) -> Check {
        let Some(verifier) = &self.verifier else {
            return Check::Unavailable;
        };
        if attempt.len() > MAX_PASSWORD {
            return Check::Wrong;
        }
        let Ok(parsed) = PasswordHash::new(verifier) else {
            return Check::Unavailable;
        };
        match Argon2::default().verify_password(attempt, &parsed) {
            Ok(()) => Check::Right,
            Err(_) => Check::Wrong,
        }
    }

    /// Sets the first password.
    pub fn create(&mut self, password: &[u8], salt: [u8; SALT]) -> Result<(), Unusable> {
        if self.is_configured() {
            return Err(Unusable::Configured);
        }
        if password.is_empty() || password.len() > MAX_PASSWORD {
            return Err(Unusable::Password);
        }
        let (memory, passes, lanes) = CREATED;
        let params = Params::new(memory, passes, lanes, None).map_err(|_| Unusable::TooCostly)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let salt = SaltString::encode_b64(&salt).map_err(|_| Unusable::Verifier)?;
        let verifier = argon.hash_password(password, &salt);
        self.verifier = Some(verifier.map_err(|_| Unusable::Verifier)?.to_string());
        self.volatile = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verifier(password: &[u8], memory: u32, passes: u32) -> String {
        let params = Params::new(memory, passes, 1, None).unwrap();
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let salt = SaltString::encode_b64(&[7; SALT]).unwrap();
        argon.hash_password(password, &salt).unwrap().to_string()
    }

    #[test]
    fn only_the_password_is_right() {
        let password = Password::from_verifier(&verifier(b"open sesame", 64, 1)).unwrap();
        assert!(password.is_configured() && !password.is_volatile());
        assert_eq!(password.check(b"open sesame"), Check::Right);
        for wrong in [&b""[..], b"open sesam", b"open sesame ", &[b'x'; 300]] {
            assert_eq!(password.check(wrong), Check::Wrong);
        }
    }

    #[test]
    fn without_a_password_nothing_can_be_checked_and_one_can_be_set_once() {
        let mut password = Password::default();
        assert_eq!(password.check(b""), Check::Unavailable);
        assert_eq!(password.create(b"", [1; SALT]), Err(Unusable::Password));
        assert_eq!(
            password.create(&[b'x'; 257], [1; SALT]),
            Err(Unusable::Password)
        );
        assert_eq!(password.create(b"first", [1; SALT]), Ok(()));
        assert!(password.is_configured() && password.is_volatile());
        assert_eq!(password.check(b"first"), Check::Right);
        assert_eq!(password.check(b"second"), Check::Wrong);
        assert_eq!(
            password.create(b"second", [1; SALT]),
            Err(Unusable::Configured)
        );
    }

    #[test]
    fn a_verifier_that_is_none_or_costs_too_much_is_refused() {
        let error = |text: &str| Password::from_verifier(text).unwrap_err();
        assert_eq!(error(""), Unusable::Verifier);
        assert_eq!(error("hunter2"), Unusable::Verifier);
        assert_eq!(error("$argon2id$v=19$m=64,t=1,p=1"), Unusable::Verifier);
        let other = verifier(b"x", 64, 1).replace("argon2id", "argon2d");
        assert_eq!(error(&other), Unusable::Verifier);
        assert_eq!(error(&verifier(b"x", 2048, 1)), Unusable::TooCostly);
        assert_eq!(error(&verifier(b"x", 8, 5)), Unusable::TooCostly);
        assert_eq!(error(&"$".repeat(300)), Unusable::Verifier);
    }
}
