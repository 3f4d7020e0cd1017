//! The two stored forms of the results, held against the published laws and each
//! other.

use capbench_results::Results;

use super::{Answer, Found, count};
use crate::inside;
use crate::run::{RESULTS_JSON, RESULTS_MESSAGE, Run};

pub(super) fn check(run: &Run) -> Found {
    let json = inside::text(&run.directory, RESULTS_JSON)
        .map_err(|error| error.to_string())
        .and_then(|text| Results::from_json(&text).map_err(|error| error.to_string()));
    let message = inside::read(&run.directory, RESULTS_MESSAGE)
        .map_err(|error| error.to_string())
        .and_then(|bytes| Results::from_message(&bytes).map_err(|error| error.to_string()));
    let faults = match (json, message) {
        (Ok(json), Ok(message)) => {
            let looked_at = format!(
                "{}, {}, equal in both",
                count(json.results.len(), "row"),
                count(json.comparisons.len(), "comparison")
            );
            return Answer::new(differences(&json, &message), looked_at);
        }
        (json, message) => {
            let fault = |name: &str, form: Result<Results, String>| {
                form.err().map(|error| format!("{name}: {error}"))
            };
            let both = [fault(RESULTS_JSON, json), fault(RESULTS_MESSAGE, message)];
            both.into_iter().flatten().collect()
        }
    };
    Answer::new(faults, "")
}

fn differences(json: &Results, message: &Results) -> Vec<String> {
    let mut faults = Vec::new();
    if json.run != message.run {
        faults.push("the two forms name different runs".to_owned());
    }
    if json.results.len() != message.results.len() {
        faults.push(format!(
            "{} rows in {RESULTS_JSON}, {} in {RESULTS_MESSAGE}",
            json.results.len(),
            message.results.len()
        ));
    }
    let rows = json.results.iter().zip(&message.results);
    for (json, _) in rows.filter(|(json, message)| json != message) {
        faults.push(format!(
            "{} on {}/{} differs between the two forms",
            json.benchmark_name, json.guest, json.system
        ));
    }
    if json.comparisons != message.comparisons {
        faults.push("comparisons differ between the two forms".to_owned());
    }
    if json.context != message.context {
        faults.push("context differs between the two forms".to_owned());
    }
    faults
}
