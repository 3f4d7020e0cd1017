//! `BootPackage`: the boot manifest.
//!
//! A hold shows the whole manifest or, granted with a badge, only the entry of one
//! program: what that program needs to find its parameters, and no more. The badge
//! as index is *chosen*.

use super::exception::Exception;
use super::interface::{Interface, Methods};
use super::message::{Encoder, Message, root_words};
use super::{CallError, Reply};
use alloc::vec::Vec;
use guest_abi::boot_image::BootImage;
use guest_abi::capos_capnp::{
    boot_package_manifest_size_results, boot_package_read_manifest_params,
    boot_package_read_manifest_results,
};
use guest_abi::interface::{self, KernelSource};

/// The interface.
pub const INTERFACE: Interface = Interface {
    index: 4,
    id: interface::BOOT_PACKAGE,
    name: "BootPackage",
    methods: Methods::Named(&["manifestSize", "readManifest"]),
    source: KernelSource::BootPackage.name(),
    is_for_measuring: false,
};

/// Most bytes one read returns.
const MAX_READ: u32 = 4096;

/// What a hold shows.
#[derive(Clone, Copy, Debug)]
pub enum View {
    /// The manifest.
    Whole,
    /// The entry of the program with this index.
    Program(usize),
}

/// A decoded call.
#[derive(Clone, Copy, Debug)]
pub enum Request {
    /// `manifestSize`.
    Size,
    /// `readManifest`.
    Read {
        /// First byte.
        offset: u64,
        /// Most bytes.
        limit: u32,
    },
}

/// Bytes to return.
#[derive(Debug)]
pub struct Part(Vec<u8>);

/// The typed call.
pub fn decode<'m>(method: u16, message: &'m Message<'m>) -> Result<Request, Exception> {
    Ok(match method {
        0 => Request::Size,
        _ => {
            let params: boot_package_read_manifest_params::Reader<'_> = message.root()?;
            Request::Read {
                offset: params.get_offset(),
                limit: params.get_max_bytes(),
            }
        }
    })
}

/// The method body.
pub fn invoke(view: View, request: Request, image: &BootImage<'_>) -> Result<Reply, Exception> {
    let bytes = match view {
        View::Whole => image.manifest_bytes().to_vec(),
        View::Program(index) => image
            .program_bytes(index)
            .ok_or(Exception::failed("the manifest has no such program"))?,
    };
    Ok(match request {
        Request::Size => Reply::ManifestSize(bytes.len() as u64),
        Request::Read { offset, limit } => {
            let rest = usize::try_from(offset)
                .ok()
                .and_then(|offset| bytes.get(offset..))
                .unwrap_or_default();
            let length = rest.len().min(limit.min(MAX_READ) as usize);
            Reply::Manifest(Part(rest[..length].to_vec()))
        }
    })
}

/// The result message of `manifestSize`.
pub fn encode_size(size: u64, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    encoder.write(
        root_words::<boot_package_manifest_size_results::Builder<'_>>(),
        &[],
        |builder| {
            let mut root = builder.init_root::<boot_package_manifest_size_results::Builder<'_>>();
            root.set_size(size);
        },
    )
}

/// The result message of `readManifest`.
pub fn encode_part(part: &Part, encoder: &mut Encoder<'_>) -> Result<usize, CallError> {
    let words =
        root_words::<boot_package_read_manifest_results::Builder<'_>>() + part.0.len().div_ceil(8);
    encoder.write(words, &[], |builder| {
        let mut root = builder.init_root::<boot_package_read_manifest_results::Builder<'_>>();
        root.set_data(&part.0);
    })
}
