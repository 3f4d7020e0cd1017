//! The words a reader of a report needs. The book's glossary is normative.

use crate::document::{Block, Section};

const WORDS: [(&str, &str); 17] = [
    (
        "bias",
        "what a window holds that exact mode counts as one instruction and hardware does not execute at that price.",
    ),
    (
        "bimodal",
        "values with two modes: the median is near one of them, or near neither.",
    ),
    ("boot", "one start of one guest; the unit of replication."),
    (
        "cold value",
        "the first sample of a window, before any warm-up.",
    ),
    (
        "dispatch",
        "one on-CPU stretch of one submission's processing; the root of a segment tree.",
    ),
    (
        "envelope",
        "everything outside the guest image that can change a number. Ratios are formed only inside one.",
    ),
    (
        "instruction",
        "in exact mode, one instruction executed by the virtual CPU, as counted by the emulator. Not a cycle and not a time.",
    ),
    ("median", "of a result: the median of its boots' medians."),
    (
        "not settled",
        "the first batches that count differ from the rest by more than chance: more warm-up is needed than was declared.",
    ),
    (
        "oracle",
        "the check, in the benchmark program, that every operation did what it must. No oracle, no number.",
    ),
    (
        "p95 of batch means",
        "the 95th percentile of per-operation means of batches. Not the 95th percentile of operations.",
    ),
    ("pass", "a boot with one second instrument."),
    (
        "perturbation",
        "the median under a pass's instrument minus the median of the samples pass.",
    ),
    (
        "self",
        "a segment's duration without its children; corrected: with the probes' own cost taken out.",
    ),
    (
        "series",
        "definition, guest, system, authority profile and envelope together. Values are compared over runs only inside one series.",
    ),
    (
        "value",
        "the number of a row: its median, or its mean per operation where two modes hold a quarter of the samples each.",
    ),
    (
        "virtual_ns",
        "the emulator's virtual clock, which idling moves too; the unit in exact mode where the processor waits.",
    ),
];

pub(super) fn section() -> Section {
    let mut section = super::section("glossary", "Glossary");
    let words = WORDS.map(|(word, meaning)| (word.to_owned(), meaning.into()));
    section.blocks.push(Block::Terms(words.into()));
    section
}
