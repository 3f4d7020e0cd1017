//! Exports of traces: archived ones of both guests, and one that means harm.

mod hostile;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use capbench_export::{
    BATCH_ROWS, Boot, Symbols, TableFormat, write_flamegraphs, write_folded, write_perfetto,
    write_spans,
};
use capbench_frames::synthetic::{Shape, bytes};
use capbench_frames::windows::Tables;
use capbench_results::plain;
use polars_core::prelude::*;
use polars_io::SerReader;
use polars_io::prelude::ParquetReader;
use serde_json::Value;

fn golden(stem: &str) -> Boot {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden");
    Boot::open(stem, folder.join(format!("{stem}.ktrace"))).unwrap()
}

/// A boot of these bytes, which live as long as the directory.
fn boot(stem: &str, bytes: &[u8], directory: &Path) -> Boot {
    let path = directory.join("x.trace");
    fs::write(&path, bytes).unwrap();
    Boot::open(stem, path).unwrap()
}

fn events(boots: &[(Boot, Option<Symbols>)]) -> Vec<Value> {
    let directory = tempfile::tempdir().unwrap();
    let written = write_perfetto(boots, directory.path()).unwrap();
    let text = fs::read_to_string(written.path).unwrap();
    let mut trace: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(trace["displayTimeUnit"], "ns");
    match trace["traceEvents"].take() {
        Value::Array(events) => events,
        other => panic!("{other}"),
    }
}

/// What the format's description asks of an event.
fn check_event(event: &Value) {
    let number = |key: &str| event[key].as_f64().filter(|value| *value >= 0.0);
    assert!(event["name"].is_string(), "{event}");
    assert!(event["cat"].is_string(), "{event}");
    assert!(event["pid"].is_u64() && event["tid"].is_u64(), "{event}");
    assert!(event["args"].is_object(), "{event}");
    assert!(number("ts").is_some(), "{event}");
    let phase = event["ph"].as_str().unwrap();
    assert_eq!(event.get("dur").is_some(), phase == "X", "{event}");
    assert_eq!(event.get("s").is_some(), phase == "i", "{event}");
    match phase {
        "X" => assert!(number("dur").is_some(), "{event}"),
        "i" => assert_eq!(event["s"], "t"),
        "C" => assert!(
            event["args"]
                .as_object()
                .unwrap()
                .values()
                .all(Value::is_number),
            "{event}"
        ),
        "M" => {
            let known = ["process_name", "process_sort_index", "process_labels"];
            let threads = ["thread_name", "thread_sort_index"];
            let name = event["name"].as_str().unwrap();
            assert!(known.contains(&name) || threads.contains(&name), "{event}");
        }
        "s" | "t" => assert_eq!(event.get("bp"), None, "{event}"),
        "f" => assert_eq!(event["bp"], "e", "{event}"),
        other => panic!("phase {other}"),
    }
    let flow = ["s", "t", "f"].contains(&phase);
    assert_eq!(event["id"].is_u64(), flow, "{event}");
}

/// Whether each arrow stands right behind the dispatch that it binds to. Returns the
/// phases of each flow, in the order of the file.
fn arrows(events: &[Value]) -> BTreeMap<u64, Vec<&str>> {
    let mut flows = BTreeMap::<u64, Vec<&str>>::new();
    for (event, before) in events[1..].iter().zip(events) {
        let Some(id) = event["id"].as_u64() else {
            continue;
        };
        assert_eq!(before["cat"], "dispatch", "{before}");
        for key in ["ts", "pid", "tid"] {
            assert_eq!(before[key], event[key], "{event}");
        }
        let outcome = match event["ph"].as_str() {
            Some("s") => "pending",
            Some("t") => "resumedPending",
            _ => "resumed",
        };
        assert_eq!(before["args"]["outcome"], outcome, "{event}");
        let flow = event["pid"].as_u64().unwrap() << 32 | before["args"]["flow"].as_u64().unwrap();
        assert_eq!(id, flow, "{event}");
        let phases = flows.entry(id).or_default();
        phases.push(event["ph"].as_str().unwrap());
    }
    flows
}

/// Start and end in nanoseconds, to which the format's decimals are exact.
fn interval(event: &Value) -> (u64, u64) {
    let ns = |key: &str| (event[key].as_f64().unwrap() * 1000.0).round() as u64;
    (ns("ts"), ns("ts") + ns("dur"))
}

