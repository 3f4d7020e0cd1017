//! Any bytes, read as a Cap'n Proto message of results.

#![no_main]

use capbench_results::Results;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(results) = Results::from_message(bytes) {
        results.to_message().expect("what was accepted can be written");
    }
});
