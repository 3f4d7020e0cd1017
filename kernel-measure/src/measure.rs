//! The recorder as a kernel sees it: one static, its handles, and the calls
//! for quiescent points.

use crate::accounts::{Accounts, Mode};
use crate::config::{Config, LinkError, StartError};
use crate::context::{Cpu, Irq, Nmi, Thread};
use crate::drain::{self, Declared, Reported};
use crate::ids::{COUNTER_LIMIT, CounterId};
use crate::link::Link;
use crate::{calibrate, clock};
use core::cell::UnsafeCell;
use core::sync::atomic::{AtomicBool, Ordering};
use trace_format::Context;
use trace_format::control::{EndOfStream, Message, RingAccount, RingMode, Session};

/// Everything a kernel with `CPUS` processors records.
///
/// A static of this type takes no space in the kernel's file: it starts as
/// zeros. Probes may run before [`Measure::start`]; what they record is not
/// kept, and the accounts begin at the start.
pub struct Measure<const CPUS: usize> {
    pub(crate) cpus: [Cpu; CPUS],
    stream: UnsafeCell<Stream<CPUS>>,
    /// Somebody uses the stream.
    in_use: AtomicBool,
}

// SAFETY: the rings are written through handles, whose maker promised to be
// the only writer, and read by the holder of the stream, which `in_use` gives
// to one at a time.
unsafe impl<const CPUS: usize> Sync for Measure<CPUS> {}

/// The half of the recorder that works at quiescent points.
pub(crate) struct Stream<const CPUS: usize> {
    pub(crate) state: State,
    pub(crate) link: Link,
    mode: Mode,
    pub(crate) windows: u32,
    pub(crate) declared: Declared,
    reported: [Reported; CPUS],
}

/// Where a stream is in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    NotStarted,
    Open,
    Finished,
}

/// Exclusive use of the stream.
pub(crate) struct StreamGuard<'m, const CPUS: usize> {
    measure: &'m Measure<CPUS>,
}

impl<const CPUS: usize> Drop for StreamGuard<'_, CPUS> {
    fn drop(&mut self) {
        self.measure.in_use.store(false, Ordering::Release);
    }
}

impl<const CPUS: usize> core::ops::Deref for StreamGuard<'_, CPUS> {
    type Target = Stream<CPUS>;
    fn deref(&self) -> &Stream<CPUS> {
        // SAFETY: `in_use` is ours.
        unsafe { &*self.measure.stream.get() }
    }
}

impl<const CPUS: usize> core::ops::DerefMut for StreamGuard<'_, CPUS> {
    fn deref_mut(&mut self) -> &mut Stream<CPUS> {
        // SAFETY: `in_use` is ours.
        unsafe { &mut *self.measure.stream.get() }
    }
}

impl<const CPUS: usize> Default for Measure<CPUS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const CPUS: usize> Measure<CPUS> {
    /// A recorder that was not started.
    pub const fn new() -> Self {
        Measure {
            cpus: [const { Cpu::new() }; CPUS],
            stream: UnsafeCell::new(Stream {
                state: State::NotStarted,
                link: Link::new(),
                mode: Mode::Discard,
                windows: 0,
                declared: Declared::new(),
                reported: [const { Reported::nothing() }; CPUS],
            }),
            in_use: AtomicBool::new(false),
        }
    }

