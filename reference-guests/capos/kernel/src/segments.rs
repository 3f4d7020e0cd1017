//! The named parts of this kernel's paths, and where test instructions go.
//!
//! A system call is `entry`, `fp_save`, then one `dispatch` for each submission,
//! then `fp_restore`. Inside a dispatch the segments are laps: they share their
//! boundaries, and one that did not happen is not there. A submission that completes
//! later is a second dispatch, which has `copy` and `transfer` where a message came
//! from another process. What changes a program's memory has two spans inside of its
//! `body`: `page_table` and `tlb_flush`; what starts a process has `elf_load`.
//! Between two threads lie `schedule`, `idle` while there is nobody to run, and
//! `context_switch`.

use kernel_measure::SegmentId;
#[cfg(feature = "measure")]
use kernel_measure::control::{SegmentDeclared, SegmentKind};

/// From the first instructions of the kernel's entry to registers saved.
pub const ENTRY: SegmentId = SegmentId::new(0);
/// Saving the SSE and x87 state and giving the kernel a clean one.
pub const FP_SAVE: SegmentId = SegmentId::new(1);
/// Restoring the SSE and x87 state.
pub const FP_RESTORE: SegmentId = SegmentId::new(2);
/// One on-CPU stretch of one submission; the root of the laps below.
pub const DISPATCH: SegmentId = SegmentId::new(3);
/// Taking the submission off its queue.
pub const RING: SegmentId = SegmentId::new(4);
/// Checking it against the wire rules.
pub const VALIDATE: SegmentId = SegmentId::new(5);
/// Finding the capability.
pub const LOOKUP: SegmentId = SegmentId::new(6);
/// Copying the parameters in and making a typed request of them.
pub const DECODE: SegmentId = SegmentId::new(7);
/// The method body, or the work of an operation that is not a call.
pub const BODY: SegmentId = SegmentId::new(8);
/// Building the result message and copying it out.
pub const ENCODE: SegmentId = SegmentId::new(9);
/// Posting the completion.
pub const POST: SegmentId = SegmentId::new(10);
/// Looking whether somebody waits for it.
pub const WAKE: SegmentId = SegmentId::new(11);
/// Copying a message from one process to another.
pub const COPY: SegmentId = SegmentId::new(12);
/// Handing capabilities from one process to another.
pub const TRANSFER: SegmentId = SegmentId::new(13);
/// Loading another process's address space.
pub const ADDRESS_SPACE: SegmentId = SegmentId::new(14);
/// From the first instructions of the timer's interrupt to everything saved.
pub const INTERRUPT: SegmentId = SegmentId::new(15);
/// Changing a program's page tables: taking and zeroing frames, giving them back,
/// writing entries.
pub const PAGE_TABLE: SegmentId = SegmentId::new(16);
/// Making the processor forget translations.
pub const TLB_FLUSH: SegmentId = SegmentId::new(17);
/// Making an address space of an executable: frames, page tables, contents, ring,
/// CapSet and capability table.
pub const ELF_LOAD: SegmentId = SegmentId::new(18);
/// What is typed on its way through the line discipline, its echo among it.
pub const LINE_DISCIPLINE: SegmentId = SegmentId::new(19);
/// Choosing who runs next.
pub const SCHEDULE: SegmentId = SegmentId::new(20);
/// From one thread to another, once the other's address space is loaded.
pub const CONTEXT_SWITCH: SegmentId = SegmentId::new(21);
/// Waiting for an interrupt: the clock goes on, and nothing is executed.
pub const IDLE: SegmentId = SegmentId::new(22);

/// All of them, for the session's header: id, kind, parent, name.
#[cfg(feature = "measure")]
pub const DECLARED: &[SegmentDeclared<'static>] = &[
    declare(ENTRY, SegmentKind::Lap, None, "entry"),
    declare(FP_SAVE, SegmentKind::Lap, None, "fp_save"),
    declare(FP_RESTORE, SegmentKind::Lap, None, "fp_restore"),
    declare(DISPATCH, SegmentKind::Dispatch, None, "dispatch"),
    declare(RING, SegmentKind::Lap, Some(DISPATCH), "ring"),
    declare(VALIDATE, SegmentKind::Lap, Some(DISPATCH), "validate"),
    declare(LOOKUP, SegmentKind::Lap, Some(DISPATCH), "lookup"),
    declare(DECODE, SegmentKind::Lap, Some(DISPATCH), "decode"),
    declare(BODY, SegmentKind::Lap, Some(DISPATCH), "body"),
    declare(ENCODE, SegmentKind::Lap, Some(DISPATCH), "encode"),
    declare(POST, SegmentKind::Lap, Some(DISPATCH), "post"),
    declare(WAKE, SegmentKind::Lap, Some(DISPATCH), "wake"),
    declare(COPY, SegmentKind::Lap, Some(DISPATCH), "copy"),
    declare(TRANSFER, SegmentKind::Lap, Some(DISPATCH), "transfer"),
    declare(ADDRESS_SPACE, SegmentKind::Span, None, "address_space"),
    declare(INTERRUPT, SegmentKind::Lap, None, "interrupt"),
    declare(PAGE_TABLE, SegmentKind::Span, Some(BODY), "page_table"),
    declare(TLB_FLUSH, SegmentKind::Span, Some(BODY), "tlb_flush"),
    declare(ELF_LOAD, SegmentKind::Span, Some(BODY), "elf_load"),
    declare(LINE_DISCIPLINE, SegmentKind::Span, None, "line_discipline"),
    declare(SCHEDULE, SegmentKind::Span, None, "schedule"),
    declare(CONTEXT_SWITCH, SegmentKind::Span, None, "context_switch"),
    declare(IDLE, SegmentKind::Span, None, "idle"),
];

#[cfg(feature = "measure")]
const fn declare(
    id: SegmentId,
    kind: SegmentKind,
    parent: Option<SegmentId>,
    name: &str,
) -> SegmentDeclared<'_> {
    SegmentDeclared {
        id: id.get(),
        parent: match parent {
            Some(parent) => Some(parent.get()),
            None => None,
        },
        kind,
        name,
    }
}
