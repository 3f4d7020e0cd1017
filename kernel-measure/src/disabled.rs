//! The recorder of a build without feature `measure`: the same names, methods
//! and arguments, no size and no code.
//!
//! Arguments are still type-checked, so that instrumented code cannot rot
//! while measuring is off. `tests/same_api.rs` compiles one kernel against
//! both editions.

use crate::config::{Config, LinkError, StartError, Window, WindowError};
use crate::ids::{CounterId, InstantId, SegmentId, WindowId};
use crate::probe::{Dispatch, Lap, Span};
use crate::transport::{Machine, Transport, TransportError, VirtioError};
use crate::{Accounts, Sample};
use core::marker::PhantomData;
use core::ptr::NonNull;
use trace_format::Context;
use trace_format::control::Message;

/// Ring memory; none in this build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slot;

impl Slot {
    /// A slot that holds nothing.
    pub const EMPTY: Slot = Slot;
}

/// Marks the handle of ordinary kernel code.
pub struct InThread(());
/// Marks the handle of maskable interrupt handlers.
pub struct InIrq(());
/// Marks the handle of non-maskable interrupt handlers.
pub struct InNmi(());

/// The recording handle of ordinary kernel code on one CPU.
pub type Thread<'m> = Handle<'m, InThread>;
/// The recording handle of maskable interrupt handlers on one CPU.
pub type Irq<'m> = Handle<'m, InIrq>;
/// The recording handle of non-maskable interrupt handlers on one CPU.
pub type Nmi<'m> = Handle<'m, InNmi>;

/// The recording handle of one context of one CPU; records nothing.
pub struct Handle<'m, C>(PhantomData<(&'m (), *const C)>);

impl<'m, C> Handle<'m, C> {
    /// Begins a span.
    #[inline(always)]
    pub fn span(&self, segment: SegmentId) -> Span<'m> {
        Span::begin(segment)
    }

    /// Begins a sequence of segments that share their boundaries.
    #[inline(always)]
    pub fn lap(&self) -> Lap<'m> {
        Lap::begin()
    }

    /// Records a segment whose boundaries were read elsewhere.
    #[inline(always)]
    pub fn interval(&self, _segment: SegmentId, _start: u64, _end: u64) {}

    /// Begins a dispatch.
    #[inline(always)]
    pub fn dispatch(&self, segment: SegmentId) -> Dispatch<'m> {
        Dispatch::begin(segment)
    }

    /// Records that something happened now.
    #[inline(always)]
    pub fn instant(&self, _id: InstantId, _a: u32, _b: u64) {}

    /// Adds to a counter.
    #[inline(always)]
    pub fn count(&self, _id: CounterId, _amount: u64) {}
}

impl Thread<'_> {
    /// Records a sample that a program measured.
    #[inline(always)]
    pub fn sample(&self, _sample: Sample) {}

    /// Samples that fit before the next drain: as many as one likes.
    #[inline(always)]
    pub fn sample_room(&self) -> usize {
        usize::MAX
    }
}

/// The recorder; records nothing.
#[derive(Default)]
pub struct Measure<const CPUS: usize>(());

impl<const CPUS: usize> Measure<CPUS> {
    /// A recorder that was not started, and never will be.
    pub const fn new() -> Self {
        Measure(())
    }

