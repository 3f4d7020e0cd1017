//! SHA-256 and the canonical form: JSON with sorted keys and no white space.

use serde_json::Value;
use sha2::{Digest, Sha256};

/// The SHA-256 of `bytes`, as results spell it.
pub fn sha256(bytes: &[u8]) -> String {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The SHA-256 of a value's canonical form.
pub fn hash(value: &Value) -> String {
    sha256(text(value).as_bytes())
}

fn text(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entries = entries
                .into_iter()
                .map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), text(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(text).collect();
            format!("[{}]", items.join(","))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_digest_of_abc_is_the_published_one() {
        let published = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), published);
    }

    #[test]
    fn keys_are_sorted_and_values_are_not() {
        assert_eq!(
            text(&json!({"b": [2, 1], "a": null, "c": "x\"y"})),
            r#"{"a":null,"b":[2,1],"c":"x\"y"}"#
        );
    }
}
