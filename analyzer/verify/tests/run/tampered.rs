//! A run that was left alone holds; one thing changed in it breaks the check whose
//! matter it is. SHA256SUMS is fixed up unless it is the matter: whoever changes a
//! number can also change a list of hashes.

use std::fs;

use crate::artifact::{AUDIT, Artifact, DEFINITION, RUN, first_measurement, names, raw};
use capbench_results::{ContextRow, ContextValue, Label, Outcome, Unit};
use capbench_runner::hash;
use capbench_verify::{Definitions, Run, Verdict};
use serde_json::json;

#[test]
fn a_run_that_was_left_alone_holds() {
    let report = Artifact::new().verify();
    assert_eq!(names(&report, Verdict::Broken), [""; 0], "{report:#?}");
    assert_eq!(names(&report, Verdict::NotChecked), [""; 0], "{report:#?}");
    assert!(report.all_held());
    assert_eq!(report.holds, report.recomputed.len() - report.do_not_apply);
    assert_eq!(report.judged_alike, report.judged_again.len());
}

#[test]
fn a_changed_sample_contradicts_the_traces() {
    let run = Artifact::new();
    run.edit_results(|results| {
        let mut rows = results.results.iter_mut();
        let row = rows.find(|row| row.benchmark_name == "linux/io-uring-nop/1");
        let Outcome::Passed(measurement) = &mut row.unwrap().outcome else {
            panic!("it passed");
        };
        // One of the smallest becomes one of the largest: the results' own laws hold.
        let (min, max) = (measurement.min, measurement.max);
        let samples = &mut measurement.samples;
        *samples.iter_mut().rfind(|value| **value == min).unwrap() = max;
    });
    // The two files agree with each other, and with their sums: only the traces do not.
    let broken = run.broken();
    assert_eq!(broken[0], "samples");
    assert!(!broken.contains(&"forms"), "{broken:?}");
    let report = run.verify();
    let check = report.checks().find(|check| check.name == "samples");
    let evidence = &check.unwrap().evidence[0];
    assert!(evidence.contains("linux/io-uring-nop/1"), "{evidence}");
    assert!(evidence.contains("the traces say"), "{evidence}");
}

#[test]
fn a_sample_changed_in_one_form_contradicts_the_other_too() {
    let run = Artifact::new();
    run.edit("results.json", |document| {
        first_measurement(document)["samples"][3] = json!(1.0);
    });
    assert_eq!(run.broken(), ["forms", "samples"]);
}

#[test]
fn a_changed_median_contradicts_the_traces() {
    let run = Artifact::new();
    run.edit("results.json", |document| {
        first_measurement(document)["median"] = json!(1.0);
    });
    let broken = run.broken();
    assert!(broken.contains(&"statistics"), "{broken:?}");
    assert!(broken.contains(&"forms"), "{broken:?}");
}

#[test]
fn a_flipped_byte_in_a_trace_is_found_with_and_without_its_sum() {
    let run = Artifact::new();
    let path = run.path("boots/capos-ring-samples-2.ktrace");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(&path, bytes).unwrap();
    let broken = run.broken();
    assert!(broken.contains(&"sums"), "{broken:?}");
    assert!(broken.contains(&"traces"), "{broken:?}");
    run.seal();
    let broken = run.broken();
    assert!(!broken.contains(&"sums"), "{broken:?}");
    assert!(broken.contains(&"traces"), "{broken:?}");
}

#[test]
fn a_swapped_trace_is_found() {
    let run = Artifact::new();
    let (from, to) = ("capos-ring-segments-1", "capos-ring-samples-2");
    let path = |stem: &str| run.path(&format!("boots/{stem}.ktrace"));
    fs::copy(path(from), path(to)).unwrap();
    run.seal();
    let broken = run.broken();
    for check in ["traces", "exact", "samples"] {
        assert!(broken.contains(&check), "{check}: {broken:?}");
    }
    // The record changed with it: now boots of one kind differ.
    let stream = raw(&path(to));
    run.edit("run.json", |record| {
        let capture = &mut record["boots"][3]["capture"];
        capture["sha256"] = json!(hash::of(&stream));
        capture["bytes"] = json!(stream.len());
    });
    let broken = run.broken();
    for check in ["exact", "artifact-hash", "samples"] {
        assert!(broken.contains(&check), "{check}: {broken:?}");
    }
    assert!(!broken.contains(&"traces"), "{broken:?}");
}

