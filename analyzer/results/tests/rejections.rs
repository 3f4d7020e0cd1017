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
        system: "ring".into(),
        mode: Mode::Exact,
        authority_profile: "ring-nop".into(),
        labels: Vec::new(),
        attempts: 1,
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
            mean: None,
            modes: Vec::new(),
            interval: None,
            instruments: Vec::new(),
            perturbations: Vec::new(),
            mispriced: Vec::new(),
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
            guests: Vec::new(),
        },
        results,
        comparisons: Vec::new(),
        context: Vec::new(),
    }
}

fn measurement(result: &mut BenchmarkResult) -> &mut Measurement {
    match &mut result.outcome {
        Outcome::Passed(measurement) => measurement,
        _ => unreachable!("made as passed"),
    }
}

/// A row and its counterpart on another guest, divided.
fn compared() -> Results {
    let capos = passed();
    let mut linux = passed();
    linux.guest = "linux".into();
    let mut document = document(vec![capos, linux]);
    let [numerator, denominator] = [0, 1].map(|row| RowName::of(&document.results[row]));
    document.comparisons.push(Comparison {
        numerator,
        denominator,
        difference: "no capability is looked up".into(),
        outcome: ComparisonOutcome::Ratio(Ratio {
            value: 1.0,
            unit: Unit::Instructions,
            numerator: 412.0,
            denominator: 412.0,
            numerator_headline: HeadlineKind::Median,
            denominator_headline: HeadlineKind::Median,
        }),
    });
    document
}

fn rejected(document: &Results) -> bool {
    document.to_json().is_err() && document.to_message().is_err()
}

#[test]
fn a_ratio_needs_two_rows_that_passed_in_one_unit() {
    assert!(!rejected(&compared()));
    let mut refused = compared();
    refused.results[1].outcome =
        Outcome::Invalid(Refusal::new(InvalidReason::InstrumentsDisagree, "markers"));
    assert!(rejected(&refused));
    let mut units = compared();
    measurement(&mut units.results[1]).unit = Unit::VirtualNs;
    assert!(rejected(&units));
    let mut gone = compared();
    gone.results.pop();
    assert!(rejected(&gone));
}

#[test]
fn a_ratio_is_of_the_medians_that_it_names() {
    let change = |change: fn(&mut Ratio)| {
        let mut document = compared();
        let ComparisonOutcome::Ratio(ratio) = &mut document.comparisons[0].outcome else {
            unreachable!()
        };
        change(ratio);
        document
    };
    assert!(rejected(&change(|ratio| ratio.value = 0.9)));
    assert!(rejected(&change(|ratio| {
        ratio.numerator = 206.0;
        ratio.value = 0.5;
    })));
}

#[test]
fn a_comparison_carries_a_ratio_or_a_reason() {
    let text = compared().to_json().unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["comparisons"][0]["none"] = json!({ "reason": "notMeasured", "detail": "" });
    let both = Results::from_json(&value.to_string()).unwrap_err();
    assert!(both.to_string().contains("exactly one"), "{both}");
}

#[test]
fn instruments_of_a_measurement_agree() {
    let with = |observed: f64| {
        let mut result = passed();
        measurement(&mut result).instruments = vec![InstrumentAgreement {
            pass: "samples".into(),
            instrument: "markers".into(),
            unit: "ns".into(),
            agreed: 1,
            not_judged: 0,
            why: None,
            widest: Some(InstrumentReading {
                trace: "linux-samples-1.ktrace".into(),
                program: 10_000.0,
                observed,
                allowed: 10.0,
            }),
        }];
        document(vec![result])
    };
    assert!(!rejected(&with(10_010.0)));
    assert!(rejected(&with(10_011.0)));
}

/// A document of one passed row, after a change to its numbers.
fn changed(change: impl FnOnce(&mut Measurement)) -> Results {
    let mut result = passed();
    change(measurement(&mut result));
    document(vec![result])
}

fn agreement(agreed: u32, not_judged: u32, why: Option<&str>) -> InstrumentAgreement {
    InstrumentAgreement {
        pass: "perf".into(),
        instrument: "task clock".into(),
        unit: "ns".into(),
        agreed,
        not_judged,
        why: why.map(str::to_owned),
        widest: None,
    }
}

#[test]
fn an_instrument_has_a_reading_or_says_why_not() {
    let with = |agreement| changed(|m| m.instruments = vec![agreement]);
    assert!(!rejected(&with(agreement(0, 2, Some("preempted")))));
    assert!(rejected(&with(agreement(1, 0, None))), "judged, no reading");
    assert!(rejected(&with(agreement(0, 2, None))), "not judged, no why");
}

#[test]
fn a_perturbation_is_the_difference_that_it_says() {
    let with = |effect| {
        changed(|m| {
            m.perturbations = vec![Perturbation {
                pass: "counts".into(),
                median: 500.0,
                effect,
            }];
        })
    };
    assert!(!rejected(&with(500.0 - 412.0)));
    assert!(rejected(&with(0.0)));
}

#[test]
fn a_count_of_what_is_mispriced_names_who_counted() {
    let with = |by: Option<&str>| {
        changed(|m| {
            m.mispriced = vec![Mispriced {
                kind: MispricedKind::FpuState,
                per_operation: Some(2.0),
                counted_by: by.map(str::to_owned),
            }];
        })
    };
    assert!(!rejected(&with(Some("instruction log"))));
    assert!(rejected(&with(None)));
}

