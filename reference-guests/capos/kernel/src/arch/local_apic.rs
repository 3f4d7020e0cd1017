//! The one interrupt there is: a one-shot timer in the processor's local APIC.
//!
//! The old interrupt controllers are masked for good. The kernel runs with
//! interrupts off, so the timer ends a program's turn or an idle wait and never
//! interrupts the kernel at work.

use super::clock::{self, Clock};
use crate::memory::kernel_map;
use core::ptr;
use x86_64::instructions::interrupts;
use x86_64::instructions::port::PortWriteOnly;

/// Where the registers are after reset.
pub const REGISTERS: u64 = 0xfee0_0000;
/// Register: end of interrupt.
pub const END_OF_INTERRUPT: u64 = 0xb0;
const SPURIOUS_VECTOR: u64 = 0xf0;
const TIMER_VECTOR: u64 = 0x320;
const INITIAL_COUNT: u64 = 0x380;
const CURRENT_COUNT: u64 = 0x390;
const DIVIDER: u64 = 0x3e0;

/// The timer's vector.
pub const TIMER: u8 = 0x40;
/// What the APIC delivers when an interrupt went away before it was taken.
pub const SPURIOUS: u8 = 0xff;

/// In [`SPURIOUS_VECTOR`]: the APIC is on.
const ENABLED: u32 = 1 << 8;
/// In [`DIVIDER`]: by one.
const BY_ONE: u32 = 0b1011;

/// Ticks of the time-stamp counter over which the timer's rate is measured.
const CALIBRATION_TICKS: u64 = 200_000;

/// The timer.
#[derive(Debug)]
pub struct OneShotTimer {
    /// Timer counts a nanosecond, as a 32.32 fixed-point number.
    counts_per_nanosecond: u64,
    /// When it will fire, on the kernel's clock; `u64::MAX` if it is not set.
    deadline: u64,
}

impl OneShotTimer {
    /// Masks every other interrupt and finds the timer's rate.
    ///
    /// # Safety
    ///
    /// Once, at boot, after the kernel's map and interrupt table were set up.
    pub unsafe fn start(clock: &Clock) -> Self {
        // SAFETY: nothing uses the old controllers; the data ports take a mask.
        unsafe {
            PortWriteOnly::<u8>::new(0x21).write(0xff);
            PortWriteOnly::<u8>::new(0xa1).write(0xff);
        }
        write(SPURIOUS_VECTOR, ENABLED | u32::from(SPURIOUS));
        write(DIVIDER, BY_ONE);
        write(TIMER_VECTOR, u32::from(TIMER));
        // Interrupts are off, and it stops long before it has counted down.
        write(INITIAL_COUNT, u32::MAX);
        let start = clock::ticks();
        let first = read(CURRENT_COUNT);
        // Without a pause, which would make an emulator leave the guest each time.
        while clock::ticks() - start < CALIBRATION_TICKS {}
        let last = read(CURRENT_COUNT);
        let ticks = clock::ticks() - start;
        write(INITIAL_COUNT, 0);
        let nanoseconds = u128::from(ticks) * 1_000_000_000 / u128::from(clock.frequency);
        let counts = u128::from(first - last) << 32;
        Self {
            counts_per_nanosecond: (counts / nanoseconds.max(1)) as u64,
            deadline: u64::MAX,
        }
    }

    /// Makes it fire at this time of the kernel's clock, or soon if that has passed.
    /// A timer that is set to an earlier time stays as it is: firing too early is
    /// harmless, and setting it costs a trip to the device.
    pub fn set(&mut self, clock: &Clock, deadline: u64) {
        if self.deadline <= deadline {
            return;
        }
        self.deadline = deadline;
        let nanoseconds = deadline.saturating_sub(clock.now());
        let counts = (u128::from(nanoseconds) * u128::from(self.counts_per_nanosecond)) >> 32;
        // A count of zero would stop it. One too large fires early, and is set again.
        write(INITIAL_COUNT, counts.clamp(1, u128::from(u32::MAX)) as u32);
    }

    /// It has fired, or may have.
    pub fn fired(&mut self) {
        self.deadline = u64::MAX;
    }
}

/// Takes interrupts again, once.
pub fn end_of_interrupt() {
    write(END_OF_INTERRUPT, 0);
}

/// Halts until an interrupt. The timer must be set. The interrupt's handler does
/// nothing but acknowledge it.
pub fn wait_for_interrupt() {
    interrupts::enable_and_hlt();
    interrupts::disable();
}

fn write(register: u64, value: u32) {
    // SAFETY: the registers are mapped uncached, and this file is all that uses them.
    unsafe { ptr::write_volatile(kernel_map::device(REGISTERS + register).cast(), value) };
}

fn read(register: u64) -> u32 {
    // SAFETY: as for `write`.
    unsafe { ptr::read_volatile(kernel_map::device(REGISTERS + register).cast()) }
}