#[test]
fn a_changed_hash_in_the_record_is_found() {
    let other = json!(hash::of(b"another"));
    let run = Artifact::new();
    let envelope = |record: &mut serde_json::Value| record["envelope"]["hash"] = other.clone();
    run.edit("run.json", envelope);
    assert_eq!(run.broken(), ["identity", "envelope"]);

    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["boots"][1]["capture"]["sha256"] = other.clone();
    });
    assert_eq!(run.broken(), ["traces", "artifact-hash"]);

    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["bootImages"]["images/x.initrd"] = other.clone();
    });
    assert_eq!(run.broken(), ["images"]);

    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["definitions"][DEFINITION] = other
    });
    assert_eq!(run.broken(), ["definitions", "kept"]);
}

#[test]
fn a_changed_envelope_or_command_line_is_found() {
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["envelope"]["arguments"][1] = json!("kvm")
    });
    assert_eq!(run.broken(), ["envelope", "command-lines"]);
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["boots"][1]["arguments"][1] = json!("kvm")
    });
    assert_eq!(run.broken(), ["command-lines"]);
}

#[test]
fn an_audit_boot_that_does_not_step_or_does_more_than_log_is_found() {
    // As QEMU before 8.1 is asked to step.
    let run = Artifact::new();
    run.edit("run.json", |record| {
        let arguments = &mut record["boots"][0]["arguments"];
        arguments[1] = json!("tcg");
        arguments
            .as_array_mut()
            .unwrap()
            .insert(5, json!("-singlestep"));
    });
    assert_eq!(run.broken(), [""; 0]);

    // The first of several accelerators wins, and the options of others are ignored.
    let run = Artifact::new();
    run.edit("run.json", |record| {
        let arguments = &mut record["boots"][0]["arguments"];
        arguments[1] = json!("tcg");
        let arguments = arguments.as_array_mut().unwrap();
        arguments.extend([json!("-accel"), json!("tcg,one-insn-per-tb=on")]);
    });
    assert_eq!(run.broken(), ["command-lines"]);

    let run = Artifact::new();
    run.edit("run.json", |record| {
        let arguments = record["boots"][0]["arguments"].as_array_mut().unwrap();
        arguments.extend([json!("-m"), json!("4096")]);
    });
    assert_eq!(run.broken(), ["command-lines"]);
}

#[test]
fn a_removed_and_an_added_file_are_found() {
    let run = Artifact::new();
    fs::remove_file(run.path("boots/linux-linux-matched-perf-1.ktrace")).unwrap();
    let broken = run.broken();
    assert_eq!(broken[0], "sums");
    assert!(broken.contains(&"perturbations"), "{broken:?}");
    let run = Artifact::new();
    run.write("boots/notes.txt", b"mine");
    assert_eq!(run.broken(), ["sums"]);
}

#[test]
fn without_the_record_everything_else_says_so() {
    let run = Artifact::new();
    fs::remove_file(run.path("run.json")).unwrap();
    let report = run.verify();
    assert_eq!(names(&report, Verdict::Broken), ["complete", "sums"]);
    assert!(!report.all_held());
    let why = report.checks().find(|check| check.name == "samples");
    assert!(why.unwrap().evidence[0].contains("run.json"), "{why:?}");
}

#[test]
fn a_changed_ratio_is_found() {
    let run = Artifact::new();
    run.edit("results.json", |document| {
        document["comparisons"][0]["ratio"]["value"] = json!(0.5);
    });
    assert_eq!(run.broken(), ["forms", "ratios"]);
}

