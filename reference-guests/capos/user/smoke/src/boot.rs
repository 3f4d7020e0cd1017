//! The program was started as the manifest says.

use crate::smoke::{Found, Smoke, ensure};
use guest_benchmark::Refusal;
use guest_benchmark::runtime::abi::interface::{KernelSource, TIMER};
use guest_benchmark::runtime::ring::Ring;
use guest_benchmark::runtime::{capset, platform, timer};

/// The CapSet is what the manifest says, which can be read, and time passes.
pub struct Boot {
    timer: u32,
}

impl Boot {
    /// With what was granted.
    pub fn find() -> Result<Self, Refusal> {
        let timer = capset::find("timer", TIMER).ok_or(Refusal::NotGranted)?;
        Ok(Self { timer })
    }
}

impl Smoke for Boot {
    /// The manifest's size and its one part, the time twice.
    fn own(&self) -> u32 {
        4
    }

    fn run(&mut self, ring: &mut Ring, wrong: bool) -> Found {
        let before = timer::now(ring, self.timer).map_err(|_| "no time")?;
        let program = platform::program(ring).map_err(|_| "the manifest cannot be read")?;
        let after = timer::now(ring, self.timer).map_err(|_| "no time")?;
        let name = if wrong { "smoke-screen" } else { "smoke" };
        ensure(program.name == name, "another program's entry")?;
        let held = capset::entries();
        ensure(held.len() == program.grants.len(), "the CapSet's length")?;
        for (entry, grant) in held.iter().zip(&program.grants) {
            let source = KernelSource::from_name(grant.source);
            let interface = source.map(KernelSource::interface_id);
            let is_it =
                entry.name() == grant.name.as_bytes() && Some(entry.interface_id) == interface;
            ensure(is_it, "the CapSet is not what the manifest says")?;
        }
        ensure(before < after, "no time passed")
    }
}
