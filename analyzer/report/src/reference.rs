//! Paths as references of a page.

/// A path as a relative reference. The leading dot keeps a name with a colon from
/// being read as a scheme.
pub(crate) fn reference(path: &str) -> String {
    let mut reference = String::new();
    if !path.starts_with("./") && !path.starts_with("../") {
        reference.push_str("./");
    }
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                reference.push(byte.into());
            }
            _ => reference.push_str(&format!("%{byte:02X}")),
        }
    }
    reference
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_a_relative_path() {
        assert_eq!(reference("../boots/a-1.ktrace"), "../boots/a-1.ktrace");
        assert_eq!(
            reference("javascript:alert(1)"),
            "./javascript%3Aalert%281%29"
        );
        assert_eq!(reference("//host/x"), ".///host/x");
        assert_eq!(reference("a b#c?d"), "./a%20b%23c%3Fd");
    }
}
