//! Each rule of DESIGN §7 fires where its matter is broken: a row keeps a number
//! that raw evidence makes invalid, and judging again names the rule. Judged anew, the
//! same row has no number for the same reason, and then nothing is broken.

use serde_json::json;
use trace_format::control::{
    AuthorityExercised, AuthorityGranted, Message, OracleOutcome, Panicked, ProcessExited,
    ProcessFaulted, Session, ThreadDeclared, Verdict as Word, WindowRefused,
};

use capbench_results::{ComparisonOutcome, NoRatioReason, Refusal};

use crate::artifact::{AUDIT, Artifact, names};
use crate::stream::Record;
use capbench_verify::{Definitions, Verdict};

const SAMPLES: &str = "capos-ring-samples";
const SEGMENTS: &str = "capos-ring-segments-1";
const LINUX: &str = "linux-linux-matched-samples";
const COUNTS: &str = "linux-linux-matched-counts";
const PERF: &str = "linux-linux-matched-perf";

/// The change makes `rule` speak first for `reason` when the run is judged again while
/// rows keep their numbers, and gives them that reason when they are judged anew.
fn fires(rule: &str, reason: &str, change: impl Fn(&Artifact)) {
    let mut run = Artifact::new();
    // Some changes are of definitions, and no checkout has those.
    run.definitions = Some(Definitions::Unknown("none here".into()));
    change(&run);
    let report = run.verify();
    let mut checks = report.checks();
    let found = checks.find(|check| check.name == "judged-results").unwrap();
    assert_eq!(found.verdict, Verdict::Broken);
    let told = format!("{reason}: {rule}: ");
    let mut evidence = found.evidence.iter();
    assert!(
        evidence.any(|line| line.contains(&told)),
        "{told}: {found:#?}"
    );

    run.judge();
    let report = run.verify();
    assert_eq!(names(&report, Verdict::Broken), [""; 0], "{report:#?}");
    let results = run.read_results();
    let mut refusals = results
        .results
        .iter()
        .filter_map(|row| row.outcome.refusal());
    assert!(
        refusals.any(|(found, ..)| found == reason),
        "no row is {reason}: {:?}",
        results
            .results
            .iter()
            .map(|row| row.outcome.refusal())
            .collect::<Vec<_>>()
    );
}

/// The verdict of the first window, changed.
fn verdict(run: &Artifact, boots: &str, change: impl Fn(&mut Word)) {
    run.reword(boots, |message| match message {
        Message::Verdict(mut word) if word.window == 1 => {
            change(&mut word);
            Some(Message::Verdict(word))
        }
        other => Some(other),
    });
}

#[test]
fn a_number_that_the_oracle_refused() {
    fires("verifier", "verifierFailed", |run| {
        verdict(run, SAMPLES, |word| {
            word.outcome = OracleOutcome::Failed;
            word.failures = 1;
            word.detail = "a wrong result";
        });
    });
}

#[test]
fn a_number_without_a_verdict() {
    fires("verifier", "verifierFailed", |run| {
        run.reword(LINUX, |message| match message {
            Message::Verdict(word) if word.window == 1 => None,
            other => Some(other),
        });
    });
}

#[test]
fn a_boot_that_ended_in_a_way_no_guest_asks_for() {
    let ended = |exit: serde_json::Value| {
        move |run: &Artifact| {
            run.edit("run.json", |record| {
                record["boots"][2]["exit"] = exit.clone()
            });
        }
    };
    let killed = json!({"kind": "killed", "signal": 9, "message": "m"});
    fires("ending", "abnormalExit", ended(killed));
    fires(
        "ending",
        "kernelPanic",
        ended(json!({"kind": "kernelPanic"})),
    );
    fires(
        "ending",
        "programFailed",
        ended(json!({"kind": "programFailed"})),
    );
    let hung = json!({"kind": "timedOut", "seconds": 3});
    fires("ending", "timedOut", ended(hung));
    let given_up = json!({"kind": "internalError", "message": "KVM internal error"});
    fires("ending", "internalError", ended(given_up));
    let not_tried = json!({"kind": "notTried", "because": "capos-ring-samples-1"});
    fires("ending", "internalError", ended(not_tried));
}

