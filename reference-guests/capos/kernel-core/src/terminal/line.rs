//! Line editing: what each typed byte does to the line, and what is shown of it.
//!
//! A pure state machine. CR and LF submit, and the LF of a CR LF is one with its CR;
//! BS and DEL take back the last character, ^U all of them; ^C cancels; ^D on an
//! empty line closes; NUL is nothing. Any other control character is part of the
//! line and shown as `^X`, so that what is typed never commands the screen; a byte
//! for which there is no room is lost and not shown. Of these, ^D, ^U, the spelling
//! of control characters and that a character of UTF-8 is taken back whole are
//! *chosen*; the rest is as published.

use alloc::vec::Vec;

/// Longest line, whatever was asked for, as published.
pub const MAX_LINE: usize = 256;

const CANCEL: u8 = 0x03;
const CLOSE: u8 = 0x04;
const BACKSPACE: u8 = 0x08;
const KILL: u8 = 0x15;
const DELETE: u8 = 0x7f;
/// Ends a line on the screen.
pub const NEWLINE: &[u8] = b"\r\n";
/// Takes a column off the screen.
const ERASE: &[u8] = b"\x08 \x08";

/// Whether what is typed is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// It is.
    Visible,
    /// Nothing is, not even how long it is.
    Hidden,
}

/// What kind of line is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whether it is shown.
    pub echo: Echo,
    /// Whether an empty one will do.
    pub allow_empty: bool,
    /// Most bytes; more than [`MAX_LINE`] counts as that.
    pub max_bytes: usize,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It was submitted.
    Submitted,
    /// The user gave it up.
    Cancelled,
    /// There will be none.
    Closed,
}

/// What a byte did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The line goes on.
    More,
    /// It was empty and must not be: ask again.
    Again,
    /// It is over.
    Done(Status),
}

/// A line being typed.
#[derive(Debug)]
pub struct Line {
    request: Request,
    bytes: Vec<u8>,
    after_return: bool,
}

impl Line {
    /// Nothing typed yet.
    pub fn new(request: Request) -> Self {
        let max_bytes = request.max_bytes.min(MAX_LINE);
        Self {
            request: Request {
                max_bytes,
                ..request
            },
            bytes: Vec::with_capacity(max_bytes),
            after_return: false,
        }
    }

    /// What was typed; nothing if it was given up.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Takes a byte and shows what there is to show.
    pub fn step(&mut self, byte: u8, output: &mut impl FnMut(&[u8])) -> Step {
        let after_return = core::mem::replace(&mut self.after_return, byte == b'\r');
        match byte {
            0 => {}
            // The other half of a CR LF whose CR asked again.
            b'\n' if after_return => {}
            b'\r' | b'\n' => {
                output(NEWLINE);
                return if self.bytes.is_empty() && !self.request.allow_empty {
                    Step::Again
                } else {
                    Step::Done(Status::Submitted)
                };
            }
            CANCEL => {
                self.bytes.clear();
                output(b"^C");
                output(NEWLINE);
                return Step::Done(Status::Cancelled);
            }
            CLOSE if self.bytes.is_empty() => {
                output(NEWLINE);
                return Step::Done(Status::Closed);
            }
            // In the middle of a line there is nothing to close.
            CLOSE => {}
            BACKSPACE | DELETE => self.take_back(output),
            KILL => {
                while !self.bytes.is_empty() {
                    self.take_back(output);
                }
            }
            _ => self.append(byte, output),
        }
        Step::More
    }

    fn append(&mut self, byte: u8, output: &mut impl FnMut(&[u8])) {
        if self.bytes.len() == self.request.max_bytes {
            return;
        }
        self.bytes.push(byte);
        if self.request.echo == Echo::Hidden {
            return;
        }
        if is_control(byte) {
            output(&[b'^', byte ^ 0x40]);
        } else {
            output(&[byte]);
        }
    }

    /// Takes the last character back, with all of its bytes.
    fn take_back(&mut self, output: &mut impl FnMut(&[u8])) {
        let last = loop {
            match self.bytes.pop() {
                None => return,
                Some(byte) if is_continuation(byte) && !self.bytes.is_empty() => {}
                Some(byte) => break byte,
            }
        };
        if self.request.echo == Echo::Visible {
            output(ERASE);
            if is_control(last) {
                output(ERASE);
            }
        }
    }
}

fn is_control(byte: u8) -> bool {
    byte < 0x20
}

