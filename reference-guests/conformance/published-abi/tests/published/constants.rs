//! Every constant of the guest's ABI is the published one, or is said to be its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use capos_config::{capset as their_capset, process_layout, ring as theirs};
use guest_abi::ring::{CqeFlags, SqeFlags, TransferDescriptor, TransferMode, opcode, result};
use guest_abi::{capset, layout, ring, syscall};
use published_abi::source;

/// Holds pairs of constants against each other. The names of the left ones.
macro_rules! same {
    ($($ours:expr => $theirs:expr),* $(,)?) => {{
        $(assert_eq!($ours as u64, $theirs as u64, stringify!($ours));)*
        [$(stringify!($ours)),*]
    }};
}

/// Fails unless a file declares just these constants, each of them compared.
fn assert_complete(file: &str, compared: &[&str]) {
    let declared = source::public_constants(&source::read(&source::guest_abi().join(file)));
    let compared: BTreeSet<String> = compared
        .iter()
        .map(|path| path.rsplit("::").next().unwrap_or(path).trim().to_owned())
        .collect();
    assert_eq!(declared, compared, "{file}: left declared, right compared");
}

#[test]
fn the_ring_is_the_published_one() {
    let compared = same! {
        ring::SQ_ENTRIES => theirs::SQ_ENTRIES,
        ring::CQ_ENTRIES => theirs::CQ_ENTRIES,
        ring::SQE_OFFSET => theirs::SQE_ARRAY_OFFSET,
        ring::CQE_OFFSET => theirs::CQE_ARRAY_OFFSET,
        opcode::CALL => theirs::CAP_OP_CALL,
        opcode::RETURN => theirs::CAP_OP_RETURN,
        opcode::RECV => theirs::CAP_OP_RECV,
        opcode::RELEASE => theirs::CAP_OP_RELEASE,
        opcode::FINISH => theirs::CAP_OP_FINISH,
        opcode::NOP => theirs::CAP_OP_NOP,
        opcode::CANCEL => theirs::CAP_OP_CANCEL,
        opcode::PARK_BENCH => theirs::CAP_OP_PARK_BENCH,
        opcode::PARK => theirs::CAP_OP_PARK,
        opcode::UNPARK => theirs::CAP_OP_UNPARK,
        result::INVALID_REQUEST => theirs::CAP_ERR_INVALID_REQUEST,
        result::INVALID_PARAMS_BUFFER => theirs::CAP_ERR_INVALID_PARAMS_BUFFER,
        result::INVALID_RESULT_BUFFER => theirs::CAP_ERR_INVALID_RESULT_BUFFER,
        result::INVOKE_FAILED => theirs::CAP_ERR_INVOKE_FAILED,
        result::UNSUPPORTED_OPCODE => theirs::CAP_ERR_UNSUPPORTED_OPCODE,
        result::TRANSFER_NOT_SUPPORTED => theirs::CAP_ERR_TRANSFER_NOT_SUPPORTED,
        result::INVALID_TRANSFER_DESCRIPTOR => theirs::CAP_ERR_INVALID_TRANSFER_DESCRIPTOR,
        result::TRANSFER_ABORTED => theirs::CAP_ERR_TRANSFER_ABORTED,
        result::APPLICATION_EXCEPTION => theirs::CAP_ERR_APPLICATION_EXCEPTION,
        result::APPLICATION_EXCEPTION_TRUNCATED => theirs::CAP_ERR_APPLICATION_EXCEPTION_TRUNCATED,
    };
    assert_complete("ring/mod.rs", &compared);

    let compared = same! {
        SqeFlags::RETURN_APPLICATION_EXCEPTION => theirs::CAP_SQE_RETURN_APPLICATION_EXCEPTION,
        SqeFlags::THREAD_OWNED => theirs::CAP_SQE_THREAD_OWNED,
        CqeFlags::TRANSFER_RESULT_CAPS => theirs::CAP_CQE_TRANSFER_RESULT_CAPS,
    };
    assert_complete("ring/entry.rs", &compared);

    let compared = same! {
        ring::RECV_HEADER_LENGTH => size_of::<theirs::EndpointMessageHeader>(),
        TransferDescriptor::LENGTH => theirs::CAP_TRANSFER_DESCRIPTOR_SIZE,
    };
    same! {
        TransferMode::Copy => theirs::CAP_TRANSFER_MODE_COPY,
        TransferMode::Move => theirs::CAP_TRANSFER_MODE_MOVE,
    };
    assert_complete("ring/message.rs", &compared);
}

