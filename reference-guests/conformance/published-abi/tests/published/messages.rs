//! The messages of the guest's schema have the published bytes, and the published
//! clients understand what is written with them.
//!
//! Names may differ, since the guest's schema writes methods as pairs of structures;
//! what is compared is size, and place and kind of every field.

use std::collections::BTreeSet;

use capos_rt::capos_capnp as theirs;
use capos_rt::{CapabilityRef, ClientError, ExceptionType, RingClient, Timer, TimerClient};
use capos_rt::{Console, ConsoleClient, decode_completed_call};
use guest_abi::capos_capnp as ours;
use guest_abi::ring::{
    CQ_ENTRIES, CQE_OFFSET, Cqe, CqeFlags, Header, ResultCap, SQ_ENTRIES, SQE_OFFSET, Sqe, opcode,
    result, validate,
};
use published_abi::source;

/// Size and fields of a message, by one of the two versions of the library.
macro_rules! shape {
    ($library:ident, $message:path) => {{
        use $library::introspect::{Introspect, TypeVariant};
        use $library::schema_capnp::{field, type_};
        use $message as message;
        let size = <message::Builder<'_> as $library::traits::HasStructSize>::STRUCT_SIZE;
        let TypeVariant::Struct(schema) = message::Owned::introspect().which() else {
            panic!("a message is a structure");
        };
        let schema: $library::schema::StructSchema = schema.into();
        let mut fields: Vec<Field> = schema
            .get_fields()
            .expect("a schema")
            .iter()
            .map(|field| {
                let proto = field.get_proto();
                let field::Which::Slot(slot) = proto.which().expect("a field") else {
                    panic!("a message without groups");
                };
                let kind = match slot.get_type().expect("a type").which().expect("a type") {
                    type_::Void(()) => "void",
                    type_::Bool(()) => "bool",
                    type_::Int64(()) => "signed, 64 bits",
                    // A kernel source is a number here, for there are more than these.
                    type_::Uint16(()) | type_::Enum(_) => "16 bits",
                    type_::Uint32(()) => "32 bits",
                    type_::Uint64(()) => "64 bits",
                    type_::Text(()) => "text",
                    type_::Data(()) => "data",
                    type_::List(_) => "list",
                    type_::Struct(_) => "structure",
                    _ => "something else",
                };
                Field {
                    kind,
                    offset: slot.get_offset(),
                    discriminant: proto.get_discriminant_value(),
                }
            })
            .collect();
        // In the order of the wire; that of the text is nobody's business.
        fields.sort();
        Shape {
            words: (size.data, size.pointers),
            fields,
        }
    }};
}