/// Slices of each track nest: as a reader sees them, which sorts by start and
/// keeps the order of the file where starts are equal.
fn check_nesting(events: &[Value]) {
    let mut tracks = BTreeMap::<(u64, u64), Vec<(u64, u64)>>::new();
    for event in events.iter().filter(|event| event["ph"] == "X") {
        let track = (
            event["pid"].as_u64().unwrap(),
            event["tid"].as_u64().unwrap(),
        );
        tracks.entry(track).or_default().push(interval(event));
    }
    for (track, mut slices) in tracks {
        slices.sort_by_key(|(start, _)| *start);
        let mut open: Vec<u64> = Vec::new();
        for (start, end) in slices {
            open.retain(|until| *until > start || start == end && *until == start);
            let inside = open.last().is_none_or(|until| end <= *until);
            assert!(inside, "{track:?}: {start}..{end} leaves its parent");
            open.push(end);
        }
    }
}

fn check(events: &[Value]) {
    events.iter().for_each(check_event);
    check_nesting(events);
}

#[test]
fn boots_of_both_guests_stand_side_by_side_from_time_zero() {
    let boots = [golden("ring-segments-v1"), golden("linux-samples-v1")];
    let events = events(&boots.map(|boot| (boot, None)));
    check(&events);
    for (pid, stem) in [(1, "ring-segments-v1"), (2, "linux-samples-v1")] {
        let own = || events.iter().filter(|event| event["pid"] == pid);
        let name = own().find(|event| event["name"] == "process_name").unwrap();
        assert_eq!(name["args"]["name"], stem);
        let label = own().find(|event| event["name"] == "process_labels");
        let label = label.unwrap()["args"]["labels"].as_str().unwrap();
        assert!(label.contains("not time"), "{label}");
        assert!(label.contains("features: "), "{label}");
        let records = own().filter(|event| event["ph"] != "M");
        let first = records.map(|event| event["ts"].as_f64().unwrap());
        assert_eq!(first.fold(f64::INFINITY, f64::min), 0.0);
    }
}

#[test]
fn every_span_is_a_slice_and_a_root_has_its_arguments() {
    let boot = golden("ring-segments-v1");
    let records = boot.trace.totals.records;
    let events = events(&[(boot, None)]);
    let spans = |event: &&Value| event["args"].get("self_ticks").is_some();
    assert_eq!(events.iter().filter(spans).count() as u64, records);
    let root = events
        .iter()
        .find(|event| event["args"].get("flow").is_some());
    let root = root.unwrap();
    assert_eq!(root["name"], "dispatch");
    for key in ["opcode", "method", "result", "outcome", "tid", "program"] {
        assert!(root["args"].get(key).is_some(), "{root}");
    }
    assert!(events.iter().any(|event| event["name"] == "switch"));
    assert!(events.iter().any(|event| event["ph"] == "C"));
}

#[test]
fn an_arrow_leads_from_each_dispatch_that_blocked_to_the_one_that_resumed_it() {
    let events = events(&[(golden("ring-segments-v1"), None)]);
    let flows = arrows(&events);
    let whole = flows.values().filter(|phases| **phases == ["s", "f"]);
    let whole = whole.count();
    assert!(whole > 0);
    // Who never was resumed has no arrow's end.
    let blocked = flows.values().filter(|phases| **phases == ["s"]);
    assert_eq!(whole + blocked.count(), flows.len(), "{flows:?}");
}

#[test]
fn instruments_passes_are_traces_too() {
    let boots = [golden("linux-counts-v1"), golden("linux-perf-v1")];
    let events = events(&boots.map(|boot| (boot, None)));
    check(&events);
    assert!(events.iter().any(|event| event["cat"] == "pc"));
}

#[test]
fn hostile_names_stay_names() {
    let directory = tempfile::tempdir().unwrap();
    let boot = boot(hostile::NAME, &hostile::stream(), directory.path());
    let events = events(&[(boot, None)]);
    check(&events);
    let shown = plain(hostile::NAME);
    let named = |event: &&Value| event["name"] == *shown;
    // A window, six spans and an instant; a counter also says its CPU.
    assert_eq!(events.iter().filter(named).count(), 8);
    let incomplete = events
        .iter()
        .filter(|event| event["args"]["incomplete"] == true);
    assert_eq!(incomplete.count(), 3);
}

