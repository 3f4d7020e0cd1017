//! `NullCap`: any method with any parameters, no work, no result.
//!
//! It has no schema, so its parameters are copied in and not decoded: what is left
//! is the cost of a call itself.

use super::Reply;
use super::exception::Exception;
use super::interface::{Interface, Methods};
use guest_abi::interface::{self, KernelSource};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 2,
    id: interface::NULL,
    name: "NullCap",
    methods: Methods::Any,
    source: KernelSource::Null.name(),
    is_for_measuring: true,
};

/// The method body.
#[inline]
pub fn invoke() -> Result<Reply, Exception> {
    Ok(Reply::Void)
}
