//! Markers: the kernel takes the time of the loop too, by its own clock.
//!
//! An eBPF program (`bpf/marker.bpf.c`) on a function that is called right
//! before and right after the loop. Cost: one such call inside the marked
//! interval, calibrated here and reported as `marker_self_ns`; nothing inside the
//! loop itself.

use super::{Caused, Instrument, Refusal, Tally, object};
use aya::maps::{Array, MapData};
use aya::programs::{KProbe, UProbe};
use aya::{Ebpf, EbpfLoader, Pod};
use std::io;

const EDGE_OPEN: libc::c_int = -2;
const EDGE_CLOSE: libc::c_int = -3;

/// The kernel's `getpgid`, which no primitive calls.
const KERNEL_FUNCTION: &str = "__x64_sys_getpgid";

/// Empty loops behind the calibration, of which the shortest counts.
const CALIBRATIONS: u32 = 16;

/// What the eBPF program keeps.
#[repr(C)]
#[derive(Clone, Copy)]
struct Marked {
    opened_ns: u64,
    total_ns: u64,
}

// SAFETY: two integers without padding.
unsafe impl Pod for Marked {}

/// How the marked function is called.
type Mark = fn(libc::c_int);

/// Markers that are in place.
pub struct Markers {
    marked: Array<MapData, Marked>,
    mark: Mark,
    self_ns: u64,
    read_ns: u64,
    /// Holds the programs in place.
    _programs: Ebpf,
}

impl Markers {
    /// Places them in the kernel or, where it does not allow that, in this
    /// program. The second value says which.
    pub fn start() -> Result<(Markers, &'static str), Refusal> {
        // The programs do without the kernel's type information: reading it
        // would take longer than the rest of the boot's preparations.
        let mut programs = EbpfLoader::new()
            .btf(None)
            .load(object!("marker.bpf.o"))
            .map_err(Refusal::of)?;
        let (mark, feature): (Mark, _) = match attach_to_kernel(&mut programs) {
            Ok(()) => (mark_in_kernel, "markers=kprobe"),
            Err(_) => {
                attach_to_program(&mut programs)?;
                (mark_in_program, "markers=uprobe")
            }
        };
        let map = programs.take_map("loops").ok_or_else(Refusal::object)?;
        let mut markers = Markers {
            marked: Array::try_from(map).map_err(Refusal::of)?,
            mark,
            self_ns: 0,
            read_ns: 0,
            _programs: programs,
        };
        markers.self_ns = markers.calibrate().map_err(Refusal::from)?;
        Ok((markers, feature))
    }

    fn calibrate(&mut self) -> io::Result<u64> {
        let mut least = u64::MAX;
        for _ in 0..CALIBRATIONS {
            self.open()?;
            self.close()?;
            least = least.min(self.take_ns()?);
        }
        Ok(least)
    }

    /// Nanoseconds marked since this was asked last.
    fn take_ns(&mut self) -> io::Result<u64> {
        let total = self.marked.get(&0, 0).map_err(io::Error::other)?.total_ns;
        let ns = total - self.read_ns;
        self.read_ns = total;
        Ok(ns)
    }
}

impl Instrument for Markers {
    #[inline]
    fn open(&mut self) -> io::Result<()> {
        (self.mark)(EDGE_OPEN);
        Ok(())
    }

    #[inline]
    fn close(&mut self) -> io::Result<()> {
        (self.mark)(EDGE_CLOSE);
        Ok(())
    }

    fn collect(&mut self, _caused: &Caused, tally: &mut Tally) -> io::Result<()> {
        tally.add("marker_ns", "ns", self.take_ns()?);
        tally.add("marker_self_ns", "ns", self.self_ns);
        Ok(())
    }
}

fn attach_to_kernel(programs: &mut Ebpf) -> Result<(), Refusal> {
    let program = programs
        .program_mut("mark_in_kernel")
        .ok_or_else(Refusal::object)?;
    let program: &mut KProbe = program.try_into().map_err(Refusal::of)?;
    program.load().map_err(Refusal::of)?;
    program.attach(KERNEL_FUNCTION, 0).map_err(Refusal::of)?;
    Ok(())
}

fn attach_to_program(programs: &mut Ebpf) -> Result<(), Refusal> {
    let program = programs
        .program_mut("mark_in_program")
        .ok_or_else(Refusal::object)?;
    let program: &mut UProbe = program.try_into().map_err(Refusal::of)?;
    program.load().map_err(Refusal::of)?;
    let offset = file_offset(marked_function as *const () as usize)?;
    program
        .attach(None, offset, "/proc/self/exe", None)
        .map_err(Refusal::of)?;
    Ok(())
}

fn mark_in_kernel(edge: libc::c_int) {
    // SAFETY: asks for a number, and no process has such an id.
    unsafe { libc::getpgid(edge) };
}

fn mark_in_program(edge: libc::c_int) {
    marked_function(edge);
}

/// Does nothing but exist, at an address of its own.
#[inline(never)]
extern "C" fn marked_function(edge: libc::c_int) {
    std::hint::black_box(edge);
}

/// Where in the file of this program the code at an address is.
fn file_offset(address: usize) -> Result<u64, Refusal> {
    let maps = std::fs::read_to_string("/proc/self/maps").map_err(Refusal::from)?;
    maps.lines()
        .find_map(|line| offset_in(line, address))
        .ok_or_else(|| Refusal::from(io::Error::from_raw_os_error(libc::ENOENT)))
}

/// A line is `from-to rights offset …`, in hexadecimal.
fn offset_in(line: &str, address: usize) -> Option<u64> {
    let number = |text| usize::from_str_radix(text, 16).ok();
    let mut fields = line.split_whitespace();
    let (from, to) = fields.next()?.split_once('-')?;
    let (from, to) = (number(from)?, number(to)?);
    let offset = number(fields.nth(1)?)?;
    (from..to)
        .contains(&address)
        .then(|| (offset + address - from) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_place_in_the_mapped_file() {
        let line = "00401000-00500000 r-xp 00001000 fe:00 12 /init";
        assert_eq!(offset_in(line, 0x40_1234), Some(0x1234));
        assert_eq!(offset_in(line, 0x50_0000), None);
    }
}