    /// The handle for ordinary kernel code.
    ///
    /// # Safety
    ///
    /// The caller runs on CPU `cpu` in thread context, and until the handle
    /// and the probes made from it are gone no other thread records there: the
    /// kernel does not preempt between.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    #[inline(always)]
    pub unsafe fn thread(&self, cpu: usize) -> Thread<'_> {
        Thread::new(&self.cpus[cpu], Context::Thread)
    }

    /// The handle for maskable interrupt handlers.
    ///
    /// # Safety
    ///
    /// The caller runs on CPU `cpu` in an interrupt handler that no other one
    /// interrupts while it records.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    #[inline(always)]
    pub unsafe fn irq(&self, cpu: usize) -> Irq<'_> {
        Irq::new(&self.cpus[cpu], Context::Irq)
    }

    /// The handle for the non-maskable interrupt handler.
    ///
    /// # Safety
    ///
    /// The caller runs on CPU `cpu` in its NMI handler.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    #[inline(always)]
    pub unsafe fn nmi(&self, cpu: usize) -> Nmi<'_> {
        Nmi::new(&self.cpus[cpu], Context::Nmi)
    }

    /// Opens the stream: takes the memory, measures the probes on this CPU,
    /// `cpu`, and sends the session, the declarations, the clock certificate
    /// and the calibration.
    ///
    /// To be called once, with interrupts off and no probe open.
    pub fn start(&self, cpu: usize, config: Config<'_>) -> Result<(), StartError> {
        let mut stream = self.lock()?;
        if stream.state != State::NotStarted {
            return Err(StartError::Twice);
        }
        self.lay_out(&config)?;
        let Config { declarations, .. } = config;
        stream.mode = config.mode;
        for counter in declarations.counters {
            // An id beyond the limit is a mistake to be found at the first boot.
            let id = CounterId::new(counter.id).get();
            stream
                .declared
                .push(id)
                .unwrap_or_else(|_| panic!("at most {COUNTER_LIMIT} counters can be declared"));
        }
        let session = Message::Session(Session {
            build_id: config.build_id,
            kernel: config.kernel,
            variant: crate::VARIANT,
            features: config.features,
            cpus: CPUS as u16,
            ring_mode: match config.mode {
                Mode::Discard => RingMode::Discard,
                Mode::Overwrite => RingMode::Overwrite,
            },
            ring_slots: config.layout.spans[Context::Thread as usize],
        });
        stream.link.transport = Some(config.transport);
        // Until its first messages are out there is no stream to add to.
        stream.state = State::Finished;
        let segments = declarations.segments.iter().copied();
        let interfaces = declarations.interfaces.iter().copied();
        let counters = declarations.counters.iter().copied();
        let instants = declarations.instants.iter().copied();
        let messages = core::iter::once(session)
            .chain(segments.map(Message::SegmentDeclared))
            .chain(interfaces.map(Message::InterfaceDeclared))
            .chain(counters.map(Message::CounterDeclared))
            .chain(instants.map(Message::InstantDeclared));
        stream.link.send_messages(messages)?;
        let clock = clock::Clock::examine(config.tsc);
        let certificate = Message::ClockCertificate(clock.certificate(cpu as u16));
        let calibrations = calibrate::all(cpu as u16);
        stream.link.send_messages(
            core::iter::once(certificate)
                .chain(calibrations.iter().copied().map(Message::Calibration)),
        )?;
        for reported in &mut stream.reported {
            reported.begins();
        }
        stream.state = State::Open;
        Ok(())
    }

    /// Divides the memory among the rings.
    fn lay_out(&self, config: &Config<'_>) -> Result<(), StartError> {
        if !config.layout.is_valid() {
            return Err(StartError::Layout);
        }
        let (needed, given) = (config.layout.slots(CPUS), config.memory.len());
        if given < needed {
            return Err(StartError::Memory { needed, given });
        }
        let mut next = config.memory.as_ptr().cast_mut();
        let mut attach = |ring: &crate::ring::Ring, slots: u32, mode| {
            if slots != 0 {
                // SAFETY: a power of two by the check above; disjoint parts of
                // memory that is ours for ever; no probe is open.
                unsafe { ring.attach(next, u64::from(slots), mode) };
                next = next.wrapping_add(slots as usize);
            }
        };
        for cpu in &self.cpus {
            for (context, rings) in cpu.contexts.iter().enumerate() {
                attach(&rings.spans, config.layout.spans[context], config.mode);
                attach(
                    &rings.instants,
                    config.layout.instants[context],
                    config.mode,
                );
                rings.counters.reset();
            }
            // A sample is a result; the oldest is worth as much as the newest.
            attach(&cpu.samples, config.layout.samples, Mode::Discard);
        }
        Ok(())
    }

    /// Sends a control message.
    pub fn control(&self, message: Message<'_>) -> Result<(), LinkError> {
        let mut stream = self.open_stream()?;
        stream.link.send_messages(core::iter::once(message))
    }

    /// Sends everything recorded so far.
    ///
    /// To be called at a quiescent point, outside of timed code. After an
    /// error what was not sent waits for the next drain.
    pub fn drain(&self) -> Result<(), LinkError> {
        self.open_stream()?.drain(&self.cpus)
    }

    /// Drains, sends the accounts and the end-of-stream message, and closes
    /// the stream. What is recorded afterwards is not sent.
    pub fn finish(&self) -> Result<(), LinkError> {
        let mut stream = self.open_stream()?;
        stream.drain(&self.cpus)?;
        let accounts = self.ring_accounts().map(Message::RingAccount);
        stream.link.send_messages(accounts)?;
        let taken = |accounts: Accounts| accounts.committed - accounts.overwritten;
        let instants = self.cpus.iter().flat_map(|cpu| &cpu.contexts);
        let end = EndOfStream {
            frames: stream.link.sequence.wrapping_add(1),
            samples: self
                .cpus
                .iter()
                .map(|cpu| taken(cpu.samples.accounts()))
                .sum(),
            instants: instants.map(|rings| taken(rings.instants.accounts())).sum(),
            time: clock::now(),
        };
        stream
            .link
            .send_messages(core::iter::once(Message::EndOfStream(end)))?;
        stream.state = State::Finished;
        Ok(())
    }

    /// The accounts of the span ring of one CPU and context.
    ///
    /// # Panics
    ///
    /// If there is no such CPU.
    pub fn accounts(&self, cpu: usize, context: Context) -> Accounts {
        self.cpus[cpu].contexts[context as usize].spans.accounts()
    }

    /// The accounts of all span rings.
    pub(crate) fn ring_accounts(&self) -> impl Iterator<Item = RingAccount> + '_ {
        (0..CPUS).flat_map(move |cpu| {
            Context::ALL.into_iter().map(move |context| {
                let accounts = self.accounts(cpu, context);
                RingAccount {
                    cpu: cpu as u16,
                    context,
                    begun: accounts.begun,
                    committed: accounts.committed,
                    dropped: accounts.dropped,
                    overwritten: accounts.overwritten,
                    open: accounts.open(),
                }
            })
        })
    }

    pub(crate) fn lock(&self) -> Result<StreamGuard<'_, CPUS>, LinkError> {
        if self.in_use.swap(true, Ordering::Acquire) {
            return Err(LinkError::Busy);
        }
        Ok(StreamGuard { measure: self })
    }

    /// Takes the stream away from its holder.
    ///
    /// # Safety
    ///
    /// Its holder never continues: this is for a kernel that is going down.
    pub(crate) unsafe fn seize(&self) -> StreamGuard<'_, CPUS> {
        self.in_use.store(true, Ordering::Relaxed);
        StreamGuard { measure: self }
    }

    pub(crate) fn open_stream(&self) -> Result<StreamGuard<'_, CPUS>, LinkError> {
        let stream = self.lock()?;
        if stream.state != State::Open {
            return Err(LinkError::NotOpen);
        }
        Ok(stream)
    }
}

impl<const CPUS: usize> Stream<CPUS> {
    pub(crate) fn drain(&mut self, cpus: &[Cpu; CPUS]) -> Result<(), LinkError> {
        for (number, cpu) in cpus.iter().enumerate() {
            drain::drain_cpu(
                &mut self.link,
                number as u16,
                cpu,
                self.mode,
                &self.declared,
                &mut self.reported[number],
            )?;
        }
        Ok(())
    }
}