#[test]
fn hostile_names_stay_frames_and_text() {
    let directory = tempfile::tempdir().unwrap();
    let boot = boot(hostile::NAME, &hostile::stream(), directory.path());
    let to = directory.path().join("out");
    let folded = write_folded(&boot, None, &to).unwrap();
    assert_eq!(folded.written.len(), 2);
    assert!(folded.notes.iter().any(|note| note.contains("1 tree ")));
    assert!(
        folded
            .notes
            .iter()
            .any(|note| note.contains("address range"))
    );
    let lines: Vec<String> = folded
        .written
        .iter()
        .map(|written| fs::read_to_string(&written.path).unwrap())
        .collect();
    let weights = lines[0].lines().map(|line| {
        let (stack, weight) = line.rsplit_once(' ').unwrap();
        assert!(!stack.contains(char::is_whitespace), "{line}");
        (stack.split(';').count(), weight.parse::<u64>().unwrap())
    });
    let weights: BTreeMap<_, _> = weights.collect();
    assert_eq!(weights, BTreeMap::from([(2, 50), (3, 30), (4, 20)]));
    assert!(lines[1].ends_with(";kernel;0xffffffff81000000-0xffffffff81000fff 1\n"));
    for written in write_flamegraphs(&boot, None, &to).unwrap().written {
        let svg = fs::read_to_string(written.path).unwrap();
        assert!(!svg.contains("<b "), "{svg}");
        assert!(svg.contains("&lt;/script&gt;"));
        let forbidden = |c: char| c.is_control() && !"\t\n\r".contains(c);
        assert!(!svg.contains(forbidden), "{svg}");
    }
    assert!(fs::read_dir(&to).unwrap().all(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        !name.starts_with('.') && !name.contains(['<', '"', '\n', '/'])
    }));
}

#[test]
fn a_sample_behind_the_code_of_the_symbols_has_no_name_and_a_note_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let boot = boot("behind", &hostile::stream(), directory.path());
    let read = |end: &str| {
        let map = directory.path().join("System.map");
        let text = format!("ffffffff81000000 T last\n{end} T _etext\n");
        fs::write(&map, text).unwrap();
        Symbols::read(&map).unwrap()
    };
    let (holds, ends_before) = (read("ffffffff81000200"), read("ffffffff81000100"));
    let fold = |symbols: &Symbols| {
        let folded = write_folded(&boot, Some(symbols), directory.path()).unwrap();
        let stacks = fs::read_to_string(&folded.written[1].path).unwrap();
        (stacks, folded.notes.join("\n"))
    };
    let (stacks, notes) = fold(&holds);
    assert!(stacks.ends_with(";kernel;last 1\n"), "{stacks}");
    assert!(!notes.contains("PC sample"), "{notes}");
    let (stacks, notes) = fold(&ends_before);
    let page = ";kernel;0xffffffff81000000-0xffffffff81000fff 1\n";
    assert!(stacks.ends_with(page), "{stacks}");
    assert!(notes.contains("1 PC sample in the kernel"), "{notes}");
    assert!(
        notes.contains("no function that its symbols name"),
        "{notes}"
    );
    let events = events(&[(boot, Some(ends_before))]);
    let sample = events.iter().find(|event| event["cat"] == "pc").unwrap();
    assert_eq!(sample["name"], format!("{:#x}", hostile::ADDRESS));
}

fn spans(boot: &Boot) -> DataFrame {
    let directory = tempfile::tempdir().unwrap();
    let written = write_spans(boot, TableFormat::Parquet, directory.path()).unwrap();
    read(written.path)
}

fn read(path: PathBuf) -> DataFrame {
    ParquetReader::new(File::open(path).unwrap())
        .finish()
        .unwrap()
}

#[test]
fn a_tree_with_a_lost_span_has_no_self_times() {
    let directory = tempfile::tempdir().unwrap();
    let boot = boot("x", &hostile::stream(), directory.path());
    let spans = spans(&boot);
    let own = spans.column("self_raw").unwrap().u64().unwrap();
    let expected = [Some(20), Some(30), Some(50), None, None, None];
    assert!(own.iter().eq(expected));
    let parents = spans.column("parent_node").unwrap().u64().unwrap();
    let tree = [Some(1), Some(2), None];
    assert!(parents.iter().eq(tree.into_iter().chain(tree)));
    let text = spans.column("segment").unwrap().str().unwrap();
    let shown = plain(hostile::NAME);
    assert!(text.iter().all(|name| name == Some(&*shown)));
    let results = spans.column("result").unwrap().i64().unwrap();
    assert_eq!(results.get(2), Some(-5));
}

