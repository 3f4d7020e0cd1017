//! Submissions of noise and of half-truths.
//!
//! Some are 64 random bytes. Most have an operation and a capability that exist, and
//! pointers, lengths, messages and descriptors that nearly do: memory that ends in the
//! middle, the kernel's half, messages whose pointers lead anywhere. Now and then the
//! ring page itself is filled with noise.

use crate::noise::Noise;
use alloc::boxed::Box;
use guest_runtime::abi::interface::ENDPOINT;
use guest_runtime::abi::layout::{
    CAPSET_VADDR, PAGE_SIZE, RING_VADDR, STACK_TOP, VM_BASE, VM_LIMIT,
};
use guest_runtime::abi::ring::{SQ_ENTRIES, Sqe, opcode};
use guest_runtime::abi::syscall::TIMEOUT_FOREVER;
use guest_runtime::capset;
use guest_runtime::endpoint::{HEADER_WORDS, answer, receive};
use guest_runtime::ring::Ring;
use guest_runtime::syscall::cap_enter;

/// Words that messages are made of.
const ARENA: usize = 1024;
/// Longest wait, in nanoseconds.
const LONGEST_WAIT: u64 = 2000;
/// Batches between two ring pages of noise.
const SCRIBBLE_EVERY: u64 = 4096;

/// Waits for its orders, carries them out, and answers with the completions it saw.
pub fn run(ring: &mut Ring) -> i64 {
    let Some(endpoint) = capset::find("attack", ENDPOINT) else {
        return 1;
    };
    let mut orders = [0u64; HEADER_WORDS + 2];
    ring.push(&receive(endpoint, &mut orders, 1));
    if cap_enter(1, TIMEOUT_FOREVER).is_err() {
        return 1;
    }
    let Some(received) = ring.pop() else {
        return 1;
    };
    // SAFETY: ours, and written by the kernel behind the compiler's back.
    let order = |at: usize| unsafe { (&raw const orders[HEADER_WORDS + at]).read_volatile() };
    let mut attack = Attack {
        noise: Noise::new(order(0)),
        arena: Box::new([0; ARENA]),
        capabilities: capset::entries().len() as u64,
    };
    let mut left = order(1);
    let mut seen = 0u64;
    let mut batches = 0u64;
    while left > 0 {
        let count = left.min(u64::from(SQ_ENTRIES));
        left -= count;
        batches += 1;
        seen += attack.batch(ring, count);
        if batches.is_multiple_of(SCRIBBLE_EVERY) {
            attack.scribble(ring);
        }
    }
    ring.resynchronise();
    let answered = [seen];
    ring.push(&answer(
        endpoint,
        received.call_id,
        answered.as_ptr(),
        8,
        0,
        2,
    ));
    let _ = cap_enter(0, 0);
    0
}

struct Attack {
    noise: Noise,
    arena: Box<[u64; ARENA]>,
    /// How many it was granted; their ids count up from 0.
    capabilities: u64,
}

impl Attack {
    /// Sends so many. Completions that came.
    fn batch(&mut self, ring: &mut Ring, count: u64) -> u64 {
        self.message();
        for _ in 0..count {
            let sqe = self.submission();
            ring.push(&sqe);
        }
        let (wanted, timeout) = match self.noise.below(16) {
            0 => (self.noise.below(40) as u32, self.noise.below(LONGEST_WAIT)),
            _ => (0, 0),
        };
        let entered = cap_enter(wanted, timeout);
        if entered.is_err() {
            // Refused, or somebody else's submission is first: start afresh.
            ring.resynchronise();
            return 0;
        }
        let mut seen = 0;
        while ring.pop().is_some() {
            seen += 1;
        }
        // Whatever was left queued behind something that waits.
        ring.resynchronise();
        seen
    }

    /// Fills the start of the arena with something like a message.
    fn message(&mut self) {
        if self.noise.below(4) == 0 {
            return self.memory_message();
        }
        let words = 1 + self.noise.below(48);
        self.arena[0] = match self.noise.below(4) {
            0 => self.noise.word(),
            _ => words << 32 | self.noise.pick(&[0, 0, 0, 1, 2, 511, 0xffff_ffff]),
        };
        for at in 1..=words as usize {
            self.arena[at] = match self.noise.below(5) {
                0 => 0,
                // A pointer to a structure or a list, of some size, somewhere near.
                1 => {
                    let offset = self.noise.below(64).wrapping_sub(8) << 2 & 0xffff_ffff;
                    self.noise.below(4) | offset | self.noise.below(1 << 10) << 32
                }
                2 => self
                    .noise
                    .pick(&[1 << 32, 1 << 48, 3 << 32, u64::MAX, 1 << 63]),
                3 => self.noise.below(1 << 20),
                _ => self.noise.word(),
            };
        }
    }

    /// A message of some data words that could well be about memory: places, sizes and
    /// rights, all of them nearly right.
    fn memory_message(&mut self) {
        let words = 1 + self.noise.below(4);
        self.arena[0] = (1 + words) << 32;
        self.arena[1] = words << 32;
        for at in 2..2 + words as usize {
            self.arena[at] = match self.noise.below(8) {
                0 => 0,
                1 => self.noise.word(),
                2 => VM_LIMIT - self.noise.below(4) * PAGE_SIZE,
                3 | 4 => VM_BASE + self.noise.below(64) * PAGE_SIZE,
                5 => self.noise.below(9) * PAGE_SIZE,
                _ => self.noise.below(8),
            };
        }
    }