#[derive(Debug, PartialEq, Eq)]
struct Shape {
    words: (u16, u16),
    fields: Vec<Field>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Field {
    kind: &'static str,
    offset: u32,
    discriminant: u16,
}

/// Holds messages against each other. The names of ours.
macro_rules! same_shape {
    ($($ours:ident = $($theirs:ident)::+),* $(,)?) => {{
        $(assert_eq!(
            shape!(guest_capnp, ours::$ours),
            shape!(capnp, theirs::$($theirs)::+),
            "ours, published: {}", stringify!($ours)
        );)*
        BTreeSet::from([$(stringify!($ours).to_owned()),*])
    }};
}

#[test]
fn every_message_has_the_published_fields_in_their_places() {
    let compared = same_shape! {
        console_write_params = console::write_params,
        console_write_line_params = console::write_line_params,
        timer_now_results = timer::now_results,
        timer_sleep_params = timer::sleep_params,
        park_bench_wait_params = park_bench::wait_params,
        park_bench_wait_results = park_bench::wait_results,
        park_bench_wake_params = park_bench::wake_params,
        park_bench_wake_results = park_bench::wake_results,
        boot_package_manifest_size_results = boot_package::manifest_size_results,
        boot_package_read_manifest_params = boot_package::read_manifest_params,
        boot_package_read_manifest_results = boot_package::read_manifest_results,
        process_spawner_spawn_params = process_spawner::spawn_params,
        process_spawner_spawn_results = process_spawner::spawn_results,
        process_handle_wait_results = process_handle::wait_results,
        thread_control_get_fs_base_results = thread_control::get_fs_base_results,
        thread_control_set_fs_base_params = thread_control::set_fs_base_params,
        thread_control_exit_thread_params = thread_control::exit_thread_params,
        thread_spawner_create_params = thread_spawner::create_params,
        thread_spawner_create_results = thread_spawner::create_results,
        thread_handle_join_results = thread_handle::join_results,
        thread_handle_exit_code_results = thread_handle::exit_code_results,
        capability_manager_list_results = capability_manager::list_results,
        capability_manager_revoke_params = capability_manager::revoke_params,
        capability_manager_revoke_results = capability_manager::revoke_results,
        virtual_memory_map_params = virtual_memory::map_params,
        virtual_memory_map_results = virtual_memory::map_results,
        virtual_memory_unmap_params = virtual_memory::unmap_params,
        virtual_memory_protect_params = virtual_memory::protect_params,
        virtual_memory_reserve_params = virtual_memory::reserve_params,
        virtual_memory_reserve_results = virtual_memory::reserve_results,
        virtual_memory_commit_params = virtual_memory::commit_params,
        virtual_memory_decommit_params = virtual_memory::decommit_params,
        memory_object_info_results = memory_object::info_results,
        memory_object_map_params = memory_object::map_params,
        memory_object_map_results = memory_object::map_results,
        memory_object_unmap_params = memory_object::unmap_params,
        memory_object_protect_params = memory_object::protect_params,
        frame_allocator_alloc_frame_results = frame_allocator::alloc_frame_results,
        frame_allocator_alloc_contiguous_params = frame_allocator::alloc_contiguous_params,
        frame_allocator_alloc_contiguous_results = frame_allocator::alloc_contiguous_results,
        terminal_session_write_params = terminal_session::write_params,
        terminal_session_write_line_params = terminal_session::write_line_params,
        terminal_session_read_line_params = terminal_session::read_line_params,
        terminal_session_read_line_results = terminal_session::read_line_results,
        session_manager_login_params = session_manager::login_params,
        session_manager_login_results = session_manager::login_results,
        user_session_info_results = user_session::info_results,
        user_session_audit_context_results = user_session::audit_context_results,
        user_session_logout_results = user_session::logout_results,
        restricted_launcher_spawn_results = restricted_launcher::spawn_results,
        restricted_launcher_list_binaries_results = restricted_launcher::list_binaries_results,
        system_info_motd_results = system_info::motd_results,
        system_info_hostname_results = system_info::hostname_results,
        line_request = line_request,
        login_selector = login_selector,
        login_source_metadata = login_source_metadata,
        principal_info = principal_info,
        session_info = session_info,
        bundle_endpoint = bundle_endpoint,
        credential_store_status_results = credential_store::console_password_status_results,
        credential_store_verify_params = credential_store::verify_console_password_params,
        credential_store_verify_results = credential_store::verify_console_password_results,
        credential_store_policy_results = credential_store::console_bootstrap_policy_results,
        credential_store_create_params = credential_store::create_console_password_params,
        credential_store_create_results = credential_store::create_console_password_results,
        authority_broker_bundle_params = authority_broker::shell_bundle_params,
        authority_broker_bundle_results = authority_broker::shell_bundle_results,
        cap_info = capability_info,
        cap_grant = cap_grant,
        cap_grant_source = cap_grant_source,
        cap_exception = cap_exception,
    };
    let generated = source::read(&source::guest_abi().join("schema/capos_capnp.rs"));
    let declared: BTreeSet<String> = generated
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod "))
        .map(|rest| rest.trim_end_matches(" {").to_owned())
        .collect();
    assert_eq!(declared, compared, "left declared, right compared");
}

#[test]
fn enumerations_have_the_published_numbers() {
    for number in 0..=5 {
        let ours = ours::CapGrantMode::try_from(number).ok();
        let theirs = theirs::CapGrantMode::try_from(number).ok();
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
        let ours = ours::ExceptionType::try_from(number).ok();
        let theirs = theirs::ExceptionType::try_from(number).ok();
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }
}

/// A ring page with the published client on one side and the test as the kernel on
/// the other, with nothing but the guest's own types.
struct Page(Box<Aligned>);

#[repr(C, align(4096))]
struct Aligned([u8; 4096]);

impl Page {
    fn new() -> Self {
        let mut page = Box::new(Aligned([0; 4096]));
        // SAFETY: a page has room for a header, and is aligned.
        unsafe { page.0.as_mut_ptr().cast::<Header>().write(Header::new()) };
        Self(page)
    }