/// Whether a byte is part of a UTF-8 character and not its first.
fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Request = Request {
        echo: Echo::Visible,
        allow_empty: false,
        max_bytes: 80,
    };
    const HIDDEN: Request = Request {
        echo: Echo::Hidden,
        ..PLAIN
    };

    /// Types bytes: the last step, the line, what was shown.
    fn type_all(request: Request, bytes: &[u8]) -> (Step, Vec<u8>, Vec<u8>) {
        let mut line = Line::new(request);
        let mut shown = Vec::new();
        let mut step = Step::More;
        for byte in bytes {
            step = line.step(*byte, &mut |bytes| shown.extend_from_slice(bytes));
        }
        (step, line.into_bytes(), shown)
    }

    const SUBMITTED: Step = Step::Done(Status::Submitted);

    #[test]
    fn a_line_is_shown_and_submitted() {
        for end in [&b"\r"[..], b"\n"] {
            let typed = [b"hello", end].concat();
            let (step, line, shown) = type_all(PLAIN, &typed);
            assert_eq!((step, &line[..]), (SUBMITTED, &b"hello"[..]));
            assert_eq!(shown, b"hello\r\n");
        }
    }

    #[test]
    fn a_hidden_line_shows_nothing_of_itself() {
        let (step, line, shown) = type_all(HIDDEN, b"secrex\x08t\x15pass\r");
        assert_eq!((step, &line[..]), (SUBMITTED, &b"pass"[..]));
        assert_eq!(shown, b"\r\n");
    }

    #[test]
    fn backspace_and_delete_take_one_character_back() {
        let (_, line, shown) = type_all(PLAIN, b"ab\x08c\x7f\x7f\x7f\x7fd\r");
        assert_eq!(line, b"d");
        assert_eq!(shown, b"ab\x08 \x08c\x08 \x08\x08 \x08d\r\n");
    }

    #[test]
    fn a_character_of_several_bytes_goes_as_one() {
        let (_, line, shown) = type_all(PLAIN, "aé€\x08\x08b\r".as_bytes());
        assert_eq!(line, b"ab");
        assert_eq!(
            shown,
            "aé€\x08 \x08\x08 \x08b\r\n".as_bytes(),
            "one column each"
        );
    }

    #[test]
    fn kill_takes_the_line_back() {
        let (step, line, shown) = type_all(PLAIN, b"ab\x15c\r");
        assert_eq!((step, &line[..]), (SUBMITTED, &b"c"[..]));
        assert_eq!(shown, b"ab\x08 \x08\x08 \x08c\r\n");
    }

    #[test]
    fn cancel_drops_the_line() {
        for request in [PLAIN, HIDDEN] {
            let (step, line, shown) = type_all(request, b"ab\x03");
            assert_eq!(step, Step::Done(Status::Cancelled));
            assert!(line.is_empty());
            assert!(shown.ends_with(b"^C\r\n"));
        }
    }

    #[test]
    fn close_ends_an_empty_line_only() {
        assert_eq!(type_all(PLAIN, b"\x04").0, Step::Done(Status::Closed));
        let (step, line, shown) = type_all(PLAIN, b"ab\x04c\r");
        assert_eq!((step, &line[..]), (SUBMITTED, &b"abc"[..]));
        assert_eq!(shown, b"abc\r\n");
    }

    #[test]
    fn an_empty_line_is_submitted_or_asked_for_again() {
        let empty = Request {
            allow_empty: true,
            ..PLAIN
        };
        assert_eq!(type_all(empty, b"\r").0, SUBMITTED);
        let (step, _, shown) = type_all(PLAIN, b"\r");
        assert_eq!((step, &shown[..]), (Step::Again, NEWLINE));
        // A CR LF is one end of line.
        let (step, _, shown) = type_all(PLAIN, b"\r\n");
        assert_eq!((step, &shown[..]), (Step::More, NEWLINE));
        assert_eq!(type_all(PLAIN, b"\n\n").0, Step::Again);
        let (step, line, _) = type_all(PLAIN, b"\r\nx\r");
        assert_eq!((step, &line[..]), (SUBMITTED, &b"x"[..]));
    }

    #[test]
    fn a_byte_too_many_is_lost_and_not_shown() {
        let short = Request {
            max_bytes: 3,
            ..PLAIN
        };
        let (step, line, shown) = type_all(short, b"abcd\x08e\r");
        assert_eq!((step, &line[..]), (SUBMITTED, &b"abe"[..]));
        assert_eq!(shown, b"abc\x08 \x08e\r\n");
        let long = Request {
            max_bytes: usize::MAX,
            ..PLAIN
        };
        assert_eq!(type_all(long, &[b'x'; 1000]).1.len(), MAX_LINE);
    }

    #[test]
    fn control_characters_are_shown_in_two_columns() {
        let (_, line, shown) = type_all(PLAIN, b"\x1b[2J\0\x01\x08\r");
        assert_eq!(line, b"\x1b[2J");
        assert_eq!(shown, b"^[[2J^A\x08 \x08\x08 \x08\r\n");
    }

    proptest! {
        #[test]
        fn a_line_is_never_longer_than_asked(
            bytes in prop::collection::vec(any::<u8>(), 0..600),
            max_bytes in 0usize..400,
        ) {
            let request = Request { max_bytes, ..PLAIN };
            let mut line = Line::new(request);
            for byte in bytes {
                if let Step::Done(_) = line.step(byte, &mut |_| {}) {
                    break;
                }
            }
            prop_assert!(line.into_bytes().len() <= max_bytes.min(MAX_LINE));
        }

        #[test]
        fn what_is_typed_never_commands_the_screen(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let (_, _, shown) = type_all(PLAIN, &bytes);
            let mut rest = &shown[..];
            while let Some((first, tail)) = rest.split_first() {
                rest = if let Some(rest) = rest.strip_prefix(ERASE) {
                    rest
                } else if let Some(rest) = rest.strip_prefix(NEWLINE) {
                    rest
                } else {
                    prop_assert!(!is_control(*first) && *first != DELETE, "{shown:?}");
                    tail
                };
            }
        }

        #[test]
        fn a_hidden_line_shows_only_its_ends(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let (_, _, shown) = type_all(HIDDEN, &bytes);
            let visible = shown.iter().filter(|byte| !b"^C\r\n".contains(byte));
            prop_assert_eq!(visible.count(), 0);
        }

        #[test]
        fn taking_everything_back_leaves_a_clean_screen(text in "[a-z\u{1}-\u{2}é]{0,20}") {
            let typed = [text.as_bytes(), b"\x15"].concat();
            let (_, line, shown) = type_all(PLAIN, &typed);
            prop_assert!(line.is_empty());
            let mut columns = 0i32;
            let mut rest = &shown[..];
            while let Some((first, tail)) = rest.split_first() {
                if let Some(erased) = rest.strip_prefix(ERASE) {
                    columns -= 1;
                    rest = erased;
                } else {
                    columns += i32::from(!is_continuation(*first));
                    rest = tail;
                }
            }
            prop_assert_eq!(columns, 0);
        }
    }
}
