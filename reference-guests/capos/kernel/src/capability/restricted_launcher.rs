//! `RestrictedLauncher`: starts the binaries that a session's profile names.
//!
//! A child gets what its parent holds and, of the kernel's sources, new endpoints
//! only, so that a launcher never makes more authority than there was. *Chosen*: a
//! worker is started as any other child.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words, text_words};
use super::process_spawner::{self, Spawn, With};
use super::user_session::Session;
use super::{CallError, Context, Reply};
use alloc::string::String;
use guest_abi::capos_capnp::{
    restricted_launcher_list_binaries_results, restricted_launcher_spawn_results,
};
use guest_abi::interface;
use guest_abi::ring::ResultCap;

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 25,
    id: interface::RESTRICTED_LAUNCHER,
    name: "RestrictedLauncher",
    methods: Methods::Named(&["spawn", "listBinaries", "spawnWorker"]),
    source: Interface::RESULT,
    is_for_measuring: false,
};

/// A decoded call.
#[derive(Debug)]
pub enum Request<'m> {
    /// `spawn` or `spawnWorker`.
    Spawn(Spawn<'m>),
    /// `listBinaries`.
    ListBinaries,
}

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request<'m>, Exception> {
    Ok(match method {
        1 => Request::ListBinaries,
        _ => Request::Spawn(process_spawner::decode(message)?),
    })
}

/// The method body.
pub fn invoke(
    session: &Session,
    request: Request<'_>,
    context: &mut Context<'_>,
) -> Result<Reply, Exception> {
    let profile = context.kernel.accounts.profiles.find(session.profile());
    let binaries = profile.map(|profile| &profile.binaries[..]);
    let binaries = binaries.unwrap_or_default();
    match request {
        Request::ListBinaries => Ok(Reply::Binaries(binaries.to_vec())),
        Request::Spawn(spawn) => {
            if !binaries.iter().any(|binary| binary == spawn.binary()) {
                return Err(Exception::invalid_argument(
                    "the profile does not name this binary",
                ));
            }
            if spawn.asks_the_kernel() {
                return Err(Exception::invalid_argument(
                    "a launcher grants only what its holder has",
                ));
            }
            let given = process_spawner::start(spawn, With::Handle, context)?;
            Ok(Reply::Launched(given))
        }
    }
}

/// The result message of the spawn methods: the index points to the first record.
pub fn encode(capabilities: &[ResultCap], encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<restricted_launcher_spawn_results::Builder<'_>>(),
        capabilities,
        |builder| {
            let mut root = builder.init_root::<restricted_launcher_spawn_results::Builder<'_>>();
            root.set_handle_index(0);
        },
    )
}

/// The result message of `listBinaries`.
pub fn encode_names(names: &[String], encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    let texts: usize = names.iter().map(|name| text_words(name.len())).sum();
    let words = root_words::<restricted_launcher_list_binaries_results::Builder<'_>>();
    encoder.write(words + names.len() + texts, &[], |builder| {
        let root = builder.init_root::<restricted_launcher_list_binaries_results::Builder<'_>>();
        let mut list = root.init_names(names.len() as u32);
        for (index, name) in names.iter().enumerate() {
            list.set(index as u32, name.as_str());
        }
    })
}
