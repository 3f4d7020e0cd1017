//! What of a command that ended must never be.

use std::borrow::Cow;
use std::fmt;

use capbench_results::plain_lines;

use crate::ended::Ended;

/// Most memory that a command may take, in KiB.
const RESIDENT_KIB_MAX: u64 = 256 * 1024;

/// Longest error: more is not read.
const ERROR_BYTES_MAX: usize = 16 << 10;

/// Status of a program that panicked.
const PANICKED: i32 = 101;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Found {
    Panic,
    FalseHold,
    TooMuchMemory,
    TooLong,
    NoRemedy,
    ControlCharacters,
    LongError,
    AnotherStatus,
}

impl Found {
    pub const ALL: [Self; 8] = [
        Self::Panic,
        Self::FalseHold,
        Self::TooMuchMemory,
        Self::TooLong,
        Self::NoRemedy,
        Self::ControlCharacters,
        Self::LongError,
        Self::AnotherStatus,
    ];
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panic => "panics",
            Self::FalseHold => "false holds",
            Self::TooMuchMemory => "over 256 MiB",
            Self::TooLong => "over 20 s",
            Self::NoRemedy => "without remedy",
            Self::ControlCharacters => "with control characters",
            Self::LongError => "errors over 16 KiB",
            Self::AnotherStatus => "other than it was said to end",
        })
    }
}

/// How a command must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Not carried out, with a remedy.
    Refused,
    /// Carried out, and something is broken.
    Broken,
    /// Not carried out, or broken: never in order.
    NotInOrder,
    /// In order, and it prints just what it prints without the fault.
    TheSame,
    /// In order only if it prints just what it prints without the fault.
    InOrderIfTheSame,
    /// Whatever the command believes; only no panic and the limits. For those that print
    /// what a run says and leave it to `verify` whether that is so.
    Anything,
}

/// What is wrong with an end. `sound` is what is printed without the fault.
pub fn found(expected: Expected, ended: &Ended, sound: Option<&[u8]>) -> Vec<Found> {
    let error = String::from_utf8_lossy(&ended.error);
    let output = String::from_utf8_lossy(&ended.output);
    let mut found = Vec::new();
    let is_killed = ended.status.is_none() && !ended.is_late;
    if is_killed || ended.status == Some(PANICKED) || error.contains("panicked at") {
        found.push(Found::Panic);
    }
    if ended.is_late {
        found.push(Found::TooLong);
    }
    if ended.resident_kib > RESIDENT_KIB_MAX {
        found.push(Found::TooMuchMemory);
    }
    if ended.status == Some(1) && !has_remedy(&error) {
        found.push(Found::NoRemedy);
    }
    if has_control_characters(&error) || has_control_characters(&output) {
        found.push(Found::ControlCharacters);
    }
    if ended.error.len() > ERROR_BYTES_MAX {
        found.push(Found::LongError);
    }
    found.extend(of_status(expected, ended, sound));
    found
}

fn of_status(expected: Expected, ended: &Ended, sound: Option<&[u8]>) -> Option<Found> {
    let status = ended.status?;
    let is_same = || {
        let sound = sound.expect("a case that compares says with what");
        without_places(sound) == without_places(&ended.output)
    };
    let is_told = [1, 2].contains(&status);
    match expected {
        Expected::Anything => None,
        Expected::TheSame | Expected::InOrderIfTheSame if status == 0 => {
            (!is_same()).then_some(Found::FalseHold)
        }
        Expected::TheSame => Some(Found::AnotherStatus),
        Expected::InOrderIfTheSame => (!is_told).then_some(Found::AnotherStatus),
        _ if status == 0 => Some(Found::FalseHold),
        Expected::Refused => (status != 1).then_some(Found::AnotherStatus),
        Expected::Broken => (status != 2).then_some(Found::AnotherStatus),
        Expected::NotInOrder => (!is_told).then_some(Found::AnotherStatus),
    }
}

fn has_remedy(error: &str) -> bool {
    ["help:", "--help", "Usage:"]
        .iter()
        .any(|word| error.contains(word))
}

/// Whether a text holds what a terminal would obey.
pub fn has_control_characters(text: &str) -> bool {
    matches!(plain_lines(text), Cow::Owned(_))
}