#[test]
fn a_run_that_was_interrupted() {
    fires("ending", "interrupted", |run| {
        run.edit("run.json", |record| record["state"] = json!("interrupted"));
    });
}

#[test]
fn a_stream_without_its_last_message() {
    fires("end-of-stream", "missingEndOfStream", |run| {
        run.reword(SAMPLES, |message| match message {
            Message::EndOfStream(_) => None,
            other => Some(other),
        });
    });
}

#[test]
fn a_boot_that_left_no_stream() {
    fires("end-of-stream", "missingEndOfStream", |run| {
        run.edit("run.json", |record| {
            record["boots"][1]["capture"] = json!({"kind": "absent"});
        });
    });
}

#[test]
fn a_kernel_that_panicked() {
    let panic = Panicked {
        time: 1,
        message: "out of memory",
        location: "here",
        open_spans: 0,
    };
    fires("panic", "kernelPanic", |run| {
        run.say(SAMPLES, &[Message::Panicked(panic)])
    });
}

#[test]
fn a_program_that_faulted() {
    let fault = ProcessFaulted {
        pid: 2,
        vector: 14,
        error_code: 0,
        instruction: 0x1000,
        address: 0,
    };
    fires("panic", "kernelPanic", |run| {
        run.say(SEGMENTS, &[Message::ProcessFaulted(fault)]);
    });
}

#[test]
fn a_program_that_exited_with_a_failure() {
    let exit = ProcessExited { pid: 2, code: 1 };
    fires("panic", "programFailed", |run| {
        run.say(SAMPLES, &[Message::ProcessExited(exit)]);
    });
}

#[test]
fn accounts_of_a_ring_that_do_not_balance() {
    fires("accounts", "accountsUnbalanced", |run| {
        run.reword(SEGMENTS, |message| match message {
            Message::RingAccount(mut account) => {
                account.begun += 1;
                Some(Message::RingAccount(account))
            }
            other => Some(other),
        });
    });
}

#[test]
fn completions_that_the_program_did_not_see() {
    fires("accounts", "accountsUnbalanced", |run| {
        verdict(run, SAMPLES, |word| word.completed -= 1);
    });
}

#[test]
fn a_count_of_the_kernel_that_is_not_the_programs() {
    fires("accounts", "accountsUnbalanced", |run| {
        let mut id = None;
        run.reword(SAMPLES, |message| match message {
            Message::CounterDeclared(counter) if counter.name == "sqe_consumed" => {
                id = Some(counter.id);
                Some(message)
            }
            Message::WindowCounter(mut counter) if Some(counter.counter) == id => {
                counter.value *= 2;
                Some(Message::WindowCounter(counter))
            }
            other => Some(other),
        });
    });
}

#[test]
fn a_damaged_byte() {
    fires("damage", "frameDamaged", |run| {
        run.restream(LINUX, |stream| {
            let mut stream = stream.to_vec();
            let middle = stream.len() / 2;
            stream[middle] ^= 0x10;
            stream
        });
    });
}

#[test]
fn a_stream_that_is_cut_off() {
    fires("damage", "traceCutOff", |run| {
        run.restream(LINUX, |stream| stream[..stream.len() - 8].to_vec());
    });
}

#[test]
fn a_stream_that_is_none() {
    fires("damage", "frameDamaged", |run| {
        run.restream(LINUX, |_| b"no stream at all".to_vec());
    });
}

