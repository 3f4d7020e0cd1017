//! Input from a script, in the place of somebody at a keyboard.
//!
//! The script says what is typed in answer to which prompt, and when, counted from
//! the moment the prompt is shown: so every reading of a line has the same input at
//! the same distance, in whatever order and however often lines are read.
//!
//! ```text
//! script = rule *(";" rule)
//! rule   = prompt "=" chunk *("," chunk)
//! chunk  = nanoseconds ":" bytes          since the prompt, or the chunk before
//! ```
//!
//! Prompt and bytes are literal but for `\r`, `\n`, `\t`, `\\`, `\xHH` and, in bytes,
//! `\#`: how often this rule was played before, in four decimal digits or more, so
//! that lines differ; and `\@`: the time-stamp counter when it is typed, in sixteen
//! hexadecimal digits, so that a program knows when its line was.

use alloc::vec::Vec;
use core::fmt::Write;

/// What is typed when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    prompt: Vec<u8>,
    chunks: Vec<Chunk>,
    played: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Chunk {
    delay: u64,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Bytes(Vec<u8>),
    Count,
    Time,
}

/// A chunk that is to be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    rule: u16,
    chunk: u16,
    count: u32,
}

/// What is wrong with a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// A rule without `=`.
    Rule,
    /// A chunk without a number and `:`.
    Chunk,
    /// An unknown `\` sequence.
    Escape,
    /// Two rules for one prompt.
    Prompt,
    /// More than 65536 of anything.
    TooLong,
}

impl Script {
    /// Reads a script.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let mut rules: Vec<Rule> = Vec::new();
        for rule in text.split(';').filter(|rule| !rule.is_empty()) {
            let (prompt, chunks) = rule.split_once('=').ok_or(Malformed::Rule)?;
            let rule = Rule {
                prompt: literal(prompt)?,
                chunks: chunks.split(',').map(chunk).collect::<Result<_, _>>()?,
                played: 0,
            };
            if rules.iter().any(|other| other.prompt == rule.prompt) {
                return Err(Malformed::Prompt);
            }
            if rules.len() == usize::from(u16::MAX) || rule.chunks.len() > usize::from(u16::MAX) {
                return Err(Malformed::TooLong);
            }
            rules.push(rule);
        }
        Ok(Self { rules })
    }

    /// A prompt was shown: the first chunk to be typed, and after how long.
    pub fn prompted(&mut self, prompt: &[u8]) -> Option<(u64, Due)> {
        let place = self.rules.iter().position(|rule| rule.prompt == prompt)?;
        let rule = &mut self.rules[place];
        let count = rule.played;
        rule.played = rule.played.wrapping_add(1);
        let due = Due {
            rule: place as u16,
            chunk: 0,
            count,
        };
        Some((rule.chunks[0].delay, due))
    }

    /// The bytes of a chunk that is typed now.
    pub fn bytes(&self, due: Due, now: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        for piece in &self.rules[usize::from(due.rule)].chunks[usize::from(due.chunk)].pieces {
            match piece {
                Piece::Bytes(literal) => bytes.extend_from_slice(literal),
                Piece::Count => {
                    let _ = write!(Ascii(&mut bytes), "{:04}", due.count);
                }
                Piece::Time => {
                    let _ = write!(Ascii(&mut bytes), "{now:016x}");
                }
            }
        }
        bytes
    }

    /// The chunk after one, and how long after it.
    pub fn next(&self, due: Due) -> Option<(u64, Due)> {
        let chunk = due.chunk.checked_add(1)?;
        let chunks = &self.rules[usize::from(due.rule)].chunks;
        let delay = chunks.get(usize::from(chunk))?.delay;
        Some((delay, Due { chunk, ..due }))
    }
}

struct Ascii<'a>(&'a mut Vec<u8>);

impl Write for Ascii<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

fn chunk(text: &str) -> Result<Chunk, Malformed> {
    let (delay, bytes) = text.split_once(':').ok_or(Malformed::Chunk)?;
    Ok(Chunk {
        delay: delay.trim().parse().map_err(|_| Malformed::Chunk)?,
        pieces: pieces(bytes)?,
    })
}