    fn client(&mut self) -> RingClient {
        // SAFETY: the page outlives the client in every test; there is one client.
        unsafe { RingClient::from_raw_ring(self.0.0.as_mut_ptr()) }
            .expect("a ring like the published")
    }

    /// Takes the next submission, which must be valid.
    fn take(&mut self) -> Sqe {
        let base = self.0.0.as_mut_ptr();
        // SAFETY: indices are masked, and entries lie inside the page.
        let sqe = unsafe {
            let header = base.cast::<Header>();
            assert_ne!(
                (*header).sq_head,
                (*header).sq_tail,
                "nothing was submitted"
            );
            let slot = (*header).sq_head % SQ_ENTRIES;
            (*header).sq_head += 1;
            base.add(SQE_OFFSET).cast::<Sqe>().add(slot as usize).read()
        };
        assert_eq!(validate(&sqe), Ok(()));
        sqe
    }

    fn post(&mut self, cqe: Cqe) {
        let base = self.0.0.as_mut_ptr();
        // SAFETY: as in `take`.
        unsafe {
            let header = base.cast::<Header>();
            let slot = (*header).cq_tail % CQ_ENTRIES;
            base.add(CQE_OFFSET)
                .cast::<Cqe>()
                .add(slot as usize)
                .write(cqe);
            (*header).cq_tail += 1;
        }
    }
}

fn parameters(sqe: &Sqe) -> &[u8] {
    // SAFETY: the client keeps the buffer until the completion was read.
    unsafe { std::slice::from_raw_parts(sqe.addr as *const u8, sqe.len as usize) }
}

fn answer(sqe: &Sqe, bytes: &[u8]) {
    assert!(bytes.len() <= sqe.result_len as usize);
    // SAFETY: the client keeps the buffer until the completion was read.
    unsafe { (sqe.result_addr as *mut u8).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
}

#[test]
fn a_published_client_calls_and_is_answered_in_the_guests_words() {
    let mut page = Page::new();
    let mut ring = page.client();
    let timer = CapabilityRef::new(5, guest_abi::interface::TIMER);
    let mut timer = TimerClient::new(timer.typed::<Timer>().expect("the published id"));

    let call = timer.now(&mut ring).unwrap();
    let sqe = page.take();
    assert_eq!(
        (sqe.opcode, sqe.cap_id, sqe.method_id),
        (opcode::CALL, 5, 0)
    );
    let mut message = guest_capnp::message::Builder::new_default();
    let mut now = message.init_root::<ours::timer_now_results::Builder<'_>>();
    now.set_ns(123_456);
    now.set_tick(7);
    let bytes = guest_capnp::serialize::write_message_to_words(&message);
    answer(&sqe, &bytes);
    page.post(Cqe {
        user_data: sqe.user_data,
        result: bytes.len() as i32,
        ..Cqe::default()
    });
    let completion = ring.wait(call, 0).unwrap();
    let now = timer.finish_now(completion).unwrap();
    assert_eq!((now.monotonic_ns, now.tick), (123_456, 7));

    let call = timer.sleep(&mut ring, 987).unwrap();
    let sqe = page.take();
    let message = guest_capnp::serialize::read_message(
        parameters(&sqe),
        guest_capnp::message::ReaderOptions::new(),
    )
    .unwrap();
    let sleep = message.get_root::<ours::timer_sleep_params::Reader<'_>>();
    assert_eq!(sleep.unwrap().get_ns(), 987);
    page.post(Cqe {
        user_data: sqe.user_data,
        ..Cqe::default()
    });
    let completion = ring.wait(call, 0).unwrap();
    timer.finish_sleep(completion).unwrap();
}

#[test]
fn a_published_client_reads_the_guests_exceptions() {
    let kinds = [
        (ours::ExceptionType::Failed, ExceptionType::Failed),
        (ours::ExceptionType::Overloaded, ExceptionType::Overloaded),
        (
            ours::ExceptionType::Disconnected,
            ExceptionType::Disconnected,
        ),
        (
            ours::ExceptionType::Unimplemented,
            ExceptionType::Unimplemented,
        ),
        (
            ours::ExceptionType::InvalidArgument,
            ExceptionType::InvalidArgument,
        ),
    ];
    for (ours, published) in kinds {
        let mut page = Page::new();
        let mut ring = page.client();
        let room = vec![0; 512].into_boxed_slice();
        let call = ring.submit_call(1, 99, Vec::new().into(), room).unwrap();
        let sqe = page.take();
        let mut message = guest_capnp::message::Builder::new_default();
        let mut exception = message.init_root::<ours::cap_exception::Builder<'_>>();
        exception.set_type(ours);
        exception.set_message("no such thing");
        answer(
            &sqe,
            &guest_capnp::serialize::write_message_to_words(&message),
        );
        page.post(Cqe {
            user_data: sqe.user_data,
            result: result::APPLICATION_EXCEPTION,
            ..Cqe::default()
        });
        let completion = ring.wait(call, 0).unwrap();
        match decode_completed_call(&completion) {
            Err(ClientError::Application(exception)) => {
                assert_eq!(exception.exception_type(), published);
                assert_eq!(exception.message(), "no such thing");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_published_client_finds_the_capabilities_behind_an_answer() {
    let mut page = Page::new();
    let mut ring = page.client();
    let room = vec![0; 128].into_boxed_slice();
    let call = ring.submit_call(1, 0, Vec::new().into(), room).unwrap();
    let sqe = page.take();
    let records = [(7, 0x11), (0x0100_0003, 0x22)].map(|(cap_id, interface_id)| ResultCap {
        cap_id,
        reserved: 0,
        interface_id,
    });
    let payload = [9; 24];
    let behind = records.map(ResultCap::to_bytes).concat();
    answer(&sqe, &[&payload[..], &behind].concat());
    page.post(Cqe {
        user_data: sqe.user_data,
        result: payload.len() as i32,
        flags: CqeFlags::TRANSFER_RESULT_CAPS,
        cap_count: records.len() as u16,
        ..Cqe::default()
    });
    let completion = ring.wait(call, 0).unwrap();
    assert_eq!(completion.result_bytes(), Ok(&payload[..]));
    for (index, record) in records.into_iter().enumerate() {
        let found = completion.result_cap(index).unwrap();
        assert_eq!(
            found,
            CapabilityRef::new(record.cap_id, record.interface_id)
        );
    }
    assert!(completion.result_cap(records.len()).is_err());
}

/// Typed encoders start with a small first segment: what does not fit goes to others.
#[test]
fn a_long_line_of_a_published_client_is_read_across_segments() {
    let mut page = Page::new();
    let mut ring = page.client();
    let console = CapabilityRef::new(0, guest_abi::interface::CONSOLE);
    let mut console = ConsoleClient::new(console.typed::<Console>().expect("the published id"));
    let line = "x".repeat(4000);
    let _call = console.write_line(&mut ring, &line).unwrap();
    let sqe = page.take();
    let bytes = parameters(&sqe);
    assert!(bytes[..4] != [0; 4], "one segment would prove nothing");
    let message =
        guest_capnp::serialize::read_message(bytes, guest_capnp::message::ReaderOptions::new())
            .unwrap();
    let params = message.get_root::<ours::console_write_line_params::Reader<'_>>();
    assert_eq!(params.unwrap().get_text().unwrap().to_str(), Ok(&line[..]));
    page.post(Cqe {
        user_data: sqe.user_data,
        ..Cqe::default()
    });
}