#[test]
fn frames_that_are_missing_or_come_twice() {
    fires("sequence", "sequenceBroken", |run| {
        run.restream(SAMPLES, |stream| {
            let frames = crate::stream::frames(stream);
            let kept = frames.iter().enumerate().filter(|(index, _)| *index != 40);
            kept.flat_map(|(_, raw)| raw.bytes).copied().collect()
        });
    });
    fires("sequence", "sequenceBroken", |run| {
        run.reorigin(SAMPLES, |_, origin| {
            if origin.sequence == 40 {
                origin.sequence = 39;
            }
        });
    });
}

#[test]
fn time_that_runs_backwards_from_sample_to_sample() {
    fires("time-order", "timeOrderBroken", |run| {
        let mut first = true;
        run.resample(LINUX, |sample| {
            if std::mem::take(&mut first) {
                sample.start = 0;
            }
        });
    });
}

#[test]
fn time_that_runs_backwards_from_record_to_record() {
    let mut number = 0;
    let shift = |record: &mut Record, number: &mut i32| {
        *number += 1;
        if *number == 2000
            && let Record::Span(span) = record
        {
            span.start -= 5000;
        }
    };
    let run = Artifact::new();
    run.respan(SEGMENTS, |record| shift(record, &mut number));
    assert!(run.judged_otherwise().contains("timeOrderBroken"));
}

#[test]
fn a_window_that_ends_before_it_begins() {
    fires("time-order", "timeOrderBroken", |run| {
        run.reword(LINUX, |message| match message {
            Message::WindowEnded(mut ended) if ended.window == 2 => {
                ended.time = 0;
                Some(Message::WindowEnded(ended))
            }
            other => Some(other),
        });
    });
}

#[test]
fn records_dropped_inside_a_window() {
    fires("dropped", "recordsDropped", |run| {
        run.reword(SEGMENTS, |message| match message {
            Message::WindowRing(mut ring) if ring.edge == trace_format::control::Edge::End => {
                ring.dropped += 1;
                Some(Message::WindowRing(ring))
            }
            other => Some(other),
        });
    });
}

#[test]
fn records_that_frames_say_were_lost() {
    let run = Artifact::new();
    let mut windows = 0;
    // The frames of one window say so, and it is open while they come.
    run.restream("linux-linux-matched-samples", |stream| {
        crate::stream::messages(stream, &[], |message| {
            windows += usize::from(matches!(message, Message::WindowBegun(_)));
            Some(message)
        })
    });
    assert!(windows > 1);
    run.reorigin("linux-linux-matched-samples", |_, origin| {
        origin.lost.transport = u64::from(origin.sequence);
    });
    assert!(run.broken().contains(&"losses"), "{:?}", run.broken());
    assert!(run.judged_otherwise().contains("recordsDropped: dropped: "));
}

#[test]
fn a_dispatch_that_lacks_a_span() {
    fires("nesting", "segmentsUnbalanced", |run| {
        let mut roots = 0;
        run.respan(SEGMENTS, |record| {
            if let Record::Root(root) = record {
                roots += 1;
                root.spans_inside += u16::from(roots == 100);
            }
        });
    });
}

#[test]
fn segments_that_overlap() {
    fires("nesting", "segmentsUnbalanced", |run| {
        let mut roots = 0;
        run.respan(SEGMENTS, |record| {
            if let Record::Root(root) = record {
                roots += 1;
                if roots == 100 {
                    root.start += 3;
                    root.duration -= 3;
                }
            }
        });
    });
}

#[test]
fn a_segment_that_nobody_declared() {
    fires("nesting", "segmentsUnbalanced", |run| {
        let mut spans = 0;
        run.respan(SEGMENTS, |record| {
            if let Record::Span(span) = record {
                spans += 1;
                if spans == 500 {
                    span.segment = 4000;
                }
            }
        });
    });
}

/// Declared by the kernel, and granted to init only.
const PROCESS_SPAWNER: u64 = 14_091_360_870_082_533_768;

#[test]
fn a_capability_that_nobody_declared() {
    let grant = AuthorityGranted {
        pid: 2,
        name: "spawner",
        interface: PROCESS_SPAWNER,
        source: "process_spawner",
    };
    fires("authority", "authorityExceeded", |run| {
        run.say(SAMPLES, &[Message::AuthorityGranted(grant)]);
    });
}