    /// The handle for ordinary kernel code.
    ///
    /// # Safety
    ///
    /// As in a build that measures.
    #[inline(always)]
    pub unsafe fn thread(&self, _cpu: usize) -> Thread<'_> {
        Handle(PhantomData)
    }

    /// The handle for maskable interrupt handlers.
    ///
    /// # Safety
    ///
    /// As in a build that measures.
    #[inline(always)]
    pub unsafe fn irq(&self, _cpu: usize) -> Irq<'_> {
        Handle(PhantomData)
    }

    /// The handle for the non-maskable interrupt handler.
    ///
    /// # Safety
    ///
    /// As in a build that measures.
    #[inline(always)]
    pub unsafe fn nmi(&self, _cpu: usize) -> Nmi<'_> {
        Handle(PhantomData)
    }

    /// Opens the stream: nothing to do.
    #[inline(always)]
    pub fn start(&self, _cpu: usize, _config: Config<'_>) -> Result<(), StartError> {
        Ok(())
    }

    /// Sends a control message: nothing to do.
    #[inline(always)]
    pub fn control(&self, _message: Message<'_>) -> Result<(), LinkError> {
        Ok(())
    }

    /// Sends everything recorded so far: nothing.
    #[inline(always)]
    pub fn drain(&self) -> Result<(), LinkError> {
        Ok(())
    }

    /// Closes the stream: nothing to do.
    #[inline(always)]
    pub fn finish(&self) -> Result<(), LinkError> {
        Ok(())
    }

    /// Opens a window, always the first.
    #[inline(always)]
    pub fn begin_window(&self, _window: Window<'_>) -> Result<WindowId, WindowError> {
        Ok(WindowId::new(1))
    }

    /// Closes a window: nothing to do.
    #[inline(always)]
    pub fn end_window(&self, _window: WindowId) -> Result<(), LinkError> {
        Ok(())
    }

    /// Sends what a panic should not lose: nothing.
    ///
    /// # Safety
    ///
    /// As in a build that measures.
    #[inline(always)]
    pub unsafe fn panic_flush(&self, _message: &str, _location: &str) {}

    /// The accounts of one span ring: all zero.
    #[inline(always)]
    pub fn accounts(&self, _cpu: usize, _context: Context) -> Accounts {
        Accounts::default()
    }
}

/// A static that is handed out once; in this build of a type without size.
pub struct TakeOnce<T>(PhantomData<T>);

// SAFETY: holds nothing.
unsafe impl<T: Send> Sync for TakeOnce<T> {}

impl<T> TakeOnce<T> {
    /// Holds `value`, which has no size.
    pub const fn new(value: T) -> Self {
        const {
            assert!(
                size_of::<T>() == 0,
                "without feature `measure` only the recorder's own memory can be held"
            )
        };
        core::mem::forget(value);
        TakeOnce(PhantomData)
    }

    /// The value, every time: it has no size to be shared.
    #[inline(always)]
    #[allow(clippy::mut_from_ref)] // of nothing there can be many
    pub fn take(&self) -> Option<&mut T> {
        // SAFETY: a reference to a type without size may dangle, and `new` was
        // given a value of the type.
        Some(unsafe { NonNull::dangling().as_mut() })
    }
}

/// A virtio console port; not connected in this build.
#[derive(Default)]
pub struct VirtioConsole(());

impl VirtioConsole {
    /// A driver that is not connected.
    pub const fn new() -> Self {
        VirtioConsole(())
    }

    /// Connects: nothing to do.
    ///
    /// # Safety
    ///
    /// As in a build that measures.
    #[inline(always)]
    pub unsafe fn connect<P, M>(
        &'static mut self,
        _name: &str,
        _machine: Machine<P, M>,
    ) -> Result<&'static mut Self, VirtioError>
    where
        P: Fn(*const u8) -> u64,
        M: FnMut(u64, usize) -> *mut u8,
    {
        Ok(self)
    }
}

impl Transport for VirtioConsole {
    #[inline(always)]
    fn send(&mut self, _bytes: &[u8]) -> Result<(), TransportError> {
        Ok(())
    }
}

/// A debug console port; silent in this build.
pub struct Debugcon(());

impl Debugcon {
    /// The device at this I/O port.
    pub const fn new(_port: u16) -> Self {
        Debugcon(())
    }
}

impl Transport for Debugcon {
    #[inline(always)]
    fn send(&mut self, _bytes: &[u8]) -> Result<(), TransportError> {
        Ok(())
    }
}
