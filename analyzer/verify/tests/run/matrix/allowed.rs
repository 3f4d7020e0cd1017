//! What may change without anybody's objection, and why: one line each.

use super::case::Case;

/// A part of a place's name, and the reason.
const ALLOWED: &[(&str, &str)] = &[
    // What a stream measures of itself; nothing else in a run knows it.
    ("Calibration/", "the kernel's own measurement of its probes"),
    (
        "ClockCertificate/tsc_hz",
        "measured by the guest, within 1 % of the emulator's",
    ),
    (
        "ClockCertificate/source",
        "how a kernel found its frequency is its word",
    ),
    (
        "WindowBegun/time",
        "one tick more is still when its frame was written",
    ),
    (
        "WindowEnded/time",
        "one tick more is still when its frame was written",
    ),
    (
        "EndOfStream/time",
        "one tick more is still when its frame was written",
    ),
    (
        "WindowCounter/value",
        "a reading between the one before and the one behind",
    ),
    (
        "AuthorityExercised",
        "how often a granted interface was used is the kernel's count",
    ),
    // Words that no result is made of.
    (
        "capos-ring-samples SegmentDeclared",
        "a stream without spans uses no segment",
    ),
    (
        "CounterDeclared/unit",
        "only of times is the unit read, and only where they are held",
    ),
    (
        "linux-linux-matched Session/build_id",
        "a package's kernel is known by its package",
    ),
    (
        "linux-linux-matched Session/features",
        "which instruments watched shows in their counters",
    ),
    (
        "linux-linux-matched ThreadDeclared/pid",
        "its one program has one process",
    ),
    ("MetricDeclared/name", "metrics are known by number"),
    (
        "header of Counters context",
        "a counter is summed over contexts",
    ),
    (
        "header of Instants context",
        "an instant is taken for what it says, from any context",
    ),
    (
        "Root/dispatch.flow",
        "ties parts of one call together, for people",
    ),
    (
        "Root/dispatch.opcode",
        "what was called is no part of how long it took",
    ),
    (
        "Root/dispatch.result",
        "the program's oracle judges results",
    ),
    // What a record says to people.
    ("run.json /boots/0/wallMs", "how long the host took"),
    (
        "run.json /checkout/dirty",
        "changed sources are said to be so; unchanged ones replay",
    ),
    ("run.json /command/0", "how the program was called"),
    (
        "run.json /envelope/host/",
        "in exact mode no number depends on the host",
    ),
    (
        "run.json /guests/0/features",
        "the features that count are the stream's",
    ),
    (
        "run.json /guests/0/profile",
        "the binary that came of it is known by its hash",
    ),
    (
        "run.json /toolchain/cc",
        "distributions name their compilers as they like",
    ),
    (".console.log", "a transcript that no row is judged by"),
    (".qemu.log", "the emulator's messages, for people"),
];

/// The reason why a case may pass.
pub fn reason(case: &Case) -> Option<&'static str> {
    let mut allowed = ALLOWED.iter();
    let found = allowed.find(|(part, _)| case.place.contains(part));
    found.map(|(_, reason)| *reason)
}

/// Reasons that none of these cases needed.
pub fn unneeded<'a>(needed: &'a [&'static str]) -> impl Iterator<Item = &'static str> + 'a {
    let reasons = ALLOWED.iter().map(|(_, reason)| *reason);
    reasons.filter(move |reason| !needed.contains(reason))
}
