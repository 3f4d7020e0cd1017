//! Text of a stream as it is kept: without what a terminal obeys, and no longer than
//! somebody reads.
//!
//! A message may be 64 KiB long, a control character takes six when it is escaped, and a
//! table is as wide as its longest name: one name would fill a screen thousands of times.

use capbench_results::plain;

/// Most characters that are kept; a kernel's names have twenty, a panic some hundred.
const KEPT: usize = 512;

/// The text, escaped and cut; that it was cut is said.
pub(crate) fn text(said: &str) -> String {
    let Some((end, _)) = said.char_indices().nth(KEPT) else {
        return plain(said).into_owned();
    };
    format!("{}… ({} bytes)", plain(&said[..end]), said.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_nobody_reads_to_the_end_is_cut() {
        assert_eq!(text("cap_lookup"), "cap_lookup");
        assert_eq!(text(&"ü".repeat(KEPT)), "ü".repeat(KEPT));
        let cut = text(&"\u{1b}".repeat(60_000));
        assert!(cut.ends_with("… (60000 bytes)"), "{cut}");
        assert!(cut.len() < 8 * KEPT);
    }
}
