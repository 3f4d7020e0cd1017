//! What a reader must not believe.

use capbench_results::*;
use serde_json::{Value, json};

fn passed() -> BenchmarkResult {
    BenchmarkResult {
        run_id: "r1".into(),
        benchmark_name: "ring/nop/16".into(),
        tier: 1,
        correctness_id: "ring-cqe/1".into(),
        config_hash: Digest([1; 32]),
        artifact_hash: Some(Digest([2; 32])),
        notes: String::new(),
        guest: "capos".into(),
        mode: Mode::Exact,
        authority_profile: "ring-nop".into(),
        outcome: Outcome::Passed(Measurement {
            unit: Unit::Instructions,
            lower_is_better: true,
            median: 412.0,
            p95: None,
            samples: vec![412.0, 412.0],
            sample_kind: SampleKind::BatchMeans,
            batch: 16,
            n: 2,
            min: 412.0,
            max: 412.0,
            sd: Some(0.0),
            range: Range {
                low: 412.0,
                high: 412.0,
            },
            cold: Some(9000.0),
            boots: vec![BootSummary {
                trace: "capos-samples-0.ktrace".into(),
                n: 2,
                median: 412.0,
                p95: None,
                cold: Some(9000.0),
            }],
            breakdown: None,
        }),
    }
}

fn document(results: Vec<BenchmarkResult>) -> Results {
    Results {
        run: Run {
            id: "r1".into(),
            suite: "ring".into(),
            mode: Mode::Exact,
            started_at: "2026-01-01T00:00:00Z".into(),
            tool: "capbench 0.1.0".into(),
            commit: "c0ffee".into(),
            dirty: false,
            boots: 1,
            envelope: Envelope {
                hash: Digest([3; 32]),
                description: "q35, icount".into(),
            },
        },
        results,
    }
}

/// The JSON of a passed result, after `change`; the reader's complaint about it.
fn complaint(change: impl FnOnce(&mut Value)) -> String {
    let text = document(vec![passed()]).to_json().unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    change(&mut value["results"][0]);
    match Results::from_json(&value.to_string()) {
        Err(contradiction) => contradiction.to_string(),
        Ok(_) => String::from("accepted"),
    }
}

#[test]
fn json_status_must_match_its_branch() {
    for status in ["failed", "unsupported", "invalid", "notApplicable"] {
        let complaint = complaint(|result| result["status"] = json!(status));
        assert!(
            complaint.contains(status) && complaint.contains("passed"),
            "{complaint}"
        );
    }
}

#[test]
fn json_needs_exactly_one_branch() {
    let reason = json!({ "reason": "timedOut", "detail": "60 s" });
    let two = complaint(|result| result["failure"] = reason.clone());
    assert!(two.contains("exactly one"), "{two}");
    let none = complaint(|result| {
        result.as_object_mut().unwrap().remove("measurement");
    });
    assert!(none.contains("exactly one"), "{none}");
    let null = complaint(|result| result["measurement"] = Value::Null);
    assert!(null.contains("exactly one"), "{null}");
}

#[test]
fn json_knows_no_other_branch_status_reason_or_field() {
    let branch = complaint(|result| {
        let measurement = result
            .as_object_mut()
            .unwrap()
            .remove("measurement")
            .unwrap();
        result["estimate"] = measurement;
    });
    assert!(branch.contains("unknown field `estimate`"), "{branch}");
    let status = complaint(|result| result["status"] = json!("ok"));
    assert!(status.contains("unknown variant `ok`"), "{status}");
    let reason = complaint(|result| {
        result.as_object_mut().unwrap().remove("measurement");
        result["status"] = json!("invalid");
        result["invalid"] = json!({ "reason": "badLuck", "detail": "" });
    });
    assert!(reason.contains("unknown variant `badLuck`"), "{reason}");
    let value = complaint(|result| {
        result.as_object_mut().unwrap().remove("measurement");
        result["status"] = json!("failed");
        result["failure"] = json!({ "reason": "timedOut", "detail": "", "median": 4.0 });
    });
    assert!(value.contains("unknown field `median`"), "{value}");
}

