//! The example notebook, executed over exports of a real run.

use std::fs;

use capbench_results::ComparisonOutcome;
use capbench_tests::component::{self, Python, test_with};
use capbench_tests::source_copy::repository;
use libtest_mimic::Trial;
use serde_json::Value;

use crate::place::{place, script};

pub fn tests() -> Vec<Trial> {
    vec![test_with(
        "the_notebook_shows_what_the_run_holds",
        component::python,
        executed,
    )]
}

fn executed(python: &Python) {
    let place = place();
    let exports = place.directory("notebook");
    for format in ["parquet", "csv", "arrow"] {
        place.export("notebook", format, &[]);
    }
    let to = exports.join("ring.ipynb");
    python.run(&script("notebook.py"), |command| {
        command.arg(repository().join("docs/notebooks/ring.ipynb"));
        command.arg(&to).env("CAPBENCH_EXPORTS", &exports);
    });
    let notebook: Value = serde_json::from_slice(&fs::read(&to).unwrap()).unwrap();
    let shown = |cell: &str| shown(&notebook, cell);

    assert!(shown("context").contains(&place.results.run.id));
    assert!(shown("context").contains(&place.results.run.envelope.hash.to_string()));
    let refused = shown("refused");
    assert!(refused.contains("unsupported") && refused.contains("missingSubsystem"));
    let (passed, samples) = (shown("passed"), shown("samples"));
    for row in &place.results.results {
        let has_number = row.outcome.measurement().is_some();
        let name = &row.benchmark_name;
        assert_eq!(word(&passed, name), has_number, "{passed}");
        assert_eq!(word(&samples, name), has_number, "{samples}");
        assert_eq!(word(&refused, name), !has_number, "{refused}");
    }
    for (_, measurement) in place.passed() {
        assert!(
            word(&passed, &format!("{:?}", measurement.median)),
            "{passed}"
        );
        for perturbation in &measurement.perturbations {
            let effect = format!("{:?}", perturbation.effect);
            assert!(word(&shown("perturbations"), &effect), "{effect}");
        }
    }
    let ratios = shown("ratios");
    for comparison in &place.results.comparisons {
        if let ComparisonOutcome::Ratio(ratio) = &comparison.outcome {
            let rounded = (ratio.value * 1000.0).round() / 1000.0;
            assert!(word(&ratios, &format!("{rounded:?}")), "{ratios}");
        }
    }
    assert!(ratios.contains("fpuState"), "bias is flagged: {ratios}");
    assert!(ratios.contains("notMeasured"), "{ratios}");
    assert!(shown("breakdown").contains("on/off effect +"));
    assert!(word(&shown("breakdown"), "decode"));
    for word in ["score", "overall", "geomean"] {
        let text = notebook.to_string().to_lowercase();
        assert!(!text.contains(word), "{word}");
    }
}

/// What a cell printed and what it ended with, as text.
fn shown(notebook: &Value, id: &str) -> String {
    let mut cells = notebook["cells"].as_array().unwrap().iter();
    let cell = cells.find(|cell| cell["id"] == id);
    let outputs = cell.unwrap_or_else(|| panic!("there is no cell {id}"))["outputs"].as_array();
    let texts = outputs.unwrap().iter().map(|output| {
        let text = output.get("text").unwrap_or(&output["data"]["text/plain"]);
        let lines = text.as_array().map(|lines| {
            let lines = lines.iter().filter_map(Value::as_str);
            lines.collect::<String>()
        });
        lines.unwrap_or_else(|| text.as_str().unwrap_or_default().to_owned())
    });
    texts.collect()
}

/// Whether a word stands in a text by itself.
fn word(text: &str, word: &str) -> bool {
    text.split_whitespace().any(|found| found == word)
}