/// Of the two sides of a comparison one lies elsewhere: lines that name a temporary file
/// are left out.
fn without_places(printed: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(printed);
    let lines = text.lines();
    let lines = lines.filter(|line| !line.contains(".ktrace") && !line.contains("/tmp"));
    lines.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(status: i32) -> Ended {
        Ended {
            status: Some(status),
            output: b"all is well\n".to_vec(),
            error: b"error: no\nhelp: yes\n".to_vec(),
            is_late: false,
            resident_kib: 1,
        }
    }

    #[test]
    fn an_end_as_it_was_said_to_be_is_nothing() {
        for (expected, status) in [
            (Expected::Refused, 1),
            (Expected::Broken, 2),
            (Expected::NotInOrder, 1),
            (Expected::NotInOrder, 2),
            (Expected::TheSame, 0),
            (Expected::InOrderIfTheSame, 0),
            (Expected::InOrderIfTheSame, 2),
            (Expected::Anything, 0),
        ] {
            let found = found(expected, &ended(status), Some(b"all is well\n"));
            assert_eq!(found, [], "{expected:?} {status}");
        }
    }

    #[test]
    fn a_panic_is_found_by_its_status_its_words_or_a_signal() {
        let words = Ended {
            error: b"thread 'main' panicked at x\nhelp: \n".to_vec(),
            ..ended(2)
        };
        let signal = Ended {
            status: None,
            ..ended(0)
        };
        for ended in [ended(PANICKED), words, signal] {
            let found = found(Expected::Anything, &ended, None);
            assert_eq!(found, [Found::Panic]);
        }
    }

    #[test]
    fn what_is_in_order_though_it_must_not_be_is_a_false_hold() {
        for expected in [Expected::Refused, Expected::Broken, Expected::NotInOrder] {
            let found = found(expected, &ended(0), None);
            assert_eq!(found, [Found::FalseHold], "{expected:?}");
        }
        for expected in [Expected::TheSame, Expected::InOrderIfTheSame] {
            let found = found(expected, &ended(0), Some(b"another number\n"));
            assert_eq!(found, [Found::FalseHold], "{expected:?}");
        }
    }

    #[test]
    fn limits_of_memory_and_time_are_found() {
        let large = Ended {
            resident_kib: RESIDENT_KIB_MAX + 1,
            ..ended(1)
        };
        assert_eq!(
            found(Expected::Refused, &large, None),
            [Found::TooMuchMemory]
        );
        let late = Ended {
            status: None,
            is_late: true,
            ..ended(1)
        };
        assert_eq!(found(Expected::Refused, &late, None), [Found::TooLong]);
    }

    #[test]
    fn a_refusal_without_a_remedy_is_found() {
        let bare = Ended {
            error: b"error: no\n".to_vec(),
            ..ended(1)
        };
        assert_eq!(found(Expected::Refused, &bare, None), [Found::NoRemedy]);
    }

    #[test]
    fn control_characters_bidi_and_long_errors_are_found() {
        for text in ["\u{1b}[2J", "a\u{202e}b", "\r", "\u{9b}1m"] {
            let printed = Ended {
                output: text.as_bytes().to_vec(),
                ..ended(2)
            };
            let said = Ended {
                error: text.as_bytes().to_vec(),
                ..ended(2)
            };
            for ended in [printed, said] {
                let found = found(Expected::Broken, &ended, None);
                assert_eq!(found, [Found::ControlCharacters], "{text:?}");
            }
        }
        let long = Ended {
            error: vec![b'x'; ERROR_BYTES_MAX + 1],
            ..ended(2)
        };
        assert_eq!(found(Expected::Broken, &long, None), [Found::LongError]);
    }

    #[test]
    fn another_status_than_was_said_is_found() {
        for (expected, status) in [
            (Expected::Refused, 2),
            (Expected::Broken, 1),
            (Expected::NotInOrder, 3),
            (Expected::TheSame, 2),
            (Expected::InOrderIfTheSame, 130),
        ] {
            let found = found(expected, &ended(status), Some(b""));
            assert_eq!(found, [Found::AnotherStatus], "{expected:?} {status}");
        }
    }
}
