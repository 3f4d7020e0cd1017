//! Other processes: starting them, waiting for them, taking back what they hold.

use crate::call::{CallError, Parameters, call, call_raw, release};
use crate::platform::VOID;
use crate::ring::Ring;
use alloc::vec::Vec;
use guest_abi::capos_capnp::{
    CapGrantMode, capability_manager_list_results, capability_manager_revoke_params,
    process_handle_wait_results, process_spawner_spawn_params, process_spawner_spawn_results,
};
use guest_abi::interface::KernelSource;

/// A badge that leaves the hold's own.
pub const PRESERVE_BADGE: u64 = u64::MAX;

/// A capability for a child.
#[derive(Clone, Copy, Debug)]
pub struct Grant<'a> {
    /// Its name in the child's CapSet.
    pub name: &'a str,
    /// Where it comes from.
    pub source: Source,
    /// Its badge.
    pub badge: u64,
    /// What of it the child gets.
    pub mode: CapGrantMode,
    /// The interface that a client of an endpoint gets it as; else 0.
    pub interface_id: u64,
}

impl<'a> Grant<'a> {
    /// A capability from the kernel.
    pub fn kernel(name: &'a str, source: KernelSource) -> Self {
        Self {
            name,
            source: Source::Kernel(source),
            badge: PRESERVE_BADGE,
            mode: CapGrantMode::Raw,
            interface_id: 0,
        }
    }

    /// A capability of the caller's own, which it keeps.
    pub fn held(name: &'a str, id: u32) -> Self {
        Self {
            source: Source::Held(id),
            ..Self::kernel(name, KernelSource::Null)
        }
    }
}

/// Where a grant comes from.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// The kernel.
    Kernel(KernelSource),
    /// The caller's own table.
    Held(u32),
}

/// Parameters of everything that starts a process.
pub fn spawn_parameters(name: &str, binary: &str, grants: &[Grant<'_>]) -> Parameters {
    let mut parameters = Parameters::new_default();
    let mut root = parameters.init_root::<process_spawner_spawn_params::Builder<'_>>();
    root.set_name(name);
    root.set_binary_name(binary);
    let mut list = root.init_grants(grants.len() as u32);
    for (index, wanted) in grants.iter().enumerate() {
        let mut grant = list.reborrow().get(index as u32);
        grant.set_name(wanted.name);
        grant.set_mode(wanted.mode);
        grant.set_interface_id(wanted.interface_id);
        grant.set_badge(wanted.badge);
        match wanted.source {
            Source::Kernel(source) => {
                if wanted.mode == CapGrantMode::Raw {
                    grant.set_interface_id(source.interface_id());
                }
                grant.init_source().set_kernel(source as u16);
            }
            Source::Held(id) => grant.set_cap_id(id),
        }
    }
    parameters
}

/// A process and the capabilities that came with it.
#[derive(Clone, Copy, Debug)]
pub struct Child {
    handle: u32,
    manager: u32,
    endpoint: Option<u32>,
}

impl Child {
    /// Starts a program of the boot image.
    pub fn spawn(
        ring: &mut Ring,
        spawner: u32,
        name: &str,
        binary: &str,
        grants: &[Grant<'_>],
    ) -> Result<Self, CallError> {
        let parameters = spawn_parameters(name, binary, grants);
        let answer = call(ring, spawner, 0, &parameters)?;
        let message = answer.message()?;
        let root = message.get_root::<process_spawner_spawn_results::Reader<'_>>()?;
        Ok(Self {
            handle: answer.capability(root.get_handle_index())?,
            manager: answer.capability(root.get_capability_manager_index())?,
            // Behind those two come the parent's sides of new endpoints.
            endpoint: answer.capability(2).ok(),
        })
    }

    /// The caller's side of the first endpoint that was made for the child.
    pub fn endpoint(&self) -> Option<u32> {
        self.endpoint
    }

    /// Waits for its end. What it exited with.
    pub fn wait(&self, ring: &mut Ring) -> Result<i64, CallError> {
        let answer = call_raw(ring, self.handle, 0, &VOID)?;
        let message = answer.message()?;
        let root = message.get_root::<process_handle_wait_results::Reader<'_>>()?;
        Ok(root.get_exit_code())
    }

    /// Ends it.
    pub fn terminate(&self, ring: &mut Ring) -> Result<(), CallError> {
        call_raw(ring, self.handle, 1, &VOID).map(|_| ())
    }

    /// Ids and interfaces of what it holds.
    pub fn list(&self, ring: &mut Ring) -> Result<Vec<(u32, u64)>, CallError> {
        let answer = call_raw(ring, self.manager, 0, &VOID)?;
        let message = answer.message()?;
        let root = message.get_root::<capability_manager_list_results::Reader<'_>>()?;
        let held = root.get_caps()?;
        Ok(held
            .iter()
            .map(|cap| (cap.get_id(), cap.get_interface_id()))
            .collect())
    }

    /// Takes back one of the capabilities it holds, and all copies of it.
    pub fn revoke(&self, ring: &mut Ring, id: u32) -> Result<(), CallError> {
        let mut parameters = Parameters::new_default();
        parameters
            .init_root::<capability_manager_revoke_params::Builder<'_>>()
            .set_cap_id(id);
        call(ring, self.manager, 1, &parameters).map(|_| ())
    }

    /// Gives all its capabilities up; the process goes on.
    pub fn release(self, ring: &mut Ring) -> Result<(), CallError> {
        if let Some(endpoint) = self.endpoint {
            release(ring, endpoint)?;
        }
        release(ring, self.manager)?;
        release(ring, self.handle)
    }

    /// The process handle.
    pub fn handle(&self) -> u32 {
        self.handle
    }
}
