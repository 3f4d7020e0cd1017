//! `SystemInfo`: the message of the day and the host's name, from the kernel
//! parameters `motd` and `hostname`.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, root_words, text_words};
use super::{CallError, Context, Reply};
use guest_abi::capos_capnp::{system_info_hostname_results, system_info_motd_results};
use guest_abi::interface::{self, KernelSource};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 26,
    id: interface::SYSTEM_INFO,
    name: "SystemInfo",
    methods: Methods::Named(&["motd", "hostname"]),
    source: KernelSource::SystemInfo.name(),
    is_for_measuring: false,
};

/// What the system is called if the manifest does not say. *Chosen*.
const HOSTNAME: &str = "capos-reference";

/// A decoded call.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `motd`.
    Motd,
    /// `hostname`.
    Hostname,
}

/// The typed call; neither method has parameters.
pub fn decode(method: u16) -> Request {
    match method {
        0 => Request::Motd,
        _ => Request::Hostname,
    }
}

/// The method body.
pub fn invoke(request: Request, context: &mut Context<'_>) -> Result<Reply, Exception> {
    let parameter = |name| context.kernel.image.parameter(name);
    Ok(match request {
        Request::Motd => Reply::Motd(parameter("motd").unwrap_or_default()),
        Request::Hostname => Reply::Hostname(parameter("hostname").unwrap_or(HOSTNAME)),
    })
}

/// The result message of `motd`.
pub fn encode_motd(text: &str, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    let words = root_words::<system_info_motd_results::Builder<'_>>();
    encoder.write(words + text_words(text.len()), &[], |builder| {
        let mut root = builder.init_root::<system_info_motd_results::Builder<'_>>();
        root.set_text(text);
    })
}

/// The result message of `hostname`.
pub fn encode_hostname(name: &str, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    let words = root_words::<system_info_hostname_results::Builder<'_>>();
    encoder.write(words + text_words(name.len()), &[], |builder| {
        let mut root = builder.init_root::<system_info_hostname_results::Builder<'_>>();
        root.set_name(name);
    })
}