#[test]
fn the_capset_page_is_the_published_one() {
    let compared = same! {
        capset::MAGIC => their_capset::CAPSET_MAGIC,
        capset::VERSION => their_capset::CAPSET_VERSION,
        capset::MAX_ENTRIES => their_capset::CAPSET_MAX_ENTRIES,
        capset::NAME_LENGTH => their_capset::CAPSET_NAME_MAX,
    };
    assert_complete("capset.rs", &compared);
}

#[test]
fn the_address_space_is_the_published_one() {
    let compared = same! {
        layout::PAGE_SIZE => process_layout::USER_PAGE_BYTES,
        layout::IMAGE_BASE => process_layout::USER_IMAGE_BASE,
        layout::IMAGE_LIMIT => process_layout::USER_IMAGE_LINK_LIMIT,
        layout::STACK_BOTTOM => process_layout::USER_STACK_BASE,
        layout::STACK_TOP => process_layout::USER_STACK_TOP,
        layout::TLS_BASE => process_layout::USER_TLS_REGION_BASE,
        layout::TLS_LIMIT => process_layout::USER_TLS_REGION_LIMIT,
        layout::RING_VADDR => theirs::RING_VADDR,
        layout::CAPSET_VADDR => their_capset::CAPSET_VADDR,
    };
    // The processor's, what its calling convention makes of the published top, and
    // where mappings go, which nobody publishes.
    let own = ["USER_LIMIT", "ENTRY_STACK_POINTER", "VM_BASE", "VM_LIMIT"];
    assert_complete("layout.rs", &[&compared[..], &own].concat());
}

/// The runtime keeps the numbers to itself; its programs show that the kernel has
/// them right, and its text that nothing was forgotten.
#[test]
fn system_calls_are_the_published_ones() {
    let text = source::published("capos-rt", "src/syscall.rs");
    for definition in [
        "const CAP_ENTER_THREAD_OWNED_HEAD: u64 = u64::MAX - 2;",
        "const CAP_ENTER_SQ_CONSUMER_BUSY: u64 = u64::MAX - 3;",
        "if ret == u64::MAX { return Err(SyscallError::Rejected); }",
        "in(\"rax\") 1u64, in(\"rdi\") code as u64",
        "inlateout(\"rax\") 2u64 => ret, in(\"rdi\") min_complete as u64, in(\"rsi\") timeout_ns",
        "inlateout(\"rax\") 3u64 => ret, in(\"rdi\") checkpoint, in(\"rsi\") metadata",
        "inlateout(\"rax\") 0u64 => ret",
    ] {
        assert!(source::defines(&text, definition), "{definition}");
    }
    let compared = same! {
        syscall::RETIRED_WRITE => 0,
        syscall::EXIT => 1,
        syscall::CAP_ENTER => 2,
        syscall::CHECKPOINT => 3,
        syscall::REJECTED => u64::MAX,
        syscall::THREAD_OWNED_HEAD => u64::MAX - 2,
        syscall::CONSUMER_BUSY => u64::MAX - 3,
        syscall::TIMEOUT_FOREVER => capos_rt::syscall::CAP_ENTER_WAIT_FOREVER,
    };
    assert_complete("syscall.rs", &compared);
}

#[test]
fn a_table_has_as_many_slots_as_published() {
    same! {
        kernel_core::capability_table::SLOT_QUOTA => capos_abi::PROCESS_CAP_SLOT_LIMIT,
    };
}

/// A file of constants that no test names would go unnoticed.
#[test]
fn no_file_of_the_abi_is_left_out() {
    let mut files = BTreeSet::new();
    collect(&source::guest_abi(), "", &mut files);
    let known = [
        // The boot image is capbench's own; the manifest of capOS is another.
        "boot_image.rs",
        "capset.rs",
        "interface.rs",
        "layout.rs",
        "lib.rs",
        "ring/entry.rs",
        "ring/message.rs",
        "ring/mod.rs",
        "ring/validate.rs",
        "schema/capos_capnp.rs",
        "schema/measure_capnp.rs",
        "schema/mod.rs",
        "syscall.rs",
    ];
    assert_eq!(files, known.map(str::to_owned).into());
}

fn collect(directory: &Path, prefix: &str, files: &mut BTreeSet<String>) {
    for entry in fs::read_dir(directory).expect("the ABI's sources") {
        let path = entry.expect("the ABI's sources").path();
        let name = path.file_name().expect("a name").to_string_lossy();
        let name = format!("{prefix}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files);
        } else {
            files.insert(name);
        }
    }
}