#[test]
fn a_changed_breakdown_is_found() {
    let run = Artifact::new();
    run.edit_results(|results| {
        let Outcome::Passed(measurement) = &mut results.results[0].outcome else {
            panic!("the first row passed");
        };
        measurement.breakdown.as_mut().unwrap().segments[0].count += 1;
    });
    assert_eq!(run.broken(), ["breakdown"]);
}

#[test]
fn a_changed_self_time_is_found() {
    for field in ["selfRaw", "selfCorrected", "share", "median"] {
        let run = Artifact::new();
        run.edit("results.json", |document| {
            let segments = &mut first_measurement(document)["breakdown"]["segments"];
            let lines = segments.as_array_mut().unwrap().iter_mut();
            let line = lines.into_iter().find(|line| !line[field].is_null());
            line.unwrap()[field] = json!(0.125);
        });
        assert_eq!(run.broken(), ["forms", "breakdown"], "{field}");
    }
}

#[test]
fn a_changed_bound_of_self_times_is_found() {
    let run = Artifact::new();
    run.edit("results.json", |document| {
        first_measurement(document)["breakdown"]["selfBound"] = json!(1.0);
    });
    assert_eq!(run.broken(), ["forms", "breakdown"]);
}

#[test]
fn a_boot_that_was_left_out_is_found() {
    let run = Artifact::new();
    run.edit("results.json", |document| {
        let measurement = first_measurement(document);
        measurement["boots"].as_array_mut().unwrap().pop();
    });
    let broken = run.broken();
    assert!(broken.contains(&"boots"), "{broken:?}");
}

#[test]
fn a_row_that_counts_other_attempts_than_took_place_is_found() {
    let run = Artifact::new();
    run.edit_results(|results| results.results[0].attempts += 1);
    assert_eq!(run.broken(), ["boots"]);
}

#[test]
fn a_changed_series_is_found() {
    let run = Artifact::new();
    run.edit_results(|results| results.results[0].config_hash = hash::of(b"another"));
    assert_eq!(run.broken(), ["series"]);
    // Another kernel is another series.
    let run = Artifact::new();
    run.edit("run.json", |record| {
        for guest in record["guests"].as_array_mut().unwrap() {
            if let Some(image) = guest.get_mut("kernelImage") {
                image["sha256"] = json!(hash::of(b"k"));
            }
        }
    });
    assert_eq!(run.broken(), ["series"]);
}

#[test]
fn a_changed_definition_contradicts_its_hash_and_the_series() {
    let run = Artifact::new();
    run.edit("definitions.json", |kept| {
        kept[DEFINITION]["intent"] = json!("another");
    });
    assert_eq!(run.broken(), ["kept", "series"]);
    // How often it is repeated is no part of what it means.
    let run = Artifact::new();
    run.edit("definitions.json", |kept| {
        kept[DEFINITION]["boots"] = json!(9)
    });
    assert_eq!(run.broken(), [""; 0]);
}

#[test]
fn a_run_that_keeps_no_definitions_says_what_that_leaves_open() {
    let run = Artifact::new();
    fs::remove_file(run.path("definitions.json")).unwrap();
    run.seal();
    let report = run.verify();
    assert_eq!(run.broken(), ["complete"]);
    let open = names(&report, Verdict::NotChecked);
    let named = [
        "kept",
        "series",
        "session",
        "required",
        "losses",
        "accounts",
        "denials",
        "mispriced",
    ];
    assert_eq!(open, named);
    assert!(run.judged_otherwise().contains("definitions.json"));
}

#[test]
fn a_row_with_another_meaning_than_its_definition_is_found() {
    let run = Artifact::new();
    run.edit_results(|results| results.results[0].correctness_id = "nobody".into());
    run.only_judged_otherwise("correctnessId");
    let run = Artifact::new();
    run.edit("results.json", |document| {
        first_measurement(document)["lowerIsBetter"] = json!(false);
    });
    assert_eq!(run.broken(), ["forms"]);
    assert!(run.judged_otherwise().contains("lowerIsBetter"));
}

