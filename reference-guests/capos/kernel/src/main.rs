//! The capOS reference kernel.
//!
//! Small and, in ring 0, non-preemptible, with the published capOS userspace ABI: it exists to
//! be measured, so that capbench has a guest to prove itself on. Numbers describe
//! this kernel and not capOS.
#![no_std]
#![no_main]

extern crate alloc;
// Only its symbols are used.
extern crate link_support as _;

mod arch;
mod boot;
mod capability;
mod inject;
mod kernel;
mod measure;
mod memory;
mod panic;
mod process;
mod ring;
mod schedule;
mod segments;
mod step;

use alloc::vec::Vec;
use arch::clock::Clock;
use arch::local_apic::OneShotTimer;
use arch::{cpu, exceptions};
use boot::neutral::Neutral;
use boot::start_info::StartInfo;
use capability::Object;
use guest_abi::boot_image::{BootImage, Program};
use guest_abi::interface::KernelSource;
use kernel::{KERNEL, Kernel};
use memory::frames::Frames;
use memory::{PhysAddr, kernel_map};
use process::loader;

/// Called once by the boot code, on the kernel stack, with the physical address
/// of the start info.
#[unsafe(no_mangle)]
extern "C" fn kernel_main(start_info: u32) -> ! {
    // SAFETY: once, before anything else, with what the PVH entry was given.
    let kernel = unsafe { start(PhysAddr(u64::from(start_info))) };
    log!(
        "kernel: {} free frames, {} Hz ({:?})",
        kernel.frames.free_frames(),
        kernel.clock.frequency,
        kernel.clock.source,
    );
    #[cfg(feature = "measure")]
    measure::start(kernel);
    kernel.free_at_start = kernel.frames.free_frames();
    start_init(kernel);
    schedule::next(kernel)
}

/// # Safety
///
/// Once, at boot, on the boot page tables.
unsafe fn start(start_info: PhysAddr) -> &'static mut Kernel {
    // SAFETY: each of these wants to be called once, at boot, in this order.
    let (info, frames, space) = unsafe {
        cpu::init();
        exceptions::init();
        let info = StartInfo::read(start_info);
        let mut frames = Frames::new(&info, kernel_map::image_end());
        let space = kernel_map::init(&mut frames).expect("memory for the kernel's map");
        (info, frames, space)
    };
    let image = info
        .image_range()
        .expect("a boot image: pass one with qemu -initrd");
    // SAFETY: the range is memory, mapped, and reserved for good.
    let image = unsafe {
        core::slice::from_raw_parts(
            PhysAddr(image.start).pointer::<u8>(),
            (image.end - image.start) as usize,
        )
    };
    let image = match BootImage::parse(image) {
        Ok(image) => image,
        Err(error) => panic!("the boot image is damaged: {error:?}"),
    };
    // SAFETY: once, at boot.
    unsafe {
        let clock = Clock::start();
        let timer = OneShotTimer::start(&clock);
        let neutral = Neutral::new(&image);
        while clock.now() < neutral.start_ns {}
        KERNEL.set(Kernel::new(frames, space, clock, timer, image, neutral))
    }
}

fn start_init(kernel: &mut Kernel) {
    let init: Program<'static> = kernel.image.manifest().init.clone();
    let mut holds = Vec::new();
    for grant in &init.grants {
        let source = KernelSource::from_name(grant.source);
        // As published: measurement objects are for programs, not for init.
        let refused = matches!(source, Some(KernelSource::Null | KernelSource::ParkBench));
        let hold = source.filter(|_| !refused).and_then(Object::grant);
        let Some(hold) = hold else {
            panic!("init cannot be granted {:?}", grant.source);
        };
        holds.push((grant.name, hold));
    }
    let pid = kernel.new_pid().expect("init is the first process");
    let file = kernel
        .image
        .binary(init.binary)
        .expect("the image was checked");
    let process = loader::load(
        &kernel.space,
        &mut kernel.frames,
        pid,
        init.name,
        file,
        kernel.neutral.entry_stack_pointer,
        holds.into_iter(),
    );
    match process {
        Ok(process) => kernel.add(process),
        Err(error) => panic!("init cannot be loaded: {error:?}"),
    }
}