#[test]
fn a_definition_that_grants_less_than_a_program_held() {
    fires("authority", "authorityExceeded", |run| {
        run.edit_definition("authority/ring-measure", |profile| {
            profile["grants"].as_array_mut().unwrap().pop();
        });
    });
}

#[test]
fn an_interface_used_without_a_grant() {
    let used = AuthorityExercised {
        pid: 2,
        interface: PROCESS_SPAWNER,
        calls: 1,
    };
    fires("authority", "authorityExceeded", |run| {
        run.say(SAMPLES, &[Message::AuthorityExercised(used)]);
    });
}

#[test]
fn a_denial_that_was_not_proven() {
    fires("authority", "denialUnproven", |run| {
        run.edit_definition("authority/ring-measure", |profile| {
            profile["denials"] = json!([{"name": "stale", "attempt": "a"}]);
        });
    });
}

#[test]
fn a_feature_that_nobody_declared() {
    fires("features", "undeclaredFeature", |run| {
        run.reword(SAMPLES, |message| match message {
            Message::Session(session) => Some(Message::Session(Session {
                features: "inject=body:7",
                ..session
            })),
            other => Some(other),
        });
    });
}

#[test]
fn what_a_definition_declares_is_not_held_against_a_run() {
    let mut run = Artifact::new();
    run.definitions = Some(Definitions::Unknown("none here".into()));
    run.reword(SAMPLES, |message| match message {
        Message::Session(session) => Some(Message::Session(Session {
            features: "scripted-input",
            ..session
        })),
        other => Some(other),
    });
    let thread = ThreadDeclared {
        tid: 90,
        pid: 9,
        program: "leaf",
    };
    let exit = ProcessExited { pid: 9, code: 42 };
    let said = [
        Message::ThreadDeclared(thread),
        Message::ProcessExited(exit),
    ];
    run.say(SAMPLES, &said);
    let held = |run: &Artifact| {
        let told = run.judged_otherwise();
        ["undeclaredFeature", "programFailed"].map(|reason| !told.contains(reason))
    };
    let first = held(&run);
    assert!(first.contains(&false), "{first:?}");

    run.edit_definition("systems/ring", |system| {
        system["kernel"] = json!({"terminal_script": "read: =0:x"});
        system["children"] = json!([{"name": "leaf", "binary": "leaf", "exit_code": 42}]);
    });
    run.edit_definition("benchmarks/ring/nop", |benchmark| {
        benchmark["smokes"] = json!(["tier0/boot"]);
    });
    assert_eq!(held(&run), [true, true]);
}

#[test]
fn dispatches_that_do_not_fit_into_what_the_program_timed() {
    fires("instruments", "instrumentsDisagree", |run| {
        let mut first = true;
        run.resample(SEGMENTS, |sample| {
            if std::mem::take(&mut first) {
                sample.ticks = 1;
            }
        });
    });
}

#[test]
fn operations_of_several_submissions_are_held_against_all_of_them() {
    let run = Artifact::new();
    run.edit_definition("benchmarks/ring/nop", |benchmark| {
        benchmark["guests"]["capos"]["submissions"] = json!(2);
    });
    let told = run.judged_otherwise();
    assert!(
        told.contains("instrumentsDisagree: instruments: "),
        "{told}"
    );
}

#[test]
fn a_second_instrument_that_disagrees() {
    for (boots, counter) in [
        (LINUX, "marker_ns"),
        (PERF, "task_clock_ns"),
        (COUNTS, "sys_enter.io_uring_enter"),
    ] {
        fires("instruments", "instrumentsDisagree", |run| {
            let mut id = None;
            run.reword(boots, |message| match message {
                Message::CounterDeclared(declared) if declared.name == counter => {
                    id = Some(declared.id);
                    Some(message)
                }
                Message::WindowCounter(mut counted) if Some(counted.counter) == id => {
                    counted.value *= 2;
                    Some(Message::WindowCounter(counted))
                }
                other => Some(other),
            });
            assert!(id.is_some(), "{counter}");
        });
    }
}

