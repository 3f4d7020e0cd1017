//! Takes as much of everything as is given, and ends without giving anything back.

use core::sync::atomic::AtomicU32;
use guest_runtime::abi::interface::{ENDPOINT, PARK_SPACE, THREAD_SPAWNER, TIMER};
use guest_runtime::abi::layout::PAGE_SIZE;
use guest_runtime::abi::ring::{SQ_ENTRIES, Sqe, opcode};
use guest_runtime::endpoint::{HEADER_WORDS, receive};
use guest_runtime::memory::{ANYWHERE, FrameAllocator, READ, VirtualMemory, WRITE};
use guest_runtime::ring::Ring;
use guest_runtime::syscall::{cap_enter, exit};
use guest_runtime::{capset, thread};

/// Far more than any quota.
const MANY: u32 = 400;
/// Exit code: something was given without end.
const NO_END: i64 = 3;

static WORD: AtomicU32 = AtomicU32::new(0);

/// Takes.
pub fn run(ring: &mut Ring) -> i64 {
    let found = |name, interface| capset::find(name, interface).unwrap_or(u32::MAX);
    let (endpoint, timer) = (found("quotas", ENDPOINT), found("timer", TIMER));
    let (space, threads) = (found("space", PARK_SPACE), found("threads", THREAD_SPAWNER));

    // Threads first: their starter waits for each answer.
    let mut started = 0;
    while started < MANY {
        let stack = alloc::vec![0; 512].leak();
        if thread::spawn(ring, threads, wait, stack, u64::from(space)).is_err() {
            break;
        }
        started += 1;
    }
    let mut buffer = [0u64; HEADER_WORDS];
    // Timer.sleep, a year.
    let sleep = [2 << 32, 1 << 32, 365 * 86_400 * 1_000_000_000u64];
    let sleeping = Sqe {
        opcode: opcode::CALL,
        method_id: 1,
        cap_id: timer,
        addr: sleep.as_ptr() as u64,
        len: size_of_val(&sleep) as u32,
        ..Sqe::default()
    };
    let receiving = receive(endpoint, &mut buffer, 1);
    let all_refused = [sleeping, receiving].iter().all(|sqe| {
        (0..MANY / SQ_ENTRIES).any(|_| {
            for _ in 0..SQ_ENTRIES {
                ring.push(sqe);
            }
            let _ = cap_enter(0, 0);
            let mut refused = false;
            while let Some(cqe) = ring.pop() {
                refused |= cqe.result < 0;
            }
            refused
        })
    });
    if started < MANY && all_refused && memory_ends(ring) {
        0
    } else {
        NO_END
    }
}

/// Takes all the memory it is given, of each kind.
fn memory_ends(ring: &mut Ring) -> bool {
    const SIZE: u64 = 1000 * PAGE_SIZE;
    let (Some(memory), Some(frames)) = (VirtualMemory::find(), FrameAllocator::find()) else {
        return false;
    };
    let mut ends = |take: fn(&mut Ring, VirtualMemory, FrameAllocator) -> bool| {
        (0..MANY).any(|_| !take(ring, memory, frames))
    };
    ends(|ring, memory, _| memory.map(ring, ANYWHERE, SIZE, READ | WRITE).is_ok())
        && ends(|ring, memory, _| memory.reserve(ring, ANYWHERE, SIZE).is_ok())
        && ends(|ring, _, frames| frames.allocate_contiguous(ring, 100).is_ok())
}

/// A thread that waits until its process ends. It uses the kernel and not the ring,
/// which is another thread's.
extern "C" fn wait(_space: u64, _tid: u64) -> ! {
    while WORD.load(core::sync::atomic::Ordering::Relaxed) == 0 {
        let _ = cap_enter(32, 1_000_000_000);
    }
    exit(0)
}