    fn address(&mut self) -> u64 {
        let arena = self.arena.as_ptr() as u64;
        let near = self.noise.below(64);
        match self.noise.below(13) {
            0 => 0,
            12 => VM_BASE + self.noise.below(64) * PAGE_SIZE - near,
            1 => self.noise.word(),
            2 => 0xffff_8000_0000_0000 + near,
            3 => 0xffff_ffff_8020_0000,
            4 => 0x0000_8000_0000_0000 - near,
            5 => RING_VADDR + self.noise.below(4096),
            6 => CAPSET_VADDR + near,
            7 => STACK_TOP - near,
            8 => 0x20_0000 + near,
            9 => arena + near,
            _ => arena,
        }
    }

    /// Where a result goes: nowhere, where nothing may be written, or into the arena,
    /// and then not past its end. The attack is on the kernel, not on this program.
    fn result(&mut self) -> (u64, u32) {
        let arena = self.arena.as_ptr() as u64;
        let near = self.noise.below(64);
        match self.noise.below(8) {
            0 => (0, self.length()),
            1 => (self.noise.word(), self.length()),
            2 => (0xffff_8000_0000_0000 + near, self.length()),
            3 => (0x0000_8000_0000_0000 - near, self.length()),
            4 => (CAPSET_VADDR + near, self.length()),
            _ => (
                arena + near,
                self.noise.below((ARENA * 8) as u64 - 64) as u32,
            ),
        }
    }

    fn length(&mut self) -> u32 {
        match self.noise.below(64) {
            // About the most that the kernel takes, and all that the arena holds.
            0 => 64 * 1024 - 8 + self.noise.below(16) as u32,
            1..=3 => self.noise.below((ARENA * 8) as u64) as u32,
            4..=15 => self.noise.word() as u32,
            16..=25 => 0,
            _ => self.noise.below(512) as u32,
        }
    }

    fn capability(&mut self) -> u32 {
        match self.noise.below(8) {
            0 => self.noise.word() as u32,
            1 => (self.noise.below(256) << 24 | self.noise.below(300)) as u32,
            // The first is the way back to the parent: not to be lost.
            _ => 1 + self.noise.below(self.capabilities.max(2) - 1) as u32,
        }
    }

    fn submission(&mut self) -> Sqe {
        if self.noise.below(4) == 0 {
            let mut words = [0u64; 8];
            words.fill_with(|| self.noise.word());
            // SAFETY: every bit pattern is a submission.
            return unsafe { core::mem::transmute::<[u64; 8], Sqe>(words) };
        }
        let mut sqe = Sqe {
            opcode: self.noise.below(11) as u8,
            cap_id: self.capability(),
            user_data: self.noise.word(),
            ..Sqe::default()
        };
        match sqe.opcode {
            opcode::CALL => {
                sqe.method_id = self.noise.below(8) as u16;
                (sqe.addr, sqe.len) = (self.address(), self.length());
                (sqe.result_addr, sqe.result_len) = self.result();
                if self.noise.below(8) == 0 {
                    sqe.xfer_cap_count = self.noise.below(18) as u16;
                }
                if self.noise.below(8) == 0 {
                    (sqe.flags, sqe.call_id) = (32, self.noise.below(4) as u32);
                }
            }
            opcode::RETURN => {
                sqe.call_id = self.noise.below(4) as u32;
                (sqe.addr, sqe.len) = (self.address(), self.length());
                sqe.flags = self.noise.pick(&[0, 0, 16, 1]) as u8;
            }
            opcode::RECV => (sqe.result_addr, sqe.result_len) = self.result(),
            // Seldom: without capabilities there is little to attack.
            opcode::RELEASE if self.noise.below(256) != 0 => {
                sqe.opcode = opcode::NOP;
                sqe.cap_id = 0;
            }
            opcode::CANCEL => sqe.pipeline_dep = self.noise.word(),
            opcode::PARK_BENCH => {
                sqe.method_id = self.noise.below(3) as u16;
                (sqe.addr, sqe.len) = (self.address(), self.length());
            }
            opcode::PARK => {
                (sqe.flags, sqe.call_id) = (32, self.noise.below(3) as u32);
                (sqe.addr, sqe.len) = (self.address(), self.noise.pick(&[0, 1, 7]) as u32);
                sqe.pipeline_dep = self.noise.below(LONGEST_WAIT);
            }
            opcode::UNPARK => (sqe.addr, sqe.len) = (self.address(), self.length()),
            _ => {}
        }
        sqe
    }

    /// Fills the ring page with noise and lets some of it be served.
    fn scribble(&mut self, ring: &mut Ring) {
        for at in 0..512u64 {
            // SAFETY: the ring page; the kernel must bear any value.
            unsafe { ((RING_VADDR + at * 8) as *mut u64).write_volatile(self.noise.word()) };
        }
        let _ = cap_enter(0, 0);
        ring.resynchronise();
        // The kernel says where the completions end when it posts one.
        ring.push(&Sqe {
            opcode: opcode::NOP,
            ..Sqe::default()
        });
        let _ = cap_enter(0, 0);
        ring.resynchronise();
    }
}
