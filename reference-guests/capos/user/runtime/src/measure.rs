//! `MeasureControl`: windows and samples of a benchmark. Never inside timed code.

use crate::call::{CallError, Parameters, call, call_raw};
use crate::capset;
use crate::platform::VOID;
use crate::ring::Ring;
use guest_abi::interface::MEASURE_CONTROL;
use guest_abi::measure_capnp::{
    measure_control_begin_params, measure_control_begin_results, measure_control_close_params,
    measure_control_denied_params, measure_control_end_params, measure_control_samples_params,
};

/// One timed batch, as `samples` takes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Sample {
    /// Time stamp at the start.
    pub start: u64,
    /// Ticks from start to end.
    pub ticks: u64,
    /// Operations in the batch.
    pub operations: u32,
    /// [`Sample::COLD`], [`Sample::WARM_UP`].
    pub flags: u16,
    /// Which of a window's metrics; 0 where there is one.
    pub metric: u16,
}

impl Sample {
    /// The very first batch.
    pub const COLD: u16 = 1;
    /// A declared warm-up batch.
    pub const WARM_UP: u16 = 2;
}

const _: () = assert!(size_of::<Sample>() == 24);

/// Samples handed over in one call: below the 64 KiB a message may have.
const CHUNK: usize = 2048;

/// What a benchmark counted itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Oracle {
    /// Submissions made.
    pub submitted: u64,
    /// Completions seen.
    pub completed: u64,
    /// Completions, or absences of one, that were not as they must be.
    pub failures: u32,
}

/// The `measure` grant.
#[derive(Clone, Copy, Debug)]
pub struct MeasureControl(u32);

impl MeasureControl {
    /// The grant, if this is a measured boot.
    pub fn find() -> Option<Self> {
        capset::find("measure", MEASURE_CONTROL).map(Self)
    }

    /// Opens a window.
    pub fn begin(
        self,
        ring: &mut Ring,
        benchmark: &str,
        record_bound: u32,
        expected_operations: u64,
    ) -> Result<u32, CallError> {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<measure_control_begin_params::Builder<'_>>();
        root.set_benchmark(benchmark);
        root.set_record_bound(record_bound);
        root.set_expected_operations(expected_operations);
        let answer = call(ring, self.0, 0, &parameters)?;
        let message = answer.message()?;
        let root = message.get_root::<measure_control_begin_results::Reader<'_>>()?;
        Ok(root.get_window())
    }

    /// Closes a window; what the program found is said later, by
    /// [`verdict`](Self::verdict).
    pub fn close(self, ring: &mut Ring, window: u32) -> Result<(), CallError> {
        let mut parameters = Parameters::new_default();
        parameters
            .init_root::<measure_control_close_params::Builder<'_>>()
            .set_window(window);
        call(ring, self.0, 4, &parameters).map(|_| ())
    }

    /// Says what the program counted and found in a window that was closed.
    pub fn verdict(
        self,
        ring: &mut Ring,
        window: u32,
        oracle: &Oracle,
        detail: &str,
    ) -> Result<(), CallError> {
        let parameters = verdict_parameters(window, oracle, detail);
        call(ring, self.0, 5, &parameters).map(|_| ())
    }

    /// Says that something the authority profile denies was tried and denied.
    pub fn denied(
        self,
        ring: &mut Ring,
        name: &str,
        interface_id: u64,
        observed: &str,
    ) -> Result<(), CallError> {
        let mut parameters = Parameters::new_default();
        let mut root = parameters.init_root::<measure_control_denied_params::Builder<'_>>();
        root.set_name(name);
        root.set_interface_id(interface_id);
        root.set_observed(observed);
        call(ring, self.0, 6, &parameters).map(|_| ())
    }

    /// Hands samples over.
    pub fn samples(
        self,
        ring: &mut Ring,
        window: u32,
        samples: &[Sample],
    ) -> Result<(), CallError> {
        for chunk in samples.chunks(CHUNK) {
            let mut parameters = Parameters::new_default();
            let mut root = parameters.init_root::<measure_control_samples_params::Builder<'_>>();
            root.set_window(window);
            // SAFETY: the structure has no padding, so it is bytes.
            root.set_data(unsafe {
                core::slice::from_raw_parts(chunk.as_ptr().cast(), size_of_val(chunk))
            });
            call(ring, self.0, 2, &parameters)?;
        }
        Ok(())
    }

    /// Sends everything recorded so far.
    pub fn drain(self, ring: &mut Ring) -> Result<(), CallError> {
        call_raw(ring, self.0, 3, &VOID).map(|_| ())
    }
}

fn verdict_parameters(window: u32, oracle: &Oracle, detail: &str) -> Parameters {
    let mut parameters = Parameters::new_default();
    let mut root = parameters.init_root::<measure_control_end_params::Builder<'_>>();
    root.set_window(window);
    root.set_submitted(oracle.submitted);
    root.set_completed(oracle.completed);
    root.set_failures(oracle.failures);
    root.set_detail(detail);
    parameters
}
