//! The meaning of ids, for the session's header.

use super::{
    CQE_POSTED, EXCEPTIONS, FAULTS, HANDOFFS, INTERRUPTS, LOOKUP_NOT_FOUND, LOOKUP_REVOKED,
    LOOKUP_STALE, PENDING, PREEMPTIONS, SQE_CONSUMED, SQE_REFUSED, SWITCH, SWITCHES, SYSCALLS,
    TRANSFERS, WAKES,
};
use crate::capability;
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

/// All interfaces.
pub const INTERFACES: &[InterfaceDeclared<'static>] = &{
    let mut declared = [InterfaceDeclared {
        index: 0,
        id: 0,
        name: "",
    }; capability::INTERFACES.len()];
    let mut place = 0;
    while place < declared.len() {
        let interface = &capability::INTERFACES[place];
        declared[place] = InterfaceDeclared {
            index: interface.index,
            id: interface.id,
            name: interface.name,
        };
        place += 1;
    }
    declared
};

/// One more than the largest index.
pub const INTERFACE_LIMIT: usize = 32;

const _: () = {
    let mut place = 0;
    while place < INTERFACES.len() {
        assert!((INTERFACES[place].index as usize) < INTERFACE_LIMIT);
        assert!(
            place == 0 || INTERFACES[place - 1].index < INTERFACES[place].index,
            "every interface has an index of its own"
        );
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
