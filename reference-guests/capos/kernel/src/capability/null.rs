//! `NullCap`: any method with any parameters, no work, no result.
//!
//! It has no schema, so its parameters are copied in and not decoded: what is left
//! is the cost of a call itself.

use super::Reply;
use super::exception::Exception;

/// The method body.
#[inline]
pub fn invoke() -> Result<Reply, Exception> {
    Ok(Reply::Void)
}
