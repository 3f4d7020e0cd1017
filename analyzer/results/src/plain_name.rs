//! Names that may be parts of paths.

/// Longest name of a run, a guest or a system; a file system takes 255 bytes, and
/// names of files are made of it.
const NAME_BYTES_MAX: usize = 128;

/// Whether a name can be a part of a file's name on every system: 1 to 128 letters,
/// digits, `-`, `_` and `.` of ASCII, of which the first is a letter or a digit.
pub fn is_plain_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.chars().all(plain)
        && name.len() <= NAME_BYTES_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_lead_elsewhere_are_not_plain() {
        for bad in [
            "",
            ".",
            "..",
            ".hidden",
            "-x",
            "a/b",
            "a=b",
            "a\nb",
            "ä",
            &"a".repeat(129),
        ] {
            assert!(!is_plain_name(bad), "{bad}");
        }
        assert!(is_plain_name("20261124T160141Z-ring-exact-7645"));
        assert!(is_plain_name("linux-matched"));
        assert!(is_plain_name(&"a".repeat(128)));
    }
}
