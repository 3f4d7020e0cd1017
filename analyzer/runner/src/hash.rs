//! SHA-256 over bytes, files and canonical forms.
//!
//! The canonical form of a definition is its parsed value written as JSON with
//! sorted keys and no white space, so comments, key order and layout of the
//! source file never change a hash. Files are read once, in constant memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use capbench_results::Digest;
use serde::Serialize;
use serde_json::Value;
use sha2::Digest as _;

/// The digest of `bytes`.
pub fn of(bytes: &[u8]) -> Digest {
    Digest(sha2::Sha256::digest(bytes).into())
}

/// The digest of a file's content.
pub fn of_file(path: &Path) -> io::Result<Digest> {
    let mut reader = HashingReader::new(File::open(path)?);
    io::copy(&mut reader, &mut io::sink())?;
    Ok(reader.finish().1)
}

/// The digest of a value's canonical form.
pub fn of_canonical<T: Serialize>(value: &T) -> Digest {
    let value = serde_json::to_value(value).expect("definitions hold only JSON-shaped data");
    let mut text = String::new();
    write_canonical(&value, &mut text);
    of(text.as_bytes())
}

/// The first 12 hex digits, for names a person reads.
pub fn short(digest: Digest) -> String {
    digest.to_string()[..12].to_owned()
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
    pub fn finish(self) -> (u64, Digest) {
        (self.bytes, Digest(self.hasher.finalize().into()))
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
            of(b"abc").to_string(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn canonical_form_ignores_key_order_but_not_values() {
        let a: Value = serde_json::from_str(r#"{"b": [1, {"y": 2, "x": 1}], "a": "t"}"#).unwrap();
        let b: Value = serde_json::from_str(r#"{"a":"t","b":[1,{"x":1,"y":2}]}"#).unwrap();
        assert_eq!(of_canonical(&a), of_canonical(&b));
        assert_ne!(
            of_canonical(&a),
            of_canonical(&json!({"a": "t", "b": [1, {"x": 1, "y": 3}]}))
        );
    }

    #[test]
    fn a_file_and_its_bytes_have_one_digest() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let data = vec![7u8; 100_000];
        std::fs::write(file.path(), &data).unwrap();
        assert_eq!(of_file(file.path()).unwrap(), of(&data));
    }
}
