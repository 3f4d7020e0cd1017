//! `TerminalSession`: output and lines of input.

use crate::call::{Answer, CallError, Parameters, call};
use crate::capset;
use crate::ring::Ring;
use alloc::vec::Vec;
use guest_abi::capos_capnp::{
    LineEcho, LineStatus, terminal_session_read_line_params, terminal_session_read_line_results,
    terminal_session_write_line_params, terminal_session_write_params,
};
use guest_abi::interface::TERMINAL_SESSION;

/// Method number of `write`.
pub const WRITE: u16 = 0;
/// Method number of `writeLine`.
pub const WRITE_LINE: u16 = 1;
/// Method number of `readLine`.
pub const READ_LINE: u16 = 2;

/// What kind of line is wanted.
#[derive(Clone, Copy, Debug)]
pub struct LineRequest<'a> {
    /// Shown before it.
    pub prompt: &'a str,
    /// Most bytes.
    pub max_bytes: u32,
    /// Whether it is shown.
    pub echo: bool,
    /// Whether an empty one will do.
    pub allow_empty: bool,
}

/// A terminal.
#[derive(Clone, Copy, Debug)]
pub struct Terminal(pub u32);

impl Terminal {
    /// The `terminal` grant.
    pub fn find() -> Option<Self> {
        capset::find("terminal", TERMINAL_SESSION).map(Self)
    }

    /// Writes bytes.
    pub fn write(self, ring: &mut Ring, data: &[u8]) -> Result<(), CallError> {
        call(ring, self.0, WRITE, &write_parameters(data)).map(|_| ())
    }

    /// Writes a line.
    pub fn write_line(self, ring: &mut Ring, text: &str) -> Result<(), CallError> {
        call(ring, self.0, WRITE_LINE, &write_line_parameters(text)).map(|_| ())
    }

    /// Reads a line: how it ended, and what it is.
    pub fn read_line(
        self,
        ring: &mut Ring,
        request: &LineRequest<'_>,
    ) -> Result<(LineStatus, Vec<u8>), CallError> {
        let answer = call(ring, self.0, READ_LINE, &read_line_parameters(request))?;
        line_of(&answer)
    }
}

/// Parameters of `write`.
pub fn write_parameters(data: &[u8]) -> Parameters {
    let mut parameters = Parameters::new_default();
    parameters
        .init_root::<terminal_session_write_params::Builder<'_>>()
        .set_data(data);
    parameters
}

/// Parameters of `writeLine`.
pub fn write_line_parameters(text: &str) -> Parameters {
    let mut parameters = Parameters::new_default();
    parameters
        .init_root::<terminal_session_write_line_params::Builder<'_>>()
        .set_text(text);
    parameters
}

/// Parameters of `readLine`.
pub fn read_line_parameters(request: &LineRequest<'_>) -> Parameters {
    let mut parameters = Parameters::new_default();
    let root = parameters.init_root::<terminal_session_read_line_params::Builder<'_>>();
    let mut wanted = root.init_request();
    wanted.set_prompt(request.prompt);
    wanted.set_max_bytes(request.max_bytes);
    wanted.set_echo(if request.echo {
        LineEcho::Visible
    } else {
        LineEcho::Hidden
    });
    wanted.set_allow_empty(request.allow_empty);
    parameters
}

fn line_of(answer: &Answer) -> Result<(LineStatus, Vec<u8>), CallError> {
    let message = answer.message()?;
    let root = message.get_root::<terminal_session_read_line_results::Reader<'_>>()?;
    let status = root.get_status().map_err(|_| CallError::BadAnswer)?;
    Ok((status, root.get_line()?.to_vec()))
}