#[test]
fn a_label_that_is_missing_or_too_much_is_found() {
    let run = Artifact::new();
    run.edit_results(|results| results.results[0].labels.clear());
    run.only_judged_otherwise("labels");
    let run = Artifact::new();
    run.edit_results(|results| results.results[0].labels.push(Label::SpecialBuild));
    run.only_judged_otherwise("labels");
    // Of what the labels speak of, each part.
    for (key, value) in [("terminal_script", "a: =0:b"), ("transport", "debugcon")] {
        let run = Artifact::new();
        run.edit_definition("systems/ring", |system| {
            system["kernel"] = json!({key: value})
        });
        assert!(run.judged_otherwise().contains("labels"), "{key}");
    }
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["guests"][0]["extra"] = json!({"features": ["inject"], "environment": {}});
    });
    assert!(run.judged_otherwise().contains("labels"));
}

#[test]
fn a_changed_agreement_is_found() {
    for (field, value) in [("observed", 1.0), ("allowed", 1e9)] {
        let run = Artifact::new();
        run.edit("results.json", |document| {
            let rows = document["results"].as_array_mut().unwrap().iter_mut();
            let mut rows = rows.filter(|row| row["guest"] == "linux");
            let row = rows.next().unwrap();
            row["measurement"]["instruments"][0]["widest"][field] = json!(value);
        });
        let broken = run.broken();
        assert!(broken.contains(&"instruments"), "{broken:?}");
    }
    // One that is kept quiet.
    let run = Artifact::new();
    run.edit_results(|results| {
        for row in &mut results.results {
            if let Outcome::Passed(measurement) = &mut row.outcome {
                measurement.instruments.clear();
            }
        }
    });
    assert_eq!(run.broken(), ["instruments"]);
}

#[test]
fn a_changed_perturbation_is_found() {
    for field in ["median", "effect"] {
        let run = Artifact::new();
        run.edit("results.json", |document| {
            let rows = document["results"].as_array_mut().unwrap().iter_mut();
            let mut rows = rows.filter(|row| row["guest"] == "linux");
            let measurement = &mut rows.next().unwrap()["measurement"];
            measurement["perturbations"][0][field] = json!(1.0);
        });
        let broken = run.broken();
        assert!(broken.contains(&"perturbations"), "{field}: {broken:?}");
    }
}

#[test]
fn an_interval_that_no_boots_support_is_found() {
    let run = Artifact::new();
    run.edit("results.json", |document| {
        let measurement = first_measurement(document);
        measurement["interval"] = json!({"low": 1.0, "high": 2.0, "confidence": 0.95});
    });
    assert_eq!(run.broken(), ["forms", "statistics"]);
}

#[test]
fn a_changed_audit_or_its_log_or_kernel_is_found() {
    let run = Artifact::new();
    run.edit("audit.json", |audits| {
        audits["entries"][0]["compared"] = json!(1)
    });
    assert_eq!(run.broken(), ["audit"]);

    let run = Artifact::new();
    let kernel = crate::emulator::image();
    let name = format!("images/{}.elf", hash::short(hash::of(&kernel)));
    run.write(&name, b"another kernel");
    run.seal();
    assert_eq!(run.broken(), ["record", "images", "audit", "mispriced"]);

    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["boots"][0]["arguments"][8] = json!("0x0..0x1");
    });
    assert_eq!(run.broken(), ["audit"], "half the code was logged");
}

#[test]
fn a_log_that_is_not_kept_says_what_that_leaves_open() {
    let run = Artifact::new();
    let log = format!("boots/{AUDIT}.instructions.log.zst");
    fs::remove_file(run.path(&log)).unwrap();
    run.edit("audit.json", |audits| {
        audits["entries"][0]["logLeftOut"] = json!("compressed it still has 99 bytes");
    });
    let report = run.verify();
    assert_eq!(names(&report, Verdict::Broken), [""; 0]);
    assert_eq!(names(&report, Verdict::NotChecked), ["audit", "mispriced"]);
    assert!(!report.all_held(), "not checked is not held");
    let audit = report.checks().find(|check| check.name == "audit");
    assert!(audit.unwrap().evidence[0].contains("99 bytes"), "{audit:?}");
}

