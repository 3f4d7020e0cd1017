//! Which boots of an exact run take place again, because streams that must be equal
//! are not.
//!
//! A difference is either the guest's, and then a number means nothing, or a rare
//! slip of the emulator's clock. More boots distinguish the two: where two differ, two
//! further cold ones follow, and of [`FEWEST_BOOTS`] or more of a system and variant
//! one may differ. That one takes place once more. It stays in the record, and the
//! repetition says which attempt it is. Any other split is left as it is, for the
//! judge to refuse.

use std::collections::BTreeMap;

use capbench_results::Digest;

use super::{BootId, CapturedBoot};
use crate::guest::{GuestName, Variant};

/// Boots of a system and variant that show which one is odd.
pub const FEWEST_BOOTS: usize = 4;
/// Boots that follow where too few differ.
const FURTHER_BOOTS: u32 = 2;

/// Boots whose streams must be equal.
pub type Kind<'a> = (GuestName, &'a str, Variant);

/// Whether a later attempt stands in for this boot.
pub fn is_repeated(boot: &BootId, boots: &[CapturedBoot]) -> bool {
    boots.iter().any(|other| other.id.repeats(boot))
}

/// Boots by kind, audits left out.
pub fn kinds(boots: &[CapturedBoot]) -> BTreeMap<Kind<'_>, Vec<&CapturedBoot>> {
    let mut kinds: BTreeMap<Kind, Vec<&CapturedBoot>> = BTreeMap::new();
    for boot in boots.iter().filter(|boot| !boot.id.audit) {
        let kind = (boot.id.guest, boot.id.system.as_str(), boot.id.variant);
        kinds.entry(kind).or_default().push(boot);
    }
    kinds
}

/// What is to be booted next; empty once nothing more can be learned.
pub fn further(boots: &[CapturedBoot]) -> Vec<BootId> {
    let kinds = kinds(boots).into_values();
    kinds.flat_map(|kind| of_kind(&kind)).collect()
}

fn of_kind(boots: &[&CapturedBoot]) -> Vec<BootId> {
    let has_repeated = boots.iter().any(|boot| boot.id.attempt > 1);
    let mut streams: BTreeMap<Digest, Vec<&BootId>> = BTreeMap::new();
    for boot in boots {
        match boot.stream() {
            Some(stream) if boot.exit.is_clean() => {
                streams.entry(stream.sha256).or_default().push(&boot.id);
            }
            // What went wrong differs for a reason of its own.
            _ => return Vec::new(),
        }
    }
    if streams.len() < 2 || has_repeated {
        return Vec::new();
    }
    if boots.len() < FEWEST_BOOTS {
        let last = boots.iter().map(|boot| boot.id.index).max().unwrap_or(0);
        let further = (1..=FURTHER_BOOTS).map(|more| BootId {
            index: last + more,
            ..boots[0].id.clone()
        });
        return further.collect();
    }
    let mut sizes: Vec<&Vec<&BootId>> = streams.values().collect();
    sizes.sort_by_key(|boots| boots.len());
    match sizes[..] {
        [odd, _] if odd.len() == 1 => vec![BootId {
            attempt: odd[0].attempt + 1,
            ..odd[0].clone()
        }],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::boot::Exit;
    use crate::boot::tests::boot;

    /// Boots of one kind, from 1 on, that sent these bytes.
    fn boots(streams: &[&str]) -> Vec<CapturedBoot> {
        let numbered = streams.iter().zip(1..);
        numbered
            .map(|(bytes, index)| boot(Variant::Samples, index, bytes.as_bytes(), Exit::Clean))
            .collect()
    }

    fn stems(boots: &[CapturedBoot]) -> Vec<String> {
        further(boots).iter().map(BootId::stem).collect()
    }

    const TWO_MORE: [&str; 2] = ["capos-ring-samples-3", "capos-ring-samples-4"];

    #[test]
    fn equal_boots_stay_as_they_are() {
        assert_eq!(stems(&boots(&["a"])), [""; 0]);
        assert_eq!(stems(&boots(&["a", "a", "a", "a", "a"])), [""; 0]);
    }

    #[test]
    fn two_that_differ_are_followed_by_two_more() {
        assert_eq!(stems(&boots(&["a", "b"])), TWO_MORE);
        let three = stems(&boots(&["a", "a", "b"]));
        assert_eq!(three, ["capos-ring-samples-4", "capos-ring-samples-5"]);
    }

    #[test]
    fn one_of_four_or_more_is_repeated_once() {
        for streams in [&["a", "b", "a", "a"][..], &["a", "b", "a", "a", "a"]] {
            let mut boots = boots(streams);
            assert_eq!(stems(&boots), ["capos-ring-samples-2-attempt-2"]);
            for bytes in [&b"a"[..], b"c"] {
                let mut repetition = boot(Variant::Samples, 2, bytes, Exit::Clean);
                repetition.id.attempt = 2;
                boots.push(repetition);
                assert!(is_repeated(&boots[1].id, &boots));
                assert!(!is_repeated(&boots[0].id, &boots));
                assert_eq!(stems(&boots), [""; 0], "whatever it sent");
                boots.pop();
            }
        }
    }

    #[test]
    fn any_other_split_is_left_to_the_judge() {
        assert_eq!(stems(&boots(&["a", "a", "b", "b"])), [""; 0]);
        assert_eq!(stems(&boots(&["a", "a", "a", "b", "b"])), [""; 0]);
        assert_eq!(stems(&boots(&["a", "b", "c", "a"])), [""; 0]);
    }

    #[test]
    fn a_boot_that_went_wrong_is_no_reason_for_another() {
        let mut boots = boots(&["a", "b"]);
        boots[1].exit = Exit::KernelPanic;
        assert_eq!(stems(&boots), [""; 0]);
    }

    #[test]
    fn audits_and_other_kinds_are_not_held_against_each_other() {
        let mut boots = boots(&["a"]);
        boots.push(boot(Variant::Segments, 1, b"b", Exit::Clean));
        let mut audit = boot(Variant::Segments, 1, b"c", Exit::Clean);
        audit.id.audit = true;
        boots.push(audit);
        assert_eq!(stems(&boots), [""; 0]);
    }
}
