//! `TerminalSession`: bytes to the terminal, lines from it.
//!
//! There is one terminal: the debug console for output and, because a machine that
//! counts instructions has nobody at its keyboard, the boot manifest's script for
//! input (kernel parameter `terminal_script`, see [`kernel_core::terminal::script`]).
//! The script's bytes come by the timer and below the line discipline, as a
//! keyboard's would. A kernel that was given a script says so in its features.
//!
//! *Chosen*: the process that reads first owns the foreground until it ends or has no
//! live capability of the terminal left, which is looked at when somebody else wants
//! to read and before anything typed is taken; anybody may write; the owner reads one
//! line at a time; input nobody reads is discarded; lines end with CR LF.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::{CallError, Context, Object, Reply};
use crate::arch::debug_port;
use crate::kernel::Kernel;
use crate::process::{Pid, Process, Waiter};
use crate::ring::deferred::Deferred;
use crate::schedule::timeouts::Event;
use crate::segments;
use crate::step;
use guest_abi::boot_image::BootImage;
use guest_abi::capos_capnp::{
    LineEcho, LineStatus, terminal_session_read_line_params, terminal_session_read_line_results,
    terminal_session_write_line_params, terminal_session_write_params,
};
use guest_abi::interface::{self, KernelSource};
use kernel_core::terminal::line::{self, Echo, MAX_LINE, NEWLINE, Status};
use kernel_core::terminal::script::{Due, Script};
use kernel_core::terminal::{self, Answer, Refused};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 20,
    id: interface::TERMINAL_SESSION,
    name: "TerminalSession",
    methods: Methods::Named(&["write", "writeLine", "readLine"]),
    source: KernelSource::TerminalSession.name(),
    is_for_measuring: false,
};

/// The kernel parameter that holds the script.
pub const SCRIPT: &str = "terminal_script";

/// The terminal.
pub struct Terminal {
    state: terminal::Terminal<Waiter>,
    script: Script,
}

impl Terminal {
    /// Nobody reads; the script is the boot manifest's.
    pub fn new(image: &BootImage<'_>) -> Self {
        let text = image.parameter(SCRIPT).unwrap_or_default();
        let script = Script::parse(text)
            .unwrap_or_else(|error| panic!("{SCRIPT} is no script: {error:?}: {text:?}"));
        Self {
            state: terminal::Terminal::default(),
            script,
        }
    }

    /// Forgets the reader of a process that ended; its foreground is free.
    pub fn forget(&mut self, pid: Pid) {
        if self.state.owner() == Some(pid.0) {
            let _ = self.state.abandon();
        }
    }
}

/// A decoded call.
#[derive(Debug)]
pub enum Request<'m> {
    /// `write`.
    Write(&'m [u8]),
    /// `writeLine`.
    WriteLine(&'m [u8]),
    /// `readLine`.
    ReadLine {
        /// Shown before the line.
        prompt: &'m [u8],
        /// What kind of line.
        request: line::Request,
    },
}

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request<'m>, Exception> {
    Ok(match method {
        0 => {
            let params: terminal_session_write_params::Reader<'_> = message.root()?;
            Request::Write(params.get_data()?)
        }
        1 => {
            let params: terminal_session_write_line_params::Reader<'_> = message.root()?;
            Request::WriteLine(params.get_text()?.as_bytes())
        }
        _ => {
            let params: terminal_session_read_line_params::Reader<'_> = message.root()?;
            let wanted = params.get_request()?;
            let echo = match wanted.get_echo() {
                Ok(LineEcho::Visible) => Echo::Visible,
                Ok(LineEcho::Hidden) => Echo::Hidden,
                Err(_) => return Err(Exception::invalid_argument("no echo of this kind")),
            };
            Request::ReadLine {
                prompt: wanted.get_prompt()?.as_bytes(),
                request: line::Request {
                    echo,
                    allow_empty: wanted.get_allow_empty(),
                    max_bytes: wanted.get_max_bytes() as usize,
                },
            }
        }
    })
}

/// The method body.
pub fn invoke(request: Request<'_>, context: &mut Context<'_>) -> Result<Reply, Exception> {
    match request {
        Request::Write(data) => debug_port::write(data),
        Request::WriteLine(text) => {
            debug_port::write(text);
            debug_port::write(NEWLINE);
        }
        Request::ReadLine { prompt, request } => return read_line(prompt, request, context),
    }
    Ok(Reply::Void)
}

fn read_line(
    prompt: &[u8],
    request: line::Request,
    context: &mut Context<'_>,
) -> Result<Reply, Exception> {
    let Context {
        kernel,
        caller,
        waiter,
    } = context;
    check_owner(kernel, Some(caller));
    caller.take_outstanding()?;
    let Terminal { state, script } = &mut kernel.terminal;
    let output = &mut debug_port::write;
    if let Err(refused) = state.read(caller.pid.0, *waiter, prompt, request, output) {
        caller.outstanding -= 1;
        return Err(match refused {
            Refused::Background => Exception::failed("another process owns the foreground"),
            Refused::Busy => Exception::overloaded("a line is being read"),
        });
    }
    if let Some((delay, due)) = script.prompted(prompt) {
        let deadline = kernel.clock.now().saturating_add(delay);
        kernel.timeouts.add(deadline, Event::Typed(due));
    }
    Ok(Reply::Pending)
}

/// Types a chunk of the script, and those that follow it at once.
pub fn typed(kernel: &mut Kernel, caller: Option<&Process>, mut due: Due) {
    let probe = step::span::<{ segments::LINE_DISCIPLINE.get() }>();
    check_owner(kernel, caller);
    let next = loop {
        let Terminal { state, script } = &mut kernel.terminal;
        let bytes = script.bytes(due, crate::arch::clock::ticks());
        if let Some(answer) = state.typed(&bytes, &mut debug_port::write) {
            kernel.deferred.push_back(Deferred::Line(answer));
        }
        match script.next(due) {
            Some((0, next)) => due = next,
            next => break next,
        }
    };
    if let Some((delay, due)) = next {
        let deadline = kernel.clock.now().saturating_add(delay);
        kernel.timeouts.add(deadline, Event::Typed(due));
    }
    probe.end();
}

/// Takes the foreground from an owner that has no terminal any more.
fn check_owner(kernel: &mut Kernel, caller: Option<&Process>) {
    let Some(owner) = kernel.terminal.state.owner() else {
        return;
    };
    let owner = Pid(owner);
    let process = caller
        .filter(|caller| caller.pid == owner)
        .or_else(|| kernel.process(owner));
    let is_terminal = |object: &Object| matches!(object, Object::TerminalSession);
    let holds = process.is_some_and(|process| {
        let mut held = process.capabilities.iter();
        held.any(|(_, hold)| is_terminal(hold.object()))
    });
    if !holds && let Some(answer) = kernel.terminal.state.abandon() {
        kernel.deferred.push_back(Deferred::Line(answer));
    }
}

/// The result message of `readLine`.
pub fn encode(answer: &Answer<Waiter>, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    debug_assert!(answer.line.len() <= MAX_LINE);
    let words = root_words::<terminal_session_read_line_results::Builder<'_>>();
    encoder.write(words + answer.line.len().div_ceil(8), &[], |builder| {
        let mut root = builder.init_root::<terminal_session_read_line_results::Builder<'_>>();
        root.set_status(match answer.status {
            Status::Submitted => LineStatus::Submitted,
            Status::Cancelled => LineStatus::Cancelled,
            Status::Closed => LineStatus::Closed,
        });
        root.set_line(&answer.line);
    })
}
