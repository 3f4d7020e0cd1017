//! `CapabilityManager`: what a process holds, and taking it back.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words, text_words};
use super::{CallError, Context, Reply};
use crate::process::{Process, Status};
use alloc::string::String;
use alloc::vec::Vec;
use guest_abi::capos_capnp::{
    cap_info, capability_manager_list_results, capability_manager_revoke_params,
    capability_manager_revoke_results,
};
use guest_abi::capset;
use guest_abi::interface;

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 7,
    id: interface::CAPABILITY_MANAGER,
    name: "CapabilityManager",
    methods: Methods::Named(&["list", "revoke"]),
    source: Interface::RESULT,
    is_for_measuring: false,
};

/// A decoded call.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `list`.
    List,
    /// `revoke`.
    Revoke(u32),
}

/// What a process holds: id, interface, the name it was granted under.
#[derive(Debug)]
pub struct List(Vec<(u32, u64, String)>);

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request, Exception> {
    Ok(match method {
        0 => Request::List,
        _ => {
            let params: capability_manager_revoke_params::Reader<'_> = message.root()?;
            Request::Revoke(params.get_cap_id())
        }
    })
}

/// The method body.
pub fn invoke(
    status: &Status,
    request: Request,
    context: &mut Context<'_>,
) -> Result<Reply, Exception> {
    let target = if status.pid == context.caller.pid {
        &*context.caller
    } else {
        context
            .kernel
            .process(status.pid)
            .ok_or(Exception::failed("the process has ended"))?
    };
    match request {
        Request::List => Ok(Reply::Capabilities(list(target))),
        Request::Revoke(id) => {
            let revoked = target.capabilities.revoke(id);
            revoked.map_err(|_| Exception::invalid_argument("no live capability of this id"))?;
            Ok(Reply::Revoked)
        }
    }
}

fn list(process: &Process) -> List {
    let named = process.capset_entries();
    let name_of = |id| {
        let entry = named.iter().find(|entry| entry.cap_id == id);
        entry.map_or_else(String::new, name)
    };
    let holds = process.capabilities.iter();
    List(
        holds
            .map(|(id, hold)| (id, hold.interface_id, name_of(id)))
            .collect(),
    )
}

fn name(entry: &capset::Entry) -> String {
    String::from_utf8_lossy(entry.name()).into_owned()
}

/// The result message of `list`.
pub fn encode_list(list: &List, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    /// Of a list of structures, before the first of them.
    const TAG: usize = 1;
    let labels: usize = list
        .0
        .iter()
        .map(|(_, _, label)| text_words(label.len()))
        .sum();
    let entries = list.0.len() * (root_words::<cap_info::Builder<'_>>() - 1);
    let words = root_words::<capability_manager_list_results::Builder<'_>>();
    encoder.write(words + TAG + entries + labels, &[], |builder| {
        let root = builder.init_root::<capability_manager_list_results::Builder<'_>>();
        let mut caps = root.init_caps(list.0.len() as u32);
        for (index, (id, interface_id, label)) in list.0.iter().enumerate() {
            let mut cap = caps.reborrow().get(index as u32);
            cap.set_id(*id);
            cap.set_interface_id(*interface_id);
            cap.set_label(label.as_str());
        }
    })
}

/// The result message of `revoke`.
pub fn encode_revoked(encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<capability_manager_revoke_results::Builder<'_>>(),
        &[],
        |builder| {
            builder.init_root::<capability_manager_revoke_results::Builder<'_>>();
        },
    )
}