#[test]
fn a_changed_price_is_found() {
    let run = Artifact::new();
    let mut changed = false;
    run.edit_results(|results| {
        for row in &mut results.results {
            if let Outcome::Passed(measurement) = &mut row.outcome {
                for mispriced in &mut measurement.mispriced {
                    *mispriced.per_operation.as_mut().unwrap() += 1.0;
                    changed = true;
                }
            }
        }
    });
    assert!(changed, "the audited row holds some");
    assert_eq!(run.broken(), ["mispriced"]);
}

#[test]
fn a_native_number_without_its_trace_or_beside_it_is_found() {
    let run = Artifact::new();
    run.edit_results(|results| {
        results.context.push(ContextRow {
            column: "native host".into(),
            benchmark_name: "linux/null-syscall/1".into(),
            source: "a kernel".into(),
            outcome: Outcome::Passed(ContextValue {
                unit: Unit::Ns,
                median: 1.0,
                min: 1.0,
                n: 256,
            }),
        });
    });
    assert_eq!(run.broken(), ["native"], "no trace");
    fs::create_dir(run.path("native")).unwrap();
    run.write("native/native.log", b"said");
    run.edit("run.json", |record| {
        let boots = record["boots"].as_array().unwrap();
        let linux = boots.iter().find(|boot| boot["guest"] == "linux");
        let mut capture = linux.unwrap()["capture"].clone();
        let file = capture["file"].as_str().unwrap();
        fs::copy(run.path(file), run.path("native/native.ktrace")).unwrap();
        capture["file"] = json!("native/native.ktrace");
        record["native"] = json!({
            "exit": { "kind": "clean" },
            "capture": capture,
            "log": "native/native.log",
        });
    });
    assert_eq!(run.broken(), ["native"], "another number than the trace's");
}

#[test]
fn a_path_that_leads_out_of_the_run_is_not_followed() {
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["boots"][1]["capture"]["file"] = json!("../boots/x.ktrace");
    });
    let report = run.verify();
    let traces = report.checks().find(|check| check.name == "traces");
    let evidence = traces.unwrap().evidence.join("\n");
    assert!(evidence.contains("leads out of the run"), "{evidence}");
}

#[test]
fn definitions_that_changed_since_break_nothing_and_are_named() {
    let mut run = Artifact::new();
    run.definitions = Some(Definitions::Of {
        commit: "a later one".into(),
        dirty: false,
        hashes: [(DEFINITION.to_owned(), "0".repeat(64))].into(),
    });
    let report = run.verify();
    assert!(report.all_held());
    assert!(names(&report, Verdict::DoesNotApply).contains(&"definitions"));
    let check = report.checks().find(|c| c.name == "definitions");
    assert!(
        check.unwrap().evidence[0].contains("a later one"),
        "{check:?}"
    );
}

#[test]
fn two_unknown_commits_are_not_one() {
    let unknown = [
        json!({"commit": "unknown", "dirty": false}),
        json!({"commit": "unknown", "dirty": true, "unknown": "no git"}),
    ];
    for checkout in unknown {
        let mut run = Artifact::new();
        run.edit("run.json", |record| record["checkout"] = checkout.clone());
        run.definitions = Some(Definitions::Of {
            commit: "unknown".into(),
            dirty: false,
            hashes: [(DEFINITION.to_owned(), "0".repeat(64))].into(),
        });
        let report = run.verify();
        assert!(names(&report, Verdict::DoesNotApply).contains(&"definitions"));
        let check = report.checks().find(|c| c.name == "definitions");
        let evidence = &check.unwrap().evidence[0];
        assert!(evidence.contains("an unknown commit"), "{evidence}");
    }
}