#[test]
fn an_interval_needs_eight_boots_and_lies_among_their_medians() {
    let with = |boots: usize, high: f64, confidence: f64| {
        changed(|m| {
            let boot = m.boots[0].clone();
            m.boots = vec![BootSummary { n: 1, ..boot }; boots];
            m.samples = vec![412.0; boots];
            m.n = boots as u64;
            m.interval = Some(Interval {
                low: 412.0,
                high,
                confidence,
            });
        })
    };
    assert!(!rejected(&with(8, 412.0, 0.95)));
    assert!(rejected(&with(7, 412.0, 0.95)), "too few boots");
    assert!(rejected(&with(8, 413.0, 0.95)), "outside of the medians");
    assert!(rejected(&with(8, 412.0, 1.0)), "certainty");
}

#[test]
fn a_context_value_lies_above_its_smallest() {
    let with = |min| {
        let mut document = document(vec![passed()]);
        document.context.push(ContextRow {
            column: "native host".into(),
            benchmark_name: "ring/nop/16".into(),
            source: "a kernel".into(),
            outcome: Outcome::Passed(ContextValue {
                unit: Unit::Ns,
                median: 2.0,
                min,
                n: 1,
            }),
        });
        document
    };
    assert!(!rejected(&with(1.0)));
    assert!(rejected(&with(3.0)));
}

#[test]
fn a_context_row_has_no_value_unless_it_passed() {
    let mut with_context = document(vec![passed()]);
    with_context.context.push(ContextRow {
        column: "native host".into(),
        benchmark_name: "ring/nop/16".into(),
        source: "a kernel".into(),
        outcome: Outcome::Unsupported(Refusal::new(
            UnsupportedReason::MissingSubsystem,
            "io_uring_setup: EPERM (1)",
        )),
    });
    let text = with_context.to_json().unwrap();
    let mut value: Value = serde_json::from_str(&text).unwrap();
    value["context"][0]["value"] = json!({ "unit": "ns", "median": 1.0, "min": 1.0, "n": 1 });
    let both = Results::from_json(&value.to_string()).unwrap_err();
    assert!(both.to_string().contains("exactly one"), "{both}");
    value["context"][0]
        .as_object_mut()
        .unwrap()
        .remove("unsupported");
    let lie = Results::from_json(&value.to_string()).unwrap_err();
    assert!(lie.to_string().contains("belongs to `passed`"), "{lie}");
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
fn the_parts_of_a_name_make_the_name() {
    let changed = complaint(|value| value["benchmark"] = json!("ring/other"));
    assert!(changed.contains("a row's name"), "{changed}");
    let changed = complaint(|value| value["parameters"][0]["value"] = json!("1"));
    assert!(changed.contains("a row's name"), "{changed}");
}

#[test]
fn a_document_that_is_older_than_the_parts_is_read() {
    let new = document(vec![passed()]);
    let mut value: Value = serde_json::from_str(&new.to_json().unwrap()).unwrap();
    let row = value["results"][0].as_object_mut().unwrap();
    row.remove("benchmark").unwrap();
    row.remove("parameters").unwrap();
    assert_eq!(Results::from_json(&value.to_string()).unwrap(), new);
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
    measurement(&mut result).cold = Some(f64::NAN);
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

#[test]
fn two_modes_share_all_samples_and_stand_beside_their_mean() {
    let with = |mean, modes: &[(f64, f64)]| {
        let mut result = passed();
        let measurement = measurement(&mut result);
        measurement.samples = vec![412.0, 455.0];
        (measurement.max, measurement.range.high) = (455.0, 455.0);
        measurement.mean = mean;
        measurement.modes = modes
            .iter()
            .map(|&(value, share)| ValueMode { value, share })
            .collect();
        rejected(&document(vec![result]))
    };
    assert!(!with(Some(433.5), &[(412.0, 0.5), (455.0, 0.5)]));
    assert!(with(None, &[(412.0, 0.5), (455.0, 0.5)]), "no mean");
    assert!(with(Some(433.5), &[(412.0, 0.5)]), "one mode");
    assert!(with(Some(433.5), &[(455.0, 0.5), (412.0, 0.5)]), "order");
    assert!(with(Some(433.5), &[(412.0, 0.5), (455.0, 0.4)]), "shares");
    assert!(with(Some(500.0), &[]), "a mean outside of the samples");
}

#[test]
fn the_headline_is_the_mean_where_each_of_two_modes_holds_a_quarter() {
    let headline = |share: f64| {
        let mut result = passed();
        let measurement = measurement(&mut result);
        measurement.mean = Some(412.5);
        measurement.modes = [(411.0, 1.0 - share), (455.0, share)]
            .map(|(value, share)| ValueMode { value, share })
            .into();
        measurement.headline()
    };
    assert_eq!(headline(0.25).kind, HeadlineKind::Mean);
    assert_eq!(headline(0.25).value, 412.5);
    assert_eq!(headline(0.125).kind, HeadlineKind::Median);
    assert_eq!(headline(0.125).value, 412.0);
}
