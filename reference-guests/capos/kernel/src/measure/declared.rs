//! The meaning of ids, for the session's header.

use super::{
    CQE_POSTED, EXCEPTIONS, FAULTS, HANDOFFS, INTERRUPTS, LOOKUP_NOT_FOUND, LOOKUP_REVOKED,
    LOOKUP_STALE, PENDING, PREEMPTIONS, SQE_CONSUMED, SQE_REFUSED, SWITCH, SWITCHES, SYSCALLS,
    TRANSFERS, WAKES,
};
use guest_abi::interface;
use kernel_measure::CounterId;
use kernel_measure::control::{Aggregation, CounterDeclared, InstantDeclared, InterfaceDeclared};

/// All counters.
pub const COUNTERS: [CounterDeclared<'static>; 16] = [
    counter(SYSCALLS, "calls", "syscalls"),
    counter(SQE_CONSUMED, "entries", "sqe_consumed"),
    counter(CQE_POSTED, "entries", "cqe_posted"),
    counter(SQE_REFUSED, "entries", "sqe_refused"),
    counter(LOOKUP_NOT_FOUND, "lookups", "lookup_not_found"),
    counter(LOOKUP_STALE, "lookups", "lookup_stale_generation"),
    counter(LOOKUP_REVOKED, "lookups", "lookup_revoked"),
    counter(EXCEPTIONS, "calls", "exceptions"),
    counter(PENDING, "entries", "sqe_pending"),
    counter(WAKES, "wakes", "wakes"),
    counter(SWITCHES, "switches", "context_switches"),
    counter(FAULTS, "faults", "process_faults"),
    counter(HANDOFFS, "handoffs", "handoffs"),
    counter(PREEMPTIONS, "turns", "preemptions"),
    counter(INTERRUPTS, "interrupts", "interrupts"),
    counter(TRANSFERS, "capabilities", "transfers"),
];

/// All instants.
pub const INSTANTS: [InstantDeclared<'static>; 1] = [InstantDeclared {
    id: SWITCH.get(),
    name: "switch",
    a: "from_tid",
    b: "to_tid",
}];

/// All interfaces, by `Object::interface_index`.
pub const INTERFACES: &[InterfaceDeclared<'static>] = &[
    named(0, interface::CONSOLE, "Console"),
    named(1, interface::TIMER, "Timer"),
    named(2, interface::NULL, "NullCap"),
    named(3, interface::PARK_BENCH, "ParkBench"),
    named(4, interface::BOOT_PACKAGE, "BootPackage"),
    named(5, interface::PROCESS_SPAWNER, "ProcessSpawner"),
    named(6, interface::PROCESS_HANDLE, "ProcessHandle"),
    named(7, interface::CAPABILITY_MANAGER, "CapabilityManager"),
    named(8, interface::MEASURE_CONTROL, "MeasureControl"),
    named(9, interface::ENDPOINT, "Endpoint"),
    named(10, interface::PARK_SPACE, "ParkSpace"),
    named(11, interface::THREAD_CONTROL, "ThreadControl"),
    named(12, interface::THREAD_SPAWNER, "ThreadSpawner"),
    named(13, interface::THREAD_HANDLE, "ThreadHandle"),
    named(14, interface::VIRTUAL_MEMORY, "VirtualMemory"),
    named(15, interface::MEMORY_OBJECT, "MemoryObject"),
    named(16, interface::FRAME_ALLOCATOR, "FrameAllocator"),
    named(20, interface::TERMINAL_SESSION, "TerminalSession"),
    named(21, interface::CREDENTIAL_STORE, "CredentialStore"),
    named(22, interface::SESSION_MANAGER, "SessionManager"),
    named(23, interface::USER_SESSION, "UserSession"),
    named(24, interface::AUTHORITY_BROKER, "AuthorityBroker"),
    named(25, interface::RESTRICTED_LAUNCHER, "RestrictedLauncher"),
    named(26, interface::SYSTEM_INFO, "SystemInfo"),
];

/// One more than the largest index.
pub const INTERFACE_LIMIT: usize = 32;

const _: () = {
    let mut place = 0;
    while place < INTERFACES.len() {
        assert!((INTERFACES[place].index as usize) < INTERFACE_LIMIT);
        place += 1;
    }
};

/// Interfaces whose objects hand out capabilities of this one: a program that was not
/// granted such a capability has it from there.
pub const fn givers(interface: u64) -> &'static [u64] {
    match interface {
        interface::PROCESS_HANDLE => &[interface::PROCESS_SPAWNER, interface::RESTRICTED_LAUNCHER],
        interface::CAPABILITY_MANAGER => &[interface::PROCESS_SPAWNER],
        interface::THREAD_HANDLE => &[interface::THREAD_SPAWNER],
        interface::MEMORY_OBJECT => &[interface::FRAME_ALLOCATOR],
        // The parent's side of a child's endpoint.
        interface::ENDPOINT => &[interface::PROCESS_SPAWNER, interface::RESTRICTED_LAUNCHER],
        interface::USER_SESSION => &[interface::SESSION_MANAGER, interface::AUTHORITY_BROKER],
        interface::RESTRICTED_LAUNCHER | interface::SYSTEM_INFO => &[interface::AUTHORITY_BROKER],
        _ => &[],
    }
}

const fn counter(
    id: CounterId,
    unit: &'static str,
    name: &'static str,
) -> CounterDeclared<'static> {
    CounterDeclared {
        id: id.get(),
        aggregation: Aggregation::Sum,
        unit,
        name,
    }
}

const fn named(index: u8, id: u64, name: &'static str) -> InterfaceDeclared<'static> {
    InterfaceDeclared { index, id, name }
}
