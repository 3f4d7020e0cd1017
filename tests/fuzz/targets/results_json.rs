//! Any text, read as results: what is accepted is consistent and survives.

#![no_main]

use capbench_results::Results;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(results) = Results::from_json(text) {
        let again = results.to_json().expect("what was accepted can be written");
        let again = Results::from_json(&again).expect("and read again");
        // Written once more, as text: a value that is not a number differs
        // from itself.
        assert_eq!(again.to_json().ok(), results.to_json().ok());
    }
});
