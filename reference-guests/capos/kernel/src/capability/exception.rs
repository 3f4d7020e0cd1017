//! `CapException`: a method's "no", with its reason.

use super::message::{Encoder, root_words, text_words};
use guest_abi::capos_capnp::{ExceptionType, cap_exception};
use guest_abi::ring::result;

/// Kind and reason.
#[derive(Clone, Copy, Debug)]
pub struct Exception {
    kind: ExceptionType,
    message: &'static str,
}

impl Exception {
    /// It was tried and did not work.
    pub const fn failed(message: &'static str) -> Self {
        Self {
            kind: ExceptionType::Failed,
            message,
        }
    }

    /// There is no room; later there may be.
    pub const fn overloaded(message: &'static str) -> Self {
        Self {
            kind: ExceptionType::Overloaded,
            message,
        }
    }

    /// The other side is gone for good.
    pub const fn disconnected(message: &'static str) -> Self {
        Self {
            kind: ExceptionType::Disconnected,
            message,
        }
    }

    /// The object does not offer this.
    pub const fn unimplemented(message: &'static str) -> Self {
        Self {
            kind: ExceptionType::Unimplemented,
            message,
        }
    }

    /// The caller asked for something that cannot be.
    pub const fn invalid_argument(message: &'static str) -> Self {
        Self {
            kind: ExceptionType::InvalidArgument,
            message,
        }
    }

    /// Writes the exception to the caller; the completion's result.
    pub fn encode(self, encoder: &mut Encoder<'_>) -> i32 {
        let words = root_words::<cap_exception::Builder<'_>>() + text_words(self.message.len());
        let written = encoder.write(words, &[], |builder| {
            let mut root = builder.init_root::<cap_exception::Builder<'_>>();
            root.set_type(self.kind);
            root.set_message(self.message);
        });
        match written {
            Ok(_) => result::APPLICATION_EXCEPTION,
            Err(_) => result::APPLICATION_EXCEPTION_TRUNCATED,
        }
    }
}
