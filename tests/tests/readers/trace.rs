//! The trace for viewers, against the schema of its format.

use std::fs;

use capbench_tests::component::{self, Python, test_with};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::place::{place, script};

pub fn tests() -> Vec<Trial> {
    vec![
        test_with(
            "a_trace_of_both_guests_keeps_the_schema_of_its_format",
            component::python,
            keeps_the_schema,
        ),
        test_with(
            "an_event_that_breaks_the_schema_of_the_format_is_found",
            component::python,
            breaks_the_schema,
        ),
    ]
}

fn keeps_the_schema(python: &Python) {
    let trace = place()
        .export("exports", "perfetto", &[])
        .join("trace.json");
    let printed = python.run(&script("trace.py"), |command| {
        command.args([&script("trace-event.schema.json"), &trace]);
    });
    let phases: Value = serde_json::from_slice(&printed).unwrap();
    // Metadata, slices, instants, counters.
    for phase in ["M", "X", "i", "C"] {
        assert!(phases[phase].as_u64() > Some(0), "{phase}: {phases}");
    }
}

/// The schema is one that can be broken.
fn breaks_the_schema(python: &Python) {
    let good = r#"{"name":"a","ph":"X","ts":0,"dur":1,"pid":1,"tid":1,"args":{}}"#;
    let flow = r#"{"name":"a","cat":"b","ph":"f","bp":"e","id":7,"ts":0,"pid":1,"tid":1}"#;
    let broken = [
        (good, r#""dur":1,"#, ""),
        (good, r#""X""#, r#""Q""#),
        (good, r#""ts":0"#, r#""ts":"0""#),
        (good, r#""pid":1,"#, ""),
        (good, r#""args""#, r#""arguments""#),
        (flow, r#""id":7,"#, ""),
        (flow, r#""ph":"f""#, r#""ph":"s""#),
    ];
    let file = tempfile::NamedTempFile::new().unwrap();
    let holds = |event: &str| {
        fs::write(&file, format!(r#"{{"traceEvents":[{event}]}}"#)).unwrap();
        let output = python.output(&script("trace.py"), |command| {
            command.args([&script("trace-event.schema.json"), file.path()]);
        });
        output.status.success()
    };
    assert!(holds(&format!("{good},{flow}")));
    for (event, from, to) in broken {
        let event = event.replacen(from, to, 1);
        assert!(!holds(&event), "{event}");
    }
}