#[test]
fn what_is_no_run_is_an_error() {
    let nothing = tempfile::tempdir().unwrap();
    let definitions = Definitions::Unknown("none here".into());
    let error = Run::open(nothing.path(), definitions).unwrap_err();
    assert!(error.to_string().contains("there is no run"), "{error}");
}

#[test]
fn a_caution_that_was_left_out_is_found() {
    let run = Artifact::new();
    run.edit_results(|results| results.run.guests[0].caution = None);
    run.only_judged_otherwise("guests");
}

#[test]
fn a_name_whose_parts_are_another_benchmarks_is_found() {
    let run = Artifact::new();
    run.edit("results.json", |document| {
        document["results"][0]["benchmark"] = json!("ring/null-empty");
    });
    assert!(run.broken().contains(&"forms"), "{:?}", run.broken());
    let run = Artifact::new();
    run.edit("results.json", |document| {
        document["results"][0]["parameters"][0]["value"] = json!("7");
    });
    assert!(run.broken().contains(&"forms"), "{:?}", run.broken());
}

#[test]
fn a_record_that_contradicts_its_own_form_is_found() {
    let places = [
        ("/startedAt", json!("yesterday")),
        ("/startedAt", json!("2026-01-01T00:02:00Z")),
        ("/endedAt", json!("2025-12-31T23:59:59Z")),
        ("/endedAt", json!("2026-13-01T00:00:00Z")),
        ("/tool", json!("x")),
        ("/toolchain/rustc", json!("")),
        ("/toolchain/cargo", json!("rustc 1")),
        ("/toolchain/cc", json!("x")),
        ("/bootsPlanned", json!(3)),
        ("/bootsPlannedInAll", json!(11)),
        ("/checkout/directory", json!("../../..")),
        ("/guests/0/images/0/bytes", json!(1)),
        ("/guests/0/images/0/name", json!("init.elf")),
    ];
    for (place, value) in places {
        let run = Artifact::new();
        run.edit("run.json", |record| {
            let (parent, key) = place.rsplit_once('/').unwrap();
            record.pointer_mut(parent).unwrap()[key] = value.clone();
        });
        let broken = run.broken();
        assert!(broken.contains(&"record"), "{place} {value}: {broken:?}");
    }
}

#[test]
fn a_commit_or_a_run_id_without_form_is_found_in_record_and_results_alike() {
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["checkout"]["commit"] = json!("main")
    });
    run.edit_results(|results| results.run.commit = "main".to_owned());
    assert!(run.broken().contains(&"record"));

    let other = RUN.replace("2026", "2025");
    let run = Artifact::new();
    run.edit("run.json", |record| record["runId"] = json!(other));
    run.edit_results(|results| {
        results.run.id.clone_from(&other);
        for row in &mut results.results {
            row.run_id.clone_from(&other);
        }
    });
    assert!(run.broken().contains(&"record"));
}

#[test]
fn boots_planned_in_all_are_every_boot_that_took_place() {
    let run = Artifact::new();
    run.edit("run.json", |record| record["bootsPlannedInAll"] = json!(12));
    assert_eq!(run.broken(), [""; 0]);
}

#[test]
fn a_stream_whose_length_is_not_that_of_the_record_is_found() {
    for more in [-1, 1] {
        let run = Artifact::new();
        run.edit("run.json", |record| {
            let bytes = &mut record["boots"][1]["capture"]["bytes"];
            *bytes = json!(bytes.as_i64().unwrap() + more);
        });
        assert!(run.broken().contains(&"traces"), "{more}");
    }
}

#[test]
fn a_record_without_a_definition_that_a_row_or_boot_rests_on_is_found() {
    for key in [DEFINITION, "systems/ring"] {
        let run = Artifact::new();
        run.edit("run.json", |record| {
            record["definitions"]
                .as_object_mut()
                .unwrap()
                .remove(key)
                .unwrap();
        });
        assert!(run.broken().contains(&"kept"), "{key}");
    }
}
