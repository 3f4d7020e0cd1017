//! Starting the recorder, as the boot manifest says.

use super::MEASURE;
use super::declared::{COUNTERS, INSTANTS, INTERFACES};
use crate::arch::clock;
use crate::capability::terminal_session::SCRIPT;
use crate::kernel::Kernel;
use crate::memory::{PhysAddr, kernel_map};
use crate::segments;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use guest_abi::layout::PAGE_SIZE;
use kernel_measure::control::ClockSource;
use kernel_measure::{
    Config, Debugcon, Declarations, Layout, Machine, Mode, Slot, TakeOnce, Transport, TscFrequency,
    VirtioConsole,
};

/// Slots of the span ring if the manifest does not say.
const DEFAULT_SLOTS: u32 = 1 << 16;
/// Slots of the span ring for one of the ring of instants.
const SLOTS_PER_INSTANT_SLOT: u32 = 4;
/// Name of the port that carries the trace.
const PORT_NAME: &str = "capbench.trace";
/// The console's port: traces share it when asked for `debugcon`.
const DEBUGCON_PORT: u16 = 0xe9;

static VIRTIO: TakeOnce<VirtioConsole> = TakeOnce::new(VirtioConsole::new());

/// Starts recording. A kernel that was built to measure and cannot is of no use,
/// so every failure is a panic.
pub fn start(kernel: &mut Kernel) {
    let slots = kernel
        .image
        .parameter("trace_slots")
        .map_or(DEFAULT_SLOTS, |text| {
            text.parse()
                .unwrap_or_else(|_| panic!("trace_slots is no number: {text:?}"))
        });
    // A switch leaves an instant, and there may be one for every few records.
    let mut layout = Layout::with_thread_slots(slots);
    layout.instants[0] = layout.instants[0].max(slots / SLOTS_PER_INSTANT_SLOT);
    let memory = ring_memory(kernel, layout);
    let features = features(kernel);
    let mut config = Config::new(
        "capos-reference",
        option_env!("CAPBENCH_BUILD_ID").unwrap_or(env!("CARGO_PKG_VERSION")),
        layout,
        memory,
        transport(kernel.image.parameter("transport").unwrap_or("virtio")),
    );
    config.mode = match kernel.image.parameter("trace_mode").unwrap_or("discard") {
        "discard" => Mode::Discard,
        "overwrite" => Mode::Overwrite,
        other => panic!("trace_mode is discard or overwrite, not {other:?}"),
    };
    config.features = &features;
    config.declarations = Declarations {
        segments: segments::DECLARED,
        interfaces: INTERFACES,
        counters: &COUNTERS,
        instants: &INSTANTS,
    };
    config.tsc = Some(TscFrequency {
        hz: kernel.clock.frequency,
        source: match kernel.clock.source {
            clock::Source::CpuidCrystal => ClockSource::CpuidCrystal,
            clock::Source::CpuidHypervisor => ClockSource::CpuidHypervisor,
            clock::Source::IntervalTimer => ClockSource::IntervalTimer,
        },
    });
    super::facts::start();
    if let Err(error) = MEASURE.start(0, config) {
        panic!("recording cannot start: {error}");
    }
}

/// Build features that change what is measured, and that nobody is at the keyboard.
fn features(kernel: &Kernel) -> String {
    let mut features = Vec::new();
    #[cfg(feature = "inject")]
    features.push(concat!(
        "inject=",
        env!("CAPBENCH_INJECT_SEGMENT"),
        ":",
        env!("CAPBENCH_INJECT_COUNT")
    ));
    if kernel.image.parameter(SCRIPT).is_some() {
        features.push("scripted-input");
    }
    features.join(",")
}

fn ring_memory(kernel: &mut Kernel, layout: Layout) -> &'static mut [Slot] {
    let count = layout.slots(1);
    let bytes = count * size_of::<Slot>();
    let frames = bytes.div_ceil(PAGE_SIZE as usize);
    let Ok(start) = kernel.frames.allocate_contiguous(frames) else {
        panic!("no memory for {count} trace slots: lower trace_slots or raise -m");
    };
    let slots = start.pointer::<Slot>();
    // SAFETY: the frames are ours for good, mapped, large enough, and made slots
    // here.
    unsafe {
        for index in 0..count {
            slots.add(index).write(Slot::EMPTY);
        }
        core::slice::from_raw_parts_mut(slots, count)
    }
}

fn transport(name: &str) -> &'static mut (dyn Transport + Send) {
    match name {
        "virtio" => {
            let console = VIRTIO.take().expect("recording starts once");
            let physical = |pointer: *const u8| PhysAddr::of(pointer).0;
            let map = |address: u64, _length: usize| kernel_map::device(address);
            // SAFETY: boot: one processor, and nobody else uses PCI or the device.
            // The kernel's image is contiguous, and the upper part of the 32-bit
            // addresses is mapped uncached.
            let connected = unsafe { console.connect(PORT_NAME, Machine::pc(physical, map)) };
            match connected {
                Ok(console) => console,
                Err(error) => panic!("no trace port {PORT_NAME}: {error}"),
            }
        }
        "debugcon" => Box::leak(Box::new(Debugcon::new(DEBUGCON_PORT))),
        other => panic!("transport is virtio or debugcon, not {other:?}"),
    }
}
