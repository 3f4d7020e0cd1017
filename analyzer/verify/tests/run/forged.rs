//! Runs that somebody put together so that every hash, sum and CRC is right: what is in
//! them is another run's, another variant's, or not there.

use capbench_verify::Verdict;
use serde_json::json;
use trace_format::FrameKind;
use trace_format::control::Message;

use crate::artifact::{AUDIT, Artifact, names, raw};
use crate::stream;

const SAMPLES: &str = "capos-ring-samples";
const SEGMENTS: &str = "capos-ring-segments-";

/// The check that arithmetic breaks, and what the judge has against every row.
fn refused(run: &Artifact, check: &str, reason: &str) {
    let report = run.verify();
    let broken = names(&report, Verdict::Broken);
    assert!(broken.contains(&check), "{check}: {broken:?}");
    assert!(!report.all_held());
    run.judge();
    let results = run.read_results();
    let rows = results.results.iter().filter(|row| row.guest == "capos");
    for row in rows {
        let (found, detail, _) = row.outcome.refusal().unwrap();
        assert_eq!(found, reason, "{detail}");
    }
}

#[test]
fn streams_of_the_segments_build_are_no_samples_and_the_other_way_round() {
    for (from, to) in [
        ("capos-ring-segments-1", SAMPLES),
        ("capos-ring-samples-1", SEGMENTS),
    ] {
        let run = Artifact::new();
        let other = raw(&run.path(&format!("boots/{from}.ktrace")));
        run.restream(to, |_| other.clone());
        refused(&run, "session", "sessionMismatch");
    }
}

#[test]
fn a_stream_of_another_system_is_found() {
    let run = Artifact::new();
    let other = raw(&run.path("boots/linux-linux-matched-samples-1.ktrace"));
    run.restream(SAMPLES, |_| other.clone());
    refused(&run, "session", "sessionMismatch");
}

#[test]
fn a_second_session_in_front_overrides_nothing() {
    let run = Artifact::new();
    run.restream(SAMPLES, |stream| {
        stream::repeated(stream, |message| matches!(message, Message::Session(_)))
    });
    refused(&run, "session", "declarationsContradict");
}

#[test]
fn a_traced_boot_without_one_dispatch_is_found() {
    let run = Artifact::new();
    run.restream(SEGMENTS, |stream| {
        let without = stream::without(stream, FrameKind::Spans);
        let sent = stream::frames(&without).len() as u32;
        // Nothing was begun, so nothing is missing.
        stream::messages(&without, &[], |message| match message {
            Message::RingAccount(mut account) => {
                (account.begun, account.committed) = (0, 0);
                Some(Message::RingAccount(account))
            }
            Message::EndOfStream(mut end) => {
                end.frames = sent;
                Some(Message::EndOfStream(end))
            }
            other => Some(other),
        })
    });
    refused(&run, "required", "evidenceMissing");
}

#[test]
fn records_that_were_lost_where_no_window_is_are_found() {
    let run = Artifact::new();
    run.reword(SEGMENTS, |message| match message {
        Message::RingAccount(mut account) => {
            account.begun += 5;
            account.dropped += 5;
            Some(Message::RingAccount(account))
        }
        other => Some(other),
    });
    refused(&run, "losses", "recordsDropped");
}

#[test]
fn samples_that_were_lost_are_found_though_their_window_is_closed() {
    let run = Artifact::new();
    run.reorigin(SAMPLES, |kind, origin| {
        if kind == FrameKind::Samples {
            origin.lost.ring_full = 1;
        }
    });
    refused(&run, "losses", "recordsDropped");
}

#[test]
fn a_run_without_its_record_never_passes() {
    for name in ["run.json", "results.json", "definitions.json"] {
        let run = Artifact::new();
        std::fs::remove_file(run.path(name)).unwrap();
        run.seal();
        let report = run.verify();
        assert!(!report.all_held(), "{name}");
        assert!(names(&report, Verdict::Broken).contains(&"complete"));
    }
    let run = Artifact::new();
    run.edit("run.json", |record| {
        record["schema"] = json!("capbench.run/9")
    });
    assert!(run.broken().contains(&"complete"));
}

#[test]
fn a_planned_boot_that_the_record_leaves_out_is_missed() {
    for stem in ["capos-ring-segments-2", AUDIT] {
        let run = Artifact::new();
        run.edit("run.json", |record| {
            let boots = record["boots"].as_array_mut().unwrap();
            boots.retain(|boot| !boot["console"].as_str().unwrap().contains(stem));
        });
        let told = run.judged_otherwise();
        assert!(told.contains("evidenceMissing: boots: "), "{stem}: {told}");
    }
}

#[test]
fn an_interrupted_run_is_not_held_and_nothing_of_it_is_broken() {
    let run = Artifact::new();
    run.edit("run.json", |record| record["state"] = json!("interrupted"));
    run.judge();
    let report = run.verify();
    assert_eq!(names(&report, Verdict::Broken), [""; 0], "{report:#?}");
    assert_eq!(names(&report, Verdict::NotChecked), ["complete"]);
    assert!(!report.all_held());
}

#[test]
fn an_audit_boot_that_names_no_log_is_broken() {
    for log in [json!(""), json!(null)] {
        let run = Artifact::new();
        run.edit("run.json", |record| {
            record["boots"][0]["instructionLog"] = log
        });
        assert!(run.broken().contains(&"complete"));
    }
}
