//! All that a kernel writes to stream measurements through a virtio port. The
//! lines between the two markers are counted by `tests/integration_lines.rs`;
//! the rest stands in for the kernel.
//!
//! Built as a host program it only shows that the lines compile.

// integration begins
use kernel_measure::*;
const LAYOUT: Layout = Layout::with_thread_slots(1 << 16);
static MEASURE: Measure<1> = Measure::new();
static RINGS: TakeOnce<[Slot; LAYOUT.slots(1)]> = TakeOnce::new([Slot::EMPTY; LAYOUT.slots(1)]);
static CONSOLE: TakeOnce<VirtioConsole> = TakeOnce::new(VirtioConsole::new());
fn start_measuring() {
    let (console, memory) = (CONSOLE.take().unwrap(), RINGS.take().unwrap());
    let machine = Machine::pc(physical_address, map_device);
    // SAFETY: boot: this CPU is alone, and so is this driver.
    let transport = unsafe { console.connect("capbench.trace", machine) }.unwrap();
    let config = Config::new("my-kernel", "0.1.0", LAYOUT, memory, transport);
    MEASURE.start(0, config).unwrap();
}
// integration ends

/// The kernel's own: where a byte of its image lies in physical memory.
fn physical_address(address: *const u8) -> u64 {
    address as u64 - KERNEL_BASE
}

/// The kernel's own: maps device registers.
fn map_device(physical: u64, _length: usize) -> *mut u8 {
    (KERNEL_BASE + physical) as *mut u8
}

const KERNEL_BASE: u64 = 0xFFFF_FFFF_8000_0000;

fn main() {
    // There is no virtio console to be reached from a host process.
    if std::env::args().len() > 1_000 {
        start_measuring();
    }
}