#[test]
fn exact_streams_that_differ() {
    fires("streams", "streamsDiffer", |run| {
        run.resample("capos-ring-samples-2", |sample| sample.ticks += 1);
    });
}

#[test]
fn a_log_that_executed_something_else() {
    fires("audit", "instrumentsDisagree", |run| {
        let stream = crate::artifact::raw(&run.path(&format!("boots/{AUDIT}.ktrace")));
        let log = String::from_utf8(crate::emulator::log(&stream)).unwrap();
        // One instruction more, far behind the calibration.
        let mut lines: Vec<&str> = log.lines().collect();
        let middle = lines.len() / 2;
        lines.insert(middle, lines[middle]);
        run.write_log(format!("{}\n", lines.join("\n")).as_bytes());
        run.seal();
    });
}

#[test]
fn an_audit_boot_that_ended_badly() {
    fires("audit", "instrumentsDisagree", |run| {
        run.edit("run.json", |record| {
            record["boots"][0]["exit"] = json!({"kind": "timedOut", "seconds": 3});
        });
    });
}

#[test]
fn a_row_of_another_workload_than_its_definition() {
    let run = Artifact::new();
    run.edit_definition("benchmarks/ring/nop", |benchmark| {
        benchmark["samples"] = json!(512);
    });
    assert!(run.broken().contains(&"series"));
    // Its windows were not opened for as many records.
    assert!(run.judged_otherwise().contains("sessionMismatch"));
    run.judge();
    assert_eq!(run.broken(), ["definitions"], "the checkout has another");
}

#[test]
fn a_reference_of_another_size_or_over_other_data() {
    let run = Artifact::new();
    run.edit_definition("mappings/ring/nop", |mapping| {
        mapping["counterparts"][0]["batches"] = json!([[16, 1]]);
    });
    assert_eq!(run.broken(), ["definitions"], "the checkout has another");
    assert!(run.judged_otherwise().contains("comparisons"));
    let run = Artifact::new();
    run.edit_definition("benchmarks/linux/null-syscall", |benchmark| {
        benchmark["corpus"] = json!({"name": "c", "sha256": "0".repeat(64)});
    });
    assert!(run.judged_otherwise().contains("referenceMismatch"));
    // Unless nobody divided them.
    run.edit_results(|results| {
        for comparison in &mut results.comparisons {
            let why = Refusal::new(NoRatioReason::ReferenceMismatch, "other data");
            comparison.outcome = ComparisonOutcome::None(why);
        }
    });
    assert!(!run.judged_otherwise().contains("ratio"));
}

#[test]
fn a_window_that_was_refused_or_did_less() {
    let refused = WindowRefused {
        benchmark: "ring/nop/1",
        needed: 100,
        capacity: 64,
    };
    fires("windows", "windowRefused", |run| {
        run.say(SAMPLES, &[Message::WindowRefused(refused)]);
    });
    fires("windows", "incomplete", |run| {
        run.reword(LINUX, |message| match message {
            Message::WindowBegun(mut begun) if begun.window == 1 => {
                begun.expected_operations += 1;
                Some(Message::WindowBegun(begun))
            }
            other => Some(other),
        });
    });
    fires("windows", "incomplete", |run| {
        run.reword(LINUX, |message| match message {
            Message::WindowEnded(ended) if ended.window == 1 => None,
            other => Some(other),
        });
    });
}

#[test]
fn a_measurement_on_hardware_says_that_nobody_watched_its_host() {
    let run = Artifact::new();
    run.edit("run.json", |record| record["mode"] = json!("hardware"));
    let report = run.verify();
    assert!(names(&report, Verdict::NotChecked).contains(&"quiescent"));
}
