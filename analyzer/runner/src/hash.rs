//! SHA-256 as a type, over bytes, files and canonical forms.
//!
//! The canonical form of a definition is its parsed value written as JSON with
//! sorted keys and no white space, so comments, key order and layout of the
//! source file never change a hash. Files are read once, in constant memory.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use sha2::Digest as _;

/// A SHA-256 digest; displayed, stored and parsed as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The digest of a file's content.
    pub fn of_file(path: &Path) -> io::Result<Self> {
        let mut sink = HashingWriter::new(io::sink());
        io::copy(&mut File::open(path)?, &mut sink)?;
        Ok(sink.finish().1)
    }

    /// The digest of a value's canonical form.
    pub fn of_canonical<T: Serialize>(value: &T) -> Self {
        let value = serde_json::to_value(value).expect("definitions hold only JSON-shaped data");
        let mut text = String::new();
        write_canonical(&value, &mut text);
        Self::of(text.as_bytes())
    }

    /// The first 12 hex digits, for names a person reads.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

/// Keys are sorted here and not left to the map type, whose order depends on a
/// feature any other crate may switch on.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, value)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text was not 64 hex digits.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a SHA-256 digest (64 hex digits)")]
pub struct NotADigest(String);

impl FromStr for Sha256 {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let refuse = || NotADigest(text.to_owned());
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refuse());
        }
        let mut bytes = [0; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte =
                u8::from_str_radix(&text[2 * index..2 * index + 2], 16).map_err(|_| refuse())?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Sha256 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

/// Passes bytes on and hashes what was passed.
pub struct HashingWriter<W> {
    inner: W,
    hasher: sha2::Sha256,
}

impl<W: Write> HashingWriter<W> {
    /// Hashes everything written to `inner` from now on.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: sha2::Sha256::new(),
        }
    }

    /// The wrapped writer and the digest of what it was given.
    pub fn finish(self) -> (W, Sha256) {
        (self.inner, Sha256(self.hasher.finalize().into()))
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Hashes what is read through it.
pub struct HashingReader<R> {
    inner: R,
    hasher: sha2::Sha256,
    bytes: u64,
}

impl<R: Read> HashingReader<R> {
    /// Hashes everything read from `inner` from now on.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            hasher: sha2::Sha256::new(),
            bytes: 0,
        }
    }

    /// How many bytes were read, and their digest.
    pub fn finish(self) -> (u64, Sha256) {
        (self.bytes, Sha256(self.hasher.finalize().into()))
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.bytes += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_digest_of_abc_is_the_published_one() {
        assert_eq!(
            Sha256::of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn canonical_form_ignores_key_order_but_not_values() {
        let a: Value = serde_json::from_str(r#"{"b": [1, {"y": 2, "x": 1}], "a": "t"}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{"a":"t","b":[1,{"x":1,"y":2}]}"#).unwrap();
        assert_eq!(Sha256::of_canonical(&a), Sha256::of_canonical(&b));
        assert_ne!(
            Sha256::of_canonical(&a),
            Sha256::of_canonical(&json!({"a": "t", "b": [1, {"x": 1, "y": 3}]}))
        );
    }

    #[test]
    fn a_digest_survives_text_and_rejects_what_is_not_one() {
        let digest = Sha256::of(b"");
        assert_eq!(digest.to_string().parse::<Sha256>().unwrap(), digest);
        assert!("00".parse::<Sha256>().is_err());
        assert!("g".repeat(64).parse::<Sha256>().is_err());
        assert!("é".repeat(32).parse::<Sha256>().is_err());
    }

    #[test]
    fn reader_and_writer_agree_on_the_digest() {
        let data = vec![7u8; 100_000];
        let mut writer = HashingWriter::new(Vec::new());
        let mut reader = HashingReader::new(&data[..]);
        io::copy(&mut reader, &mut writer).unwrap();
        let (copied, written) = writer.finish();
        assert_eq!(copied, data);
        assert_eq!(reader.finish(), (100_000, written));
    }
}
