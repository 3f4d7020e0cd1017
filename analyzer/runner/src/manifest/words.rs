//! Words that definitions may use and that belong to no guest: what a guest knows
//! stands in its own [`Definition`](crate::guest::Definition).

use crate::guest::GuestName;

/// Versions of the rules that turn a stream into values.
pub const PARSERS: [u32; 1] = [1];

/// Input data that a program of some guest reads. None does yet.
pub const CORPORA: [&str; 0] = [];

/// What verifiers compare. A row's oracle is named by these, so a misspelt one would be
/// another oracle.
pub const CHECKS: [&str; 38] = [
    "badge",
    "cancellation",
    "capability",
    "capset",
    "cleanup",
    "clock",
    "count",
    "credential",
    "data",
    "echo",
    "errno",
    "exception",
    "exit_code",
    "interface",
    "leak",
    "line",
    "manifest",
    "order",
    "output",
    "overflow",
    "payload",
    "principal",
    "profile",
    "quota",
    "report",
    "result",
    "revocation",
    "stale_input",
    "status",
    "time",
    "transcript",
    "user_data",
    "visibility",
    "w_xor_x",
    "waited",
    "woken",
    "wrong_credential",
    "zero",
];

/// Subsystems of the published interface that no guest here has. Requiring one is
/// no mistake: its rows are `unsupported` until a guest has it.
const SUBSYSTEMS_WITHOUT_A_GUEST: [&str; 1] = ["ring_tap"];

/// Every subsystem that a benchmark may require.
pub fn subsystems() -> Vec<&'static str> {
    let guests = GuestName::ALL.into_iter();
    let mut all: Vec<&str> = guests
        .flat_map(|guest| guest.subsystems.iter().copied())
        .chain(SUBSYSTEMS_WITHOUT_A_GUEST)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Longest word that is compared with the known ones.
const COMPARED_BYTES_MAX: usize = 64;

/// The known word that the author most likely meant, as the beginning of a remedy;
/// empty where none is near.
pub fn guess<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    if word.len() > COMPARED_BYTES_MAX {
        return String::new();
    }
    let nearest = known
        .map(|known| (strsim::damerau_levenshtein(known, word), known))
        .min();
    // A third of the letters wrong is a typo; more is another word.
    match nearest {
        Some((distance, known)) if distance * 3 <= known.len() => {
            format!("did you mean `{known}`? ")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_has_a_nearest_word_and_another_word_has_none() {
        let known = || ["ring", "endpoint"].into_iter();
        assert_eq!(guess("rign", known()), "did you mean `ring`? ");
        assert_eq!(guess("database", known()), "");
        assert_eq!(guess(&"r".repeat(1 << 20), known()), "");
        assert_eq!(guess("ring", [].into_iter()), "");
    }
}
