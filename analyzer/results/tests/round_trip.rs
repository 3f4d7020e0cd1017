//! Whatever a program of ours can say, both stored forms give back unchanged.

mod arbitrary;

use capbench_results::{Outcome, Results};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn json_gives_back_what_it_was_given(results in arbitrary::results()) {
        let text = results.to_json().unwrap();
        prop_assert_eq!(Results::from_json(&text).unwrap(), results);
    }

    #[test]
    fn a_message_gives_back_what_it_was_given(results in arbitrary::results()) {
        let message = results.to_message().unwrap();
        prop_assert_eq!(Results::from_message(&message).unwrap(), results);
    }

    #[test]
    fn values_stand_beside_no_reason(results in arbitrary::results()) {
        let document: serde_json::Value = serde_json::from_str(&results.to_json().unwrap()).unwrap();
        for (result, flat) in results.results.iter().zip(document["results"].as_array().unwrap()) {
            let passed = matches!(result.outcome, Outcome::Passed(_));
            prop_assert_eq!(flat.get("measurement").is_some(), passed);
            prop_assert_eq!(flat["status"] == "passed", passed);
        }
    }

    #[test]
    fn random_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(Results::from_message(&bytes).is_err());
    }

    #[test]
    fn a_changed_word_is_an_error_or_another_valid_document(
        results in arbitrary::results(),
        place in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let mut message = results.to_message().unwrap();
        let place = place.index(message.len());
        message[place] ^= value;
        if let Ok(read) = Results::from_message(&message) {
            prop_assert!(read.check().is_ok());
        }
    }
}
