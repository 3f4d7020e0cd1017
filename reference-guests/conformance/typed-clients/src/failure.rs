//! Why a step was not done right.

use alloc::string::String;
use capos::ring::EndpointMessageError;
use capos::{ClientError, ExceptionType, RingClientError};
use core::fmt;

/// Why a step was not done right.
pub enum Failure {
    /// The program does not hold what the step needs.
    NotGranted(&'static str),
    /// The client says so.
    Client(ClientError),
    /// What came is no message of an endpoint.
    Message(EndpointMessageError),
    /// The answer is another than it must be.
    Wrong(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGranted(name) => write!(f, "left out: no grant `{name}`"),
            Self::Client(error) => write!(f, "FAILED: {error:?}"),
            Self::Message(error) => write!(f, "FAILED: {error:?}"),
            Self::Wrong(what) => write!(f, "FAILED: {what}"),
        }
    }
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<RingClientError> for Failure {
    fn from(error: RingClientError) -> Self {
        Self::Client(ClientError::Ring(error))
    }
}

impl From<EndpointMessageError> for Failure {
    fn from(error: EndpointMessageError) -> Self {
        Self::Message(error)
    }
}

/// Fails with these words unless the condition holds.
macro_rules! must {
    ($holds:expr, $($words:tt)*) => {
        if !$holds {
            return Err($crate::failure::Failure::Wrong(alloc::format!($($words)*)));
        }
    };
}
pub(crate) use must;

/// The call must have been refused by its object, for this reason if one is published.
pub fn must_be_refused<T>(
    answer: Result<T, ClientError>,
    reason: Option<ExceptionType>,
) -> Result<(), Failure> {
    match answer {
        Err(ClientError::Application(exception)) => {
            let kind = exception.exception_type();
            must!(
                reason.is_none_or(|reason| reason == kind),
                "refused as {kind:?}"
            );
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(Failure::Wrong("not refused".into())),
    }
}
