//! `ProcessSpawner`: starts a program of the boot image with exactly the
//! capabilities the caller grants.

use super::endpoint::Endpoint;
use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::{CallError, Context, Object, Reply, boot_package};
use crate::measure::audit;
use crate::process::Status;
use crate::process::loader::{self, LoadError};
use crate::{segments, step};
use alloc::rc::Rc;
use alloc::vec::Vec;
use guest_abi::capos_capnp::{
    CapGrantMode, cap_grant, cap_grant_source, process_spawner_spawn_params,
    process_spawner_spawn_results,
};
use guest_abi::capset;
use guest_abi::interface::{self, CAPABILITY_MANAGER, ENDPOINT, KernelSource, PROCESS_HANDLE};
use guest_abi::ring::ResultCap;
use kernel_core::capability_table::{Hold, TransferMode};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 5,
    id: interface::PROCESS_SPAWNER,
    name: "ProcessSpawner",
    methods: Methods::Named(&["spawn"]),
    source: KernelSource::ProcessSpawner.name(),
    is_for_measuring: false,
};

/// A badge that leaves the hold's own.
const PRESERVE_BADGE: u64 = u64::MAX;
/// Longest name of a process. *Chosen*.
const MAX_NAME: usize = 64;
/// Bytes of the result message: table, root pointer, one word.
const RESULT_LENGTH: usize = 24;

/// A decoded `spawn`.
#[derive(Debug)]
pub struct Spawn<'m> {
    name: &'m str,
    binary: &'m str,
    grants: Vec<Grant<'m>>,
}

#[derive(Debug)]
struct Grant<'m> {
    name: &'m str,
    interface_id: u64,
    badge: u64,
    mode: Mode,
    source: Source,
}

/// What the child gets of what is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The capability as it is.
    Raw,
    /// The right to call an endpoint, under an interface of the grant's choice.
    ClientEndpoint,
    /// The capability, which the parent gives up.
    Move,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Existing(u32),
    Kernel(u16),
}

/// The typed call.
pub fn decode<'m>(message: &'m Message<'m>) -> Result<Spawn<'m>, Exception> {
    let params: process_spawner_spawn_params::Reader<'m> = message.root()?;
    let grants = params.get_grants()?;
    // Before anything is made of them: a message can claim millions.
    if grants.len() as usize > capset::MAX_ENTRIES {
        return Err(Exception::overloaded("too many grants"));
    }
    let name = params.get_name()?.to_str()?;
    if name.len() > MAX_NAME {
        return Err(Exception::invalid_argument("the name is too long"));
    }
    Ok(Spawn {
        name,
        binary: params.get_binary_name()?.to_str()?,
        grants: grants.iter().map(decode_grant).collect::<Result<_, _>>()?,
    })
}

fn decode_grant(grant: cap_grant::Reader<'_>) -> Result<Grant<'_>, Exception> {
    let mode = match grant.get_mode() {
        Ok(CapGrantMode::Raw) => Mode::Raw,
        Ok(CapGrantMode::ClientEndpoint) => Mode::ClientEndpoint,
        Ok(CapGrantMode::Move) => Mode::Move,
        _ => return Err(Exception::unimplemented("no grants of this mode")),
    };
    let source = match grant.get_source()?.which() {
        Ok(cap_grant_source::Which::Kernel(ordinal)) => Source::Kernel(ordinal),
        Ok(cap_grant_source::Which::Capability(())) => Source::Existing(grant.get_cap_id()),
        Err(_) => return Err(Exception::unimplemented("unknown kind of grant source")),
    };
    Ok(Grant {
        name: grant.get_name()?.to_str()?,
        interface_id: grant.get_interface_id(),
        badge: grant.get_badge(),
        mode,
        source,
    })
}

impl Spawn<'_> {
    /// The binary that is to be started.
    pub fn binary(&self) -> &str {
        self.binary
    }

    /// Whether the child is to get anything from the kernel but new endpoints.
    pub fn asks_the_kernel(&self) -> bool {
        let asks = |source| match source {
            Source::Kernel(ordinal) => ordinal != KernelSource::Endpoint as u16,
            Source::Existing(_) => false,
        };
        self.grants.iter().any(|grant| asks(grant.source))
    }
}

/// What the parent gets of its child, beside its side of new endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum With {
    /// The handle.
    Handle,
    /// Handle and capability manager.
    HandleAndManager,
}

/// The method body.
pub fn invoke(request: Spawn<'_>, context: &mut Context<'_>) -> Result<Reply, Exception> {
    start(request, With::HandleAndManager, context).map(Reply::Spawned)
}

