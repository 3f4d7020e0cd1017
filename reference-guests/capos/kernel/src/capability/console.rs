//! `Console`: bytes and lines to the boot console.

use super::Reply;
use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::Message;
use crate::arch::debug_port;
use guest_abi::capos_capnp::{console_write_line_params, console_write_params};
use guest_abi::interface::{self, KernelSource};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 0,
    id: interface::CONSOLE,
    name: "Console",
    methods: Methods::Named(&["write", "writeLine"]),
    source: KernelSource::Console.name(),
    is_for_measuring: false,
};

/// A decoded call.
#[derive(Debug)]
pub enum Request<'m> {
    /// `write`.
    Write(&'m [u8]),
    /// `writeLine`.
    WriteLine(&'m [u8]),
}

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request<'m>, Exception> {
    Ok(match method {
        0 => {
            let params: console_write_params::Reader<'_> = message.root()?;
            Request::Write(params.get_data()?)
        }
        _ => {
            let params: console_write_line_params::Reader<'_> = message.root()?;
            Request::WriteLine(params.get_text()?.as_bytes())
        }
    })
}

/// The method body.
pub fn invoke(request: Request<'_>) -> Result<Reply, Exception> {
    match request {
        Request::Write(data) => debug_port::write(data),
        Request::WriteLine(text) => {
            debug_port::write(text);
            debug_port::write(b"\n");
        }
    }
    Ok(Reply::Void)
}