fn literal(text: &str) -> Result<Vec<u8>, Malformed> {
    match &pieces(text)?[..] {
        [] => Ok(Vec::new()),
        [Piece::Bytes(bytes)] => Ok(bytes.clone()),
        _ => Err(Malformed::Escape),
    }
}

fn pieces(text: &str) -> Result<Vec<Piece>, Malformed> {
    let mut pieces = Vec::new();
    let mut bytes = text.bytes();
    let mut literal = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            literal.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'r') => literal.push(b'\r'),
            Some(b'n') => literal.push(b'\n'),
            Some(b't') => literal.push(b'\t'),
            Some(b'\\') => literal.push(b'\\'),
            Some(b'x') => {
                let digits = [bytes.next(), bytes.next()];
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let high = digit(digits[0]).ok_or(Malformed::Escape)?;
                let low = digit(digits[1]).ok_or(Malformed::Escape)?;
                literal.push((high * 16 + low) as u8);
            }
            Some(kind @ (b'#' | b'@')) => {
                if !literal.is_empty() {
                    pieces.push(Piece::Bytes(core::mem::take(&mut literal)));
                }
                pieces.push(match kind {
                    b'#' => Piece::Count,
                    _ => Piece::Time,
                });
            }
            _ => return Err(Malformed::Escape),
        }
    }
    if !literal.is_empty() {
        pieces.push(Piece::Bytes(literal));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_prompt_is_answered_chunk_by_chunk() {
        let mut script = Script::parse(r"name> =100:al,20:ice\r;x=5:y").unwrap();
        let (delay, first) = script.prompted(b"name> ").unwrap();
        assert_eq!((delay, &script.bytes(first, 0)[..]), (100, &b"al"[..]));
        let (delay, second) = script.next(first).unwrap();
        assert_eq!((delay, &script.bytes(second, 0)[..]), (20, &b"ice\r"[..]));
        assert_eq!(script.next(second), None);
        assert_eq!(script.prompted(b"nobody knows "), None);
    }

    #[test]
    fn a_rule_knows_how_often_it_was_played() {
        let mut script = Script::parse(r"=0:line \#!").unwrap();
        for expected in [&b"line 0000!"[..], b"line 0001!", b"line 0002!"] {
            let (_, due) = script.prompted(b"").unwrap();
            assert_eq!(script.bytes(due, 0), expected);
        }
    }

    #[test]
    fn a_line_can_tell_when_it_was_typed() {
        let mut script = Script::parse(r"=0:at \@\r").unwrap();
        let (_, due) = script.prompted(b"").unwrap();
        assert_eq!(script.bytes(due, 0xabc), b"at 0000000000000abc\r");
    }

    #[test]
    fn escapes_spell_what_a_manifest_cannot() {
        let mut script = Script::parse(r"\x3b=0:\x03\\\t\n\x2C\x3A\xff").unwrap();
        let (_, due) = script.prompted(b";").unwrap();
        assert_eq!(script.bytes(due, 0), b"\x03\\\t\n,:\xff");
    }

    #[test]
    fn what_is_no_script_is_refused() {
        assert_eq!(Script::parse("").unwrap(), Script::default());
        assert_eq!(Script::parse("abc"), Err(Malformed::Rule));
        assert_eq!(Script::parse("a=b"), Err(Malformed::Chunk));
        assert_eq!(Script::parse("a=b:c"), Err(Malformed::Chunk));
        assert_eq!(Script::parse(r"a=1:\q"), Err(Malformed::Escape));
        assert_eq!(Script::parse(r"a=1:\x1"), Err(Malformed::Escape));
        assert_eq!(Script::parse(r"a\#=1:x"), Err(Malformed::Escape));
        assert_eq!(Script::parse("a=1:x;a=2:y"), Err(Malformed::Prompt));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z0-9=:;,\\\\#@x]{0,60}") {
            if let Ok(mut script) = Script::parse(&text) {
                for prompt in script.rules.clone() {
                    let mut due = script.prompted(&prompt.prompt);
                    while let Some((_, chunk)) = due {
                        script.bytes(chunk, 0);
                        due = script.next(chunk);
                    }
                }
            }
        }
    }
}