/// Starts a process.
pub fn start(
    request: Spawn<'_>,
    with: With,
    context: &mut Context<'_>,
) -> Result<Vec<ResultCap>, Exception> {
    let Context {
        kernel,
        caller,
        waiter,
    } = context;
    let file = kernel
        .image
        .binary(request.binary)
        .ok_or(Exception::invalid_argument("no binary of this name"))?;
    let programs = kernel.image.manifest().programs.len();
    let mut holds = Vec::with_capacity(request.grants.len());
    let mut moved = Vec::new();
    // The parent's side of endpoints that are new.
    let mut endpoints = Vec::new();
    for grant in &request.grants {
        let hold = match grant.source {
            Source::Kernel(ordinal) => kernel_hold(ordinal, grant.badge, programs)?,
            Source::Existing(id) => {
                let hold = caller.capabilities.lookup(id);
                let mut hold = hold
                    .map_err(|_| Exception::invalid_argument("a granted capability is not live"))?
                    .clone();
                if grant.badge != PRESERVE_BADGE {
                    hold.badge = grant.badge;
                }
                if grant.mode == Mode::Move {
                    moved.push(id);
                }
                hold
            }
        };
        let is_new = matches!(grant.source, Source::Kernel(_));
        let hold = match (grant.mode, hold.object()) {
            (Mode::ClientEndpoint, Object::Endpoint(endpoint)) => {
                let client = client(endpoint, grant.interface_id, hold.badge);
                if is_new {
                    endpoints.push(hold);
                }
                client
            }
            (Mode::ClientEndpoint, _) => {
                return Err(Exception::invalid_argument(
                    "only an endpoint's owner makes clients of it",
                ));
            }
            (Mode::Raw | Mode::Move, object) => {
                if grant.interface_id != 0 && grant.interface_id != hold.interface_id {
                    return Err(Exception::invalid_argument(
                        "a granted capability has another interface",
                    ));
                }
                if let Object::Endpoint(endpoint) = object
                    && is_new
                {
                    endpoints.push(client(endpoint, ENDPOINT, hold.badge));
                }
                hold
            }
        };
        holds.push((grant.name, hold));
    }
    // A spawn that could not be reported must not happen.
    let own = match with {
        With::Handle => 1,
        With::HandleAndManager => 2,
    };
    let results = own + endpoints.len();
    if (waiter.result_len as usize) < RESULT_LENGTH + results * size_of::<ResultCap>() {
        return Err(Exception::invalid_argument(
            "the result buffer is too small",
        ));
    }
    if caller.capabilities.room() < results {
        return Err(Exception::overloaded("no room for the result capabilities"));
    }
    let pid = kernel
        .new_pid()
        .ok_or(Exception::overloaded("eight processes exist"))?;
    let for_measuring = holds
        .iter()
        .filter(|(_, hold)| hold.object().interface().is_for_measuring);
    let for_measuring: Vec<&str> = for_measuring.map(|(name, _)| *name).collect();
    let probe = step::span::<{ segments::ELF_LOAD.get() }>();
    let process = loader::load(
        &kernel.space,
        &mut kernel.frames,
        pid,
        request.name,
        file,
        kernel.neutral.entry_stack_pointer,
        holds.into_iter(),
    );
    probe.end();
    let process = process.map_err(load_exception)?;
    // The child has its own hold by now, so this is never an object's last.
    for id in moved {
        let _ = caller.capabilities.remove(id);
    }
    if !for_measuring.is_empty() {
        let now = kernel.clock.now();
        let subject = || alloc::format!("{}: {}", request.name, for_measuring.join(", "));
        let audit = &mut kernel.audit;
        audit.record(now, pid, audit::Event::Spawn, audit::Outcome::Ok, subject);
    }
    let status = Rc::clone(&process.status);
    kernel.add(process);
    let manager: Rc<Status> = Rc::clone(&status);
    let own = [
        (Object::ProcessHandle(status), PROCESS_HANDLE),
        (Object::CapabilityManager(manager), CAPABILITY_MANAGER),
    ];
    let own = own.map(|(object, interface)| Hold::new(object, interface, TransferMode::Copy));
    let own = own.into_iter().take(results - endpoints.len());
    Ok(own.chain(endpoints).map(|hold| caller.give(hold)).collect())
}

/// A hold that may call an endpoint and nothing else. A new object, so that it can be
/// revoked without the owner's.
fn client(endpoint: &Rc<Endpoint>, interface_id: u64, badge: u64) -> Hold<Object> {
    let object = Object::EndpointClient(Rc::clone(endpoint));
    let interface_id = if interface_id == 0 {
        ENDPOINT
    } else {
        interface_id
    };
    let mut hold = Hold::new(object, interface_id, TransferMode::Copy);
    hold.badge = badge;
    hold
}

fn kernel_hold(ordinal: u16, badge: u64, programs: usize) -> Result<Hold<Object>, Exception> {
    let hold = KernelSource::from_ordinal(ordinal).and_then(Object::grant);
    let hold = hold.ok_or(Exception::unimplemented(
        "this kernel has no such capability source",
    ))?;
    if badge == PRESERVE_BADGE {
        return Ok(hold);
    }
    let object = match hold.object() {
        Object::BootPackage(_) => {
            let index = usize::try_from(badge)
                .ok()
                .filter(|index| *index < programs);
            let index = index.ok_or(Exception::invalid_argument("no program of this index"))?;
            Object::BootPackage(boot_package::View::Program(index))
        }
        other => other.clone(),
    };
    let mut hold = Hold::new(object, hold.interface_id, hold.transfer);
    hold.badge = badge;
    Ok(hold)
}

fn load_exception(error: LoadError) -> Exception {
    match error {
        LoadError::Elf(_) => Exception::failed("the binary is no program this kernel loads"),
        LoadError::BadName => {
            Exception::invalid_argument("a capability's name is empty, too long or used twice")
        }
        LoadError::TooManyCapabilities => Exception::overloaded("too many capabilities"),
        LoadError::OutOfMemory => Exception::overloaded("out of memory"),
    }
}

/// The result message: both indices point into the records behind it.
pub fn encode(capabilities: &[ResultCap], encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<process_spawner_spawn_results::Builder<'_>>(),
        capabilities,
        |builder| {
            let mut root = builder.init_root::<process_spawner_spawn_results::Builder<'_>>();
            root.set_handle_index(0);
            root.set_capability_manager_index(1);
        },
    )
}
