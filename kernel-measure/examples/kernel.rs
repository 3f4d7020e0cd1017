//! A kernel in miniature that uses every call of the recorder, built with and
//! without it: `tests/same_api.rs` compiles this file for every combination of
//! features.

#![allow(
    clippy::print_stdout,
    reason = "a developer reads it, and a panic tells enough"
)]

use kernel_measure::control::{
    Aggregation, ClockSource, CounterDeclared, InstantDeclared, InterfaceDeclared, Message,
    SegmentDeclared, SegmentKind, ThreadDeclared,
};
use kernel_measure::{
    Accounts, Config, Context, CounterId, Debugcon, Declarations, Dispatch, DispatchInfo,
    InstantId, Irq, Lap, Layout, LinkError, Measure, Mode, Nmi, Outcome, Sample, SampleFlags,
    SegmentId, Slot, Span, StartError, TakeOnce, Thread, Transport, TransportError, TscFrequency,
    VARIANT, Window, WindowError, WindowId,
};

const LAYOUT: Layout = Layout::with_thread_slots(1 << 10);
const CPUS: usize = 2;

static MEASURE: Measure<CPUS> = Measure::new();
static RINGS: TakeOnce<[Slot; LAYOUT.slots(CPUS)]> =
    TakeOnce::new([Slot::EMPTY; LAYOUT.slots(CPUS)]);
static DEBUGCON: TakeOnce<Debugcon> = TakeOnce::new(Debugcon::new(0xE9));

mod segment {
    use super::SegmentId;
    pub const DISPATCH: SegmentId = SegmentId::new(0);
    pub const LOOKUP: SegmentId = SegmentId::new(1);
    pub const BODY: SegmentId = SegmentId::new(2);
    pub const ENTRY: SegmentId = SegmentId::new(3);
}

const CALLS: CounterId = CounterId::new(0);
const TICK: InstantId = InstantId::new(1);

const DECLARATIONS: Declarations<'_> = Declarations {
    segments: &[SegmentDeclared {
        id: segment::DISPATCH.get(),
        parent: None,
        kind: SegmentKind::Dispatch,
        name: "dispatch",
    }],
    interfaces: &[InterfaceDeclared {
        index: 0,
        id: 1,
        name: "Console",
    }],
    counters: &[CounterDeclared {
        id: CALLS.get(),
        aggregation: Aggregation::Sum,
        unit: "1",
        name: "calls",
    }],
    instants: &[InstantDeclared {
        id: TICK.get(),
        name: "tick",
        a: "",
        b: "",
    }],
};

/// A way out that takes everything.
struct Nowhere;

impl Transport for Nowhere {
    fn send(&mut self, _bytes: &[u8]) -> Result<(), TransportError> {
        Ok(())
    }
}

static NOWHERE: TakeOnce<Nowhere> = TakeOnce::new(Nowhere);

/// A dispatcher that carries its probe, as kernels do.
struct Dispatcher<'m> {
    probe: Dispatch<'m>,
}

impl Dispatcher<'_> {
    fn call(mut self) {
        self.probe.lap(segment::LOOKUP);
        let probe: Span<'_> = self.probe.span(segment::BODY);
        std::hint::black_box(1 + 1);
        probe.end();
        self.probe.lap(segment::BODY);
        self.probe.end(DispatchInfo::default(), Outcome::Complete);
    }
}

fn start() -> Result<(), StartError> {
    let transport: &mut (dyn Transport + Send) = match std::env::args().len() {
        1 => NOWHERE.take().unwrap(),
        _ => DEBUGCON.take().unwrap(),
    };
    let memory = RINGS.take().unwrap();
    let mut config = Config::new("miniature", VARIANT, LAYOUT, memory, transport);
    config.mode = Mode::Overwrite;
    config.features = "none";
    config.declarations = DECLARATIONS;
    config.tsc = Some(TscFrequency {
        hz: 1_000_000_000,
        source: ClockSource::Kernel,
    });
    MEASURE.start(0, config)
}

fn syscall() {
    // SAFETY: the only thread of this kernel, on its only CPU.
    let thread: Thread<'_> = unsafe { MEASURE.thread(0) };
    let mut probe: Lap<'_> = thread.lap();
    probe.mark(segment::ENTRY);
    let dispatcher = Dispatcher {
        probe: thread.dispatch(segment::DISPATCH),
    };
    dispatcher.call();
    thread.interval(segment::ENTRY, 1_000, 2_000);
    thread.count(CALLS, 1);
    thread.instant(InstantId::SWITCH, 1, 2);
}

fn interrupts() {
    // SAFETY: no handler interrupts this one.
    let irq: Irq<'_> = unsafe { MEASURE.irq(0) };
    irq.instant(TICK, 0, 0);
    // SAFETY: nor this one.
    let nmi: Nmi<'_> = unsafe { MEASURE.nmi(0) };
    nmi.span(segment::BODY).end();
}

fn benchmark() -> Result<WindowId, WindowError> {
    let window = MEASURE.begin_window(Window {
        benchmark: "syscall",
        tid: 1,
        record_bound: 100,
        expected_operations: 10,
    })?;
    (0..10).for_each(|_| syscall());
    interrupts();
    MEASURE.end_window(window)?;
    Ok(window)
}

fn report(window: WindowId) -> Result<(), LinkError> {
    // SAFETY: the only thread of this kernel, on its only CPU.
    let thread = unsafe { MEASURE.thread(0) };
    if thread.sample_room() == 0 {
        MEASURE.drain()?;
    }
    thread.sample(Sample {
        start: 0,
        ticks: 1,
        window: window.get(),
        operations: 10,
        metric: 0,
        flags: SampleFlags::COLD,
    });
    MEASURE.control(Message::ThreadDeclared(ThreadDeclared {
        tid: 1,
        pid: 1,
        program: "init",
    }))?;
    let accounts: Accounts = MEASURE.accounts(0, Context::Thread);
    if accounts.open() != 0 {
        // SAFETY: this kernel ends here.
        unsafe { MEASURE.panic_flush("a probe is open", concat!(file!(), ":", line!())) };
    }
    MEASURE.finish()
}

fn main() {
    start().unwrap();
    let window = benchmark().unwrap();
    report(window).unwrap();
    let accounts = MEASURE.accounts(0, Context::Thread);
    println!("{VARIANT}: {} records", accounts.committed);
}