#[test]
fn a_measurement_must_not_contradict_itself() {
    let changes: [(&str, Value); 9] = [
        ("n", json!(3)),
        ("samples", json!([])),
        ("boots", json!([])),
        ("min", json!(1.0)),
        ("median", json!(500.0)),
        ("batch", json!(1)),
        ("sampleKind", json!("operations")),
        ("unit", json!("ns")),
        ("median", Value::Null),
    ];
    for (field, value) in changes {
        let complaint = complaint(|result| result["measurement"][field] = value);
        assert_ne!(complaint, "accepted", "{field}");
    }
}

#[test]
fn a_measurement_needs_its_artifacts() {
    let complaint = complaint(|result| result["artifactHash"] = Value::Null);
    assert!(complaint.contains("artifacts"), "{complaint}");
}

#[test]
fn numbers_that_are_none_are_not_written() {
    let mut result = passed();
    let Outcome::Passed(measurement) = &mut result.outcome else {
        unreachable!()
    };
    measurement.cold = Some(f64::NAN);
    assert!(document(vec![result.clone()]).to_json().is_err());
    assert!(document(vec![result]).to_message().is_err());
}

#[test]
fn another_version_is_told_so() {
    let text = document(vec![])
        .to_json()
        .unwrap()
        .replace("results/1", "results/2");
    let complaint = Results::from_json(&text).unwrap_err().to_string();
    assert!(complaint.contains("capbench.results/2"), "{complaint}");
}

#[test]
fn a_result_of_another_run_is_rejected() {
    let mut result = passed();
    result.run_id = "r2".into();
    assert!(document(vec![result]).to_json().is_err());
}

#[test]
fn a_message_whose_status_contradicts_its_branch_is_rejected() {
    let honest = document(vec![passed()]).to_message().unwrap();
    let mut refused = document(vec![passed()]);
    refused.results[0].outcome =
        Outcome::Invalid(Refusal::new(InvalidReason::RecordsDropped, "17 records"));
    let refused = refused.to_message().unwrap();
    assert!(Results::from_message(&honest).is_ok() && Results::from_message(&refused).is_ok());

    // `tier`, `status` and the union's tag are three adjacent 16-bit fields. Swap
    // the status alone, then the tag alone.
    let fields = |tier: u16, status: u16, tag: u16| -> Vec<u8> {
        [tier, status, tag]
            .iter()
            .flat_map(|field| field.to_le_bytes())
            .collect()
    };
    let replace = |message: &[u8], from: Vec<u8>, to: Vec<u8>| -> Vec<u8> {
        let at = message
            .windows(6)
            .position(|window| window == from)
            .expect("the fields are there");
        let mut message = message.to_vec();
        message[at..at + 6].copy_from_slice(&to);
        message
    };
    let lie = replace(&honest, fields(1, 0, 0), fields(1, 3, 0));
    let complaint = Results::from_message(&lie).unwrap_err().to_string();
    assert!(
        complaint.contains("carries what belongs to `passed`"),
        "{complaint}"
    );
    let lie = replace(&refused, fields(1, 3, 3), fields(1, 0, 3));
    let complaint = Results::from_message(&lie).unwrap_err().to_string();
    assert!(
        complaint.contains("carries what belongs to `invalid`"),
        "{complaint}"
    );
    let unknown = replace(&honest, fields(1, 0, 0), fields(1, 0, 9));
    assert!(matches!(
        Results::from_message(&unknown),
        Err(MessageError::NotInSchema(_))
    ));
}

#[test]
fn an_empty_message_is_no_measurement_of_zero() {
    // One segment, one word, a null root.
    let empty = [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    assert!(Results::from_message(&empty).is_err());
    assert!(Results::from_message(&[]).is_err());
}

#[test]
fn a_cut_message_is_an_error() {
    let message = document(vec![passed()]).to_message().unwrap();
    for length in 0..message.len() {
        assert!(
            Results::from_message(&message[..length]).is_err(),
            "{length}"
        );
    }
}