#[test]
fn a_record_that_ends_before_it_starts_is_in_no_export() {
    let directory = tempfile::tempdir().unwrap();
    let boot = boot("reversed", &hostile::reversed(), directory.path());
    assert_eq!(boot.trace.outside.faults.reversed, 1);
    let spans = spans(&boot);
    let starts = spans.column("start").unwrap().u64().unwrap();
    let expected = [2000, 2000, 3010, 3000, 3000].map(Some);
    assert!(starts.iter().eq(expected), "{spans}");
    let durations = spans.column("duration").unwrap().u64().unwrap();
    assert_eq!(durations.max(), Some(100));
    let folded = write_folded(&boot, None, directory.path()).unwrap();
    assert!(folded.notes.iter().any(|note| note.contains("1 tree ")));
    let events = events(&[(boot, None)]);
    check(&events);
    assert_eq!(events.iter().filter(|e| e["ph"] == "X").count(), 5);
}

/// Sums of each segment: records and their self time.
type Sums = BTreeMap<String, (u64, u128)>;

fn add(sums: &mut Sums, boot: &Boot, tables: &Tables) {
    for (id, counts) in tables.segments() {
        let sum = sums.entry(boot.statements().segment_name(id)).or_default();
        sum.0 += counts.duration().count();
        sum.1 += counts.self_raw().sum();
    }
}

/// What the histograms of `capbench-frames` hold of a trace.
fn of_histograms(boot: &Boot) -> Sums {
    let mut sums = Sums::new();
    add(&mut sums, boot, &boot.trace.outside);
    for window in &boot.trace.windows {
        add(&mut sums, boot, &window.tables);
    }
    sums
}

fn of_spans(spans: &DataFrame) -> Sums {
    let segments = spans.column("segment").unwrap().str().unwrap();
    let own = spans.column("self_raw").unwrap().u64().unwrap();
    let mut sums = Sums::new();
    for (segment, own) in segments.iter().zip(own.iter()) {
        let sum = sums.entry(segment.unwrap().to_owned()).or_default();
        sum.0 += 1;
        sum.1 += u128::from(own.unwrap_or(0));
    }
    sums
}

/// The sum of self times by the innermost frame.
fn of_stacks(boot: &Boot) -> Sums {
    let directory = tempfile::tempdir().unwrap();
    let folded = write_folded(boot, None, directory.path()).unwrap();
    let text = fs::read_to_string(&folded.written[0].path).unwrap();
    let mut sums = Sums::new();
    for line in text.lines() {
        let (stack, weight) = line.rsplit_once(' ').unwrap();
        let segment = stack.rsplit_once(';').unwrap().1;
        sums.entry(segment.to_owned()).or_default().1 += weight.parse::<u128>().unwrap();
    }
    sums
}

#[test]
fn trees_here_are_those_that_results_are_made_of() {
    let directory = tempfile::tempdir().unwrap();
    let shape = Shape {
        records: BATCH_ROWS as u64 + 1000,
        ..Shape::default()
    };
    for boot in [
        golden("ring-segments-v1"),
        boot("synthetic", &bytes(&shape), directory.path()),
    ] {
        let spans = spans(&boot);
        assert_eq!(spans.height() as u64, boot.trace.totals.records);
        let expected = of_histograms(&boot);
        assert_eq!(of_spans(&spans), expected, "{}", boot.stem);
        for (segment, (_, own)) in of_stacks(&boot) {
            assert_eq!(own, expected[&segment].1, "{segment}");
        }
    }
}

#[test]
fn any_damage_is_exported_as_far_as_it_is_intact() {
    let directory = tempfile::tempdir().unwrap();
    let whole = bytes(&Shape {
        records: 20_000,
        ..Shape::default()
    });
    for at in (0..whole.len()).step_by(whole.len() / 7) {
        let mut broken = whole.clone();
        broken[at] ^= 0x55;
        let boot = boot("broken", &broken, directory.path());
        let spans = spans(&boot);
        assert_eq!(spans.height() as u64, boot.trace.totals.records, "at {at}");
        let mut sums = of_spans(&spans);
        // Where the declarations were hit, spans have numbers for names.
        sums.retain(|segment, _| !segment.starts_with("segment "));
        assert_eq!(sums, of_histograms(&boot), "at {at}");
    }
}
