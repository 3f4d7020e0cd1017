//! `ProcessSpawner`: starts a program of the boot image with exactly the
//! capabilities the caller grants.

use super::exception::Exception;
use super::message::{Encoder, Message, root_words};
use super::{CallError, Context, Object, Reply, boot_package};
use crate::process::Status;
use crate::process::loader::{self, LoadError};
use alloc::rc::Rc;
use alloc::vec::Vec;
use guest_abi::capos_capnp::{
    CapGrantMode, cap_grant, cap_grant_source, process_spawner_spawn_params,
    process_spawner_spawn_results,
};
use guest_abi::capset;
use guest_abi::interface::{CAPABILITY_MANAGER, KernelSource, PROCESS_HANDLE};
use guest_abi::ring::ResultCap;
use kernel_core::capability_table::{Hold, TransferMode};

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
    source: Source,
}

#[derive(Debug)]
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
    match grant.get_mode() {
        Ok(CapGrantMode::Raw) => {}
        _ => return Err(Exception::unimplemented("only raw grants are offered")),
    }
    let source = match grant.get_source()?.which() {
        Ok(cap_grant_source::Which::Kernel(ordinal)) => Source::Kernel(ordinal),
        Ok(cap_grant_source::Which::Capability(())) => Source::Existing(grant.get_cap_id()),
        Err(_) => return Err(Exception::unimplemented("unknown kind of grant source")),
    };
    Ok(Grant {
        name: grant.get_name()?.to_str()?,
        interface_id: grant.get_interface_id(),
        badge: grant.get_badge(),
        source,
    })
}

/// The method body.
pub fn invoke(request: Spawn<'_>, context: &mut Context<'_>) -> Result<Reply, Exception> {
    let Context {
        kernel,
        caller,
        waiter,
    } = context;
    // A spawn that could not be reported must not happen.
    if (waiter.result_len as usize) < RESULT_LENGTH + 2 * size_of::<ResultCap>() {
        return Err(Exception::invalid_argument(
            "the result buffer is too small",
        ));
    }
    let file = kernel
        .image
        .binary(request.binary)
        .ok_or(Exception::invalid_argument("no binary of this name"))?;
    if caller.capabilities.room() < 2 {
        return Err(Exception::overloaded("no room for the result capabilities"));
    }
    let programs = kernel.image.manifest().programs.len();
    let mut holds = Vec::with_capacity(request.grants.len());
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
                hold
            }
        };
        if grant.interface_id != 0 && grant.interface_id != hold.interface_id {
            return Err(Exception::invalid_argument(
                "a granted capability has another interface",
            ));
        }
        holds.push((grant.name, hold));
    }
    let pid = kernel
        .new_pid()
        .ok_or(Exception::overloaded("eight processes exist"))?;
    let process = loader::load(
        &kernel.space,
        &mut kernel.frames,
        pid,
        request.name,
        file,
        holds.into_iter(),
    )
    .map_err(load_exception)?;
    let status = Rc::clone(&process.status);
    kernel.add(process);
    let mut give = |object, interface_id| ResultCap {
        cap_id: caller
            .capabilities
            .insert(Hold::new(object, interface_id, TransferMode::Copy))
            .expect("there is room for two"),
        reserved: 0,
        interface_id,
    };
    let manager: Rc<Status> = Rc::clone(&status);
    Ok(Reply::Spawned([
        give(Object::ProcessHandle(status), PROCESS_HANDLE),
        give(Object::CapabilityManager(manager), CAPABILITY_MANAGER),
    ]))
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
        LoadError::ThreadLocalStorage => {
            Exception::unimplemented("thread-local storage is not offered")
        }
        LoadError::BadName => {
            Exception::invalid_argument("a capability's name is empty, too long or used twice")
        }
        LoadError::TooManyCapabilities => Exception::overloaded("too many capabilities"),
        LoadError::OutOfMemory => Exception::overloaded("out of memory"),
    }
}

/// The result message: both indices point into the records behind it.
pub fn encode(
    capabilities: &[ResultCap; 2],
    encoder: &mut Encoder<'_>,
) -> Result<usize, CallError> {
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
