//! `MeasureControl`: windows, samples, drain.
//!
//! Only in kernels built to measure, and called outside of timed code. A program
//! that holds it can mark what it measures and hand over what it measured; it
//! cannot see or change what the kernel records.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::{CallError, Context, Reply};
use crate::measure::{self, MEASURE};
use guest_abi::interface::{self, KernelSource};
use guest_abi::measure_capnp::{
    measure_control_begin_params, measure_control_begin_results, measure_control_close_params,
    measure_control_denied_params, measure_control_end_params, measure_control_samples_params,
};
use kernel_measure::control::{DenialProven, Message as Control, OracleOutcome, Verdict};
use kernel_measure::{LinkError, Sample, SampleFlags, Window, WindowError, WindowId};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 8,
    id: interface::MEASURE_CONTROL,
    name: "MeasureControl",
    methods: Methods::Named(&[
        "begin", "end", "samples", "drain", "close", "verdict", "denied",
    ]),
    source: KernelSource::MeasureControl.name(),
    is_for_measuring: true,
};

/// Bytes of a sample in the message.
const SAMPLE_LENGTH: usize = 24;

/// A decoded call.
#[derive(Debug)]
pub enum Request<'m> {
    /// `begin`.
    Begin {
        /// Result name of the benchmark.
        benchmark: &'m str,
        /// Records it will need at most.
        record_bound: u32,
        /// Operations it intends.
        expected_operations: u64,
    },
    /// `end`, with what the program's oracle found.
    End(Verdict<'m>),
    /// `close`: `end` without a verdict.
    Close(u32),
    /// `verdict`, for a window that was closed.
    Verdict(Verdict<'m>),
    /// `denied`.
    Denied {
        /// Name of the denial in the authority profile.
        name: &'m str,
        /// Interface that was tried.
        interface: u64,
        /// What was answered.
        observed: &'m str,
    },
    /// `samples`.
    Samples {
        /// The window they belong to.
        window: u32,
        /// Packed records.
        data: &'m [u8],
    },
    /// `drain`.
    Drain,
}

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request<'m>, Exception> {
    Ok(match method {
        0 => {
            let params: measure_control_begin_params::Reader<'m> = message.root()?;
            Request::Begin {
                benchmark: params.get_benchmark()?.to_str()?,
                record_bound: params.get_record_bound(),
                expected_operations: params.get_expected_operations(),
            }
        }
        1 => Request::End(decode_verdict(message)?),
        2 => {
            let params: measure_control_samples_params::Reader<'m> = message.root()?;
            Request::Samples {
                window: params.get_window(),
                data: params.get_data()?,
            }
        }
        3 => Request::Drain,
        4 => {
            let params: measure_control_close_params::Reader<'m> = message.root()?;
            Request::Close(params.get_window())
        }
        5 => Request::Verdict(decode_verdict(message)?),
        _ => {
            let params: measure_control_denied_params::Reader<'m> = message.root()?;
            Request::Denied {
                name: params.get_name()?.to_str()?,
                interface: params.get_interface_id(),
                observed: params.get_observed()?.to_str()?,
            }
        }
    })
}

fn decode_verdict<'m>(message: &'m Message<'m>) -> Result<Verdict<'m>, Exception> {
    let params: measure_control_end_params::Reader<'m> = message.root()?;
    let failures = params.get_failures();
    Ok(Verdict {
        window: params.get_window(),
        outcome: if failures == 0 {
            OracleOutcome::Passed
        } else {
            OracleOutcome::Failed
        },
        submitted: params.get_submitted(),
        completed: params.get_completed(),
        failures: u64::from(failures),
        detail: params.get_detail()?.to_str()?,
    })
}

/// The method body.
pub fn invoke(request: Request<'_>, context: &mut Context<'_>) -> Result<Reply, Exception> {
    measure::tell_all();
    match request {
        Request::Begin {
            benchmark,
            record_bound,
            expected_operations,
        } => {
            let window = Window {
                benchmark,
                tid: context.caller.pid.0,
                record_bound,
                expected_operations,
            };
            let window = MEASURE.begin_window(window).map_err(|error| match error {
                WindowError::RingTooSmall { .. } => {
                    Exception::overloaded("the trace ring is too small for this window")
                }
                WindowError::Link(error) => broken(error),
            })?;
            panic_if_asked(context, window);
            Ok(Reply::Window(window.get()))
        }
        Request::End(verdict) => {
            MEASURE
                .end_window(WindowId::new(verdict.window))
                .map_err(broken)?;
            MEASURE.control(Control::Verdict(verdict)).map_err(broken)?;
            Ok(Reply::Void)
        }
        Request::Close(window) => {
            MEASURE.end_window(WindowId::new(window)).map_err(broken)?;
            Ok(Reply::Void)
        }
        Request::Verdict(verdict) => {
            MEASURE.control(Control::Verdict(verdict)).map_err(broken)?;
            Ok(Reply::Void)
        }
        Request::Denied {
            name,
            interface,
            observed,
        } => {
            let denial = DenialProven {
                pid: context.caller.pid.0,
                name,
                interface,
                observed,
            };
            MEASURE
                .control(Control::DenialProven(denial))
                .map_err(broken)?;
            Ok(Reply::Void)
        }
        Request::Samples { window, data } => record(window, data),
        Request::Drain => {
            context.kernel.audit.tell();
            MEASURE.drain().map_err(broken)?;
            Ok(Reply::Void)
        }
    }
}

/// For tests: kernel parameter `test_panic_at_window` names a window whose opening
/// the kernel shall not survive.
fn panic_if_asked(context: &Context<'_>, window: WindowId) {
    let asked = context.kernel.image.parameter("test_panic_at_window");
    let number = asked.and_then(|text| text.parse().ok());
    assert!(
        number != Some(window.get()),
        "a test asked for a panic at window {}",
        window.get()
    );
}

fn broken(_: LinkError) -> Exception {
    Exception::failed("the trace stream is broken")
}

fn record(window: u32, data: &[u8]) -> Result<Reply, Exception> {
    let (records, rest) = data.as_chunks::<SAMPLE_LENGTH>();
    if !rest.is_empty() {
        return Err(Exception::invalid_argument("samples are 24 bytes each"));
    }
    for record in records {
        let sample = sample(window, record)
            .ok_or(Exception::invalid_argument("a sample has unknown flags"))?;
        if measure::thread().sample_room() == 0 {
            MEASURE.drain().map_err(broken)?;
        }
        measure::thread().sample(sample);
    }
    Ok(Reply::Void)
}

fn sample(window: u32, record: &[u8; SAMPLE_LENGTH]) -> Option<Sample> {
    let word = |at: usize| u64::from_le_bytes(core::array::from_fn(|i| record[at + i]));
    let last = word(16);
    Some(Sample {
        start: word(0),
        ticks: word(8),
        window,
        operations: last as u32,
        flags: SampleFlags::from_bits((last >> 32) as u16)?,
        metric: (last >> 48) as u16,
    })
}

/// The result message of `begin`.
pub fn encode(window: u32, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<measure_control_begin_results::Builder<'_>>(),
        &[],
        |builder| {
            let mut root = builder.init_root::<measure_control_begin_results::Builder<'_>>();
            root.set_window(window);
        },
    )
}
