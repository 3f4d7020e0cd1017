//! Interface ids and kernel sources are the published ones.

use std::collections::BTreeSet;

use capos_config::{self as published, CueValue, FromCueValue, KernelCapSource};
use capos_rt::capos_capnp;
use guest_abi::interface::{self, KernelSource};
use published_abi::source;

/// What is capbench's own: published by nobody.
const OWN_INTERFACE: &str = "MEASURE_CONTROL";
const OWN_SOURCE: KernelSource = KernelSource::MeasureControl;

#[test]
fn every_interface_id_is_the_published_one() {
    let compared = [
        (
            "CONSOLE",
            interface::CONSOLE,
            published::CONSOLE_INTERFACE_ID,
        ),
        ("TIMER", interface::TIMER, published::TIMER_INTERFACE_ID),
        ("NULL", interface::NULL, published::NULL_INTERFACE_ID),
        (
            "PARK_BENCH",
            interface::PARK_BENCH,
            published::PARK_BENCH_INTERFACE_ID,
        ),
        (
            "PARK_SPACE",
            interface::PARK_SPACE,
            published::PARK_SPACE_INTERFACE_ID,
        ),
        (
            "BOOT_PACKAGE",
            interface::BOOT_PACKAGE,
            published::BOOT_PACKAGE_INTERFACE_ID,
        ),
        (
            "PROCESS_SPAWNER",
            interface::PROCESS_SPAWNER,
            published::PROCESS_SPAWNER_INTERFACE_ID,
        ),
        (
            "PROCESS_HANDLE",
            interface::PROCESS_HANDLE,
            published::PROCESS_HANDLE_INTERFACE_ID,
        ),
        (
            "CAPABILITY_MANAGER",
            interface::CAPABILITY_MANAGER,
            published::CAPABILITY_MANAGER_INTERFACE_ID,
        ),
        (
            "ENDPOINT",
            interface::ENDPOINT,
            published::ENDPOINT_INTERFACE_ID,
        ),
        (
            "THREAD_CONTROL",
            interface::THREAD_CONTROL,
            published::THREAD_CONTROL_INTERFACE_ID,
        ),
        (
            "THREAD_SPAWNER",
            interface::THREAD_SPAWNER,
            published::THREAD_SPAWNER_INTERFACE_ID,
        ),
        (
            "THREAD_HANDLE",
            interface::THREAD_HANDLE,
            published::THREAD_HANDLE_INTERFACE_ID,
        ),
        (
            "VIRTUAL_MEMORY",
            interface::VIRTUAL_MEMORY,
            published::VIRTUAL_MEMORY_INTERFACE_ID,
        ),
        (
            "MEMORY_OBJECT",
            interface::MEMORY_OBJECT,
            published::MEMORY_OBJECT_INTERFACE_ID,
        ),
        (
            "FRAME_ALLOCATOR",
            interface::FRAME_ALLOCATOR,
            published::FRAME_ALLOCATOR_INTERFACE_ID,
        ),
        (
            "TERMINAL_SESSION",
            interface::TERMINAL_SESSION,
            published::TERMINAL_SESSION_INTERFACE_ID,
        ),
        (
            "CREDENTIAL_STORE",
            interface::CREDENTIAL_STORE,
            published::CREDENTIAL_STORE_INTERFACE_ID,
        ),
        (
            "SESSION_MANAGER",
            interface::SESSION_MANAGER,
            published::SESSION_MANAGER_INTERFACE_ID,
        ),
        (
            "USER_SESSION",
            interface::USER_SESSION,
            published::USER_SESSION_INTERFACE_ID,
        ),
        (
            "AUTHORITY_BROKER",
            interface::AUTHORITY_BROKER,
            published::AUTHORITY_BROKER_INTERFACE_ID,
        ),
        (
            "RESTRICTED_LAUNCHER",
            interface::RESTRICTED_LAUNCHER,
            published::RESTRICTED_LAUNCHER_INTERFACE_ID,
        ),
        (
            "SYSTEM_INFO",
            interface::SYSTEM_INFO,
            published::SYSTEM_INFO_INTERFACE_ID,
        ),
    ];
    for (name, ours, theirs) in compared {
        assert_eq!(ours, theirs, "{name}");
    }
    let text = source::read(&source::guest_abi().join("interface.rs"));
    let mut declared = source::public_constants(&text);
    // A list, and no interface.
    declared.remove("ALL");
    assert!(declared.remove(OWN_INTERFACE));
    let compared: BTreeSet<String> = compared.map(|(name, ..)| name.to_owned()).into();
    assert_eq!(declared, compared, "left declared, right compared");
}

#[test]
fn every_kernel_source_has_the_published_name_ordinal_and_interface() {
    for &source in KernelSource::ALL {
        if source == OWN_SOURCE {
            continue;
        }
        let name = CueValue::Text(source.name().into());
        let theirs = KernelCapSource::from_cue_value(&name);
        let theirs = theirs.unwrap_or_else(|error| panic!("{}: {error}", source.name()));
        assert_eq!(
            source.interface_id(),
            theirs.default_interface_id(),
            "{source:?}"
        );
        let ordinal = capos_capnp::KernelCapSource::try_from(source as u16);
        let ordinal = ordinal.unwrap_or_else(|error| panic!("{}: {error:?}", source.name()));
        // Enumerants and variants are spelled alike.
        assert_eq!(format!("{ordinal:?}"), format!("{theirs:?}"));
        assert_eq!(format!("{ordinal:?}"), format!("{source:?}"));
    }
}

#[test]
fn what_is_capbenchs_own_collides_with_nothing_published() {
    let ordinal = OWN_SOURCE as u16;
    assert!(capos_capnp::KernelCapSource::try_from(ordinal).is_err());
    let name = CueValue::Text(OWN_SOURCE.name().into());
    assert!(KernelCapSource::from_cue_value(&name).is_err());
}
