//! What a benchmark result is, in Rust, Cap'n Proto and JSON.
