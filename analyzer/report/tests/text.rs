//! What a person reads, kept as snapshots. `INSTA_UPDATE=always` rewrites them.

mod made;

use capbench_frames::summary::TraceSummary;
use capbench_frames::synthetic::{Shape, bytes};
use capbench_frames::trace::read_bytes;
use capbench_report::appendix::Appendix;
use capbench_report::{Extent, LastWords, Log, Look, Report, plots, trace_json};
use capbench_results::{
    BenchmarkResult, ComparisonOutcome, Evidence, FailureReason, Label, Measurement, Mode,
    NoRatioReason, Outcome, Refusal, Results,
};
use made::{compared, document};

/// What is printed of a run whose boots all took place.
fn summary(results: &Results, look: Look) -> String {
    Report::summary(results, &Appendix::default()).text(look)
}

/// The part of a printed text below a title, up to the next title with an empty line
/// above it that is given.
fn below<'a>(text: &'a str, title: &str) -> &'a str {
    let start = text.find(&format!("\n{title}"));
    &text[start.unwrap_or_else(|| panic!("{title}: {text}"))..]
}

#[test]
fn a_run_is_printed_with_its_values_its_comparison_and_its_reasons() {
    let document = compared(Mode::Exact);
    document.check().unwrap();
    insta::assert_snapshot!("compared", summary(&document, Look::PLAIN));
}

#[test]
fn a_matrix_in_exact_mode_never_speaks_of_time_as_its_own() {
    let mut document = compared(Mode::Exact);
    document.context.clear();
    let text = summary(&document, WIDE);
    let text = below(&text, "Side by side");
    assert!(text.contains("instruction ratio (not time)"), "{text}");
    let (text, _) = text.split_once("Rows without a value").unwrap();
    assert!(!text.replace("(not time)", "").contains("time"), "{text}");
}

#[test]
fn an_emulated_matrix_carries_a_watermark() {
    let mut document = compared(Mode::Exact);
    document.run.mode = Mode::Emulated;
    let text = summary(&document, WIDE);
    assert!(below(&text, "Side by side").contains("ratio, not publishable"));
}

#[test]
fn without_a_matrix_the_context_stands_alone() {
    let mut document = compared(Mode::Exact);
    document.comparisons.clear();
    for text in [
        summary(&document, WIDE),
        Report::new(&document, &Appendix::default()).markdown(),
    ] {
        let table = text.split("Context, in no ratio").nth(1).unwrap();
        let row = table
            .lines()
            .find(|line| line.contains("linux/null-syscall/1"));
        assert!(row.unwrap().contains("187.78"), "{text}");
        assert!(table.contains("Time on another clock"), "{text}");
    }
}

#[test]
fn a_run_shows_numbers_and_reasons() {
    let document = document(Mode::Exact);
    document.check().unwrap();
    insta::assert_snapshot!("run", summary(&document, Look::PLAIN));
}

#[test]
fn one_cause_is_told_once_with_the_rows_it_hits() {
    let mut document = document(Mode::Exact);
    let lacking = |row: &&BenchmarkResult| matches!(row.outcome, Outcome::Unsupported(_));
    let row = document.results.iter().find(lacking).unwrap().clone();
    for (name, system) in [
        ("ring/nop/16", "linux-matched"),
        ("ring/nop/1", "linux-stock"),
    ] {
        document.results.push(BenchmarkResult {
            benchmark_name: name.into(),
            system: system.into(),
            ..row.clone()
        });
    }
    let failed = |row: &&BenchmarkResult| matches!(row.outcome, Outcome::Failed(_));
    let stopped = document.results.iter().find(failed).unwrap().clone();
    document.results.push(BenchmarkResult {
        benchmark_name: "ring/null-small/16".into(),
        ..stopped
    });

    let text = summary(&document, Look::PLAIN);
    let title = "3 rows on linux (linux-matched, linux-stock): ○ unsupported, noGuestImage";
    assert!(text.contains(title), "{text}");
    assert_eq!(text.matches("--kernel FILE").count(), 1, "{text}");
    assert_eq!(text.matches("stopped after 60 s").count(), 1, "{text}");
    assert!(
        text.contains("Rows: ring/null-small/1, ring/null-small/16"),
        "{text}"
    );

    let page = Report::new(&document, &Appendix::default());
    for page in [page.markdown(), page.html().unwrap()] {
        assert_eq!(page.matches("--kernel FILE").count(), 1, "{page}");
        assert!(page.contains("3 rows"), "{page}");
    }
}

/// A run of which nothing is left.
fn stopped() -> Results {
    let mut document = compared(Mode::Exact);
    for row in &mut document.results {
        let evidence = Evidence {
            source: "boots/capos-ring-samples-1.ktrace".into(),
            subject: "end of the boot".into(),
            expected: "a clean shutdown".into(),
            observed: "no end after 60 s".into(),
        };
        let refusal = Refusal::new(FailureReason::TimedOut, "ending: no end after 60 s");
        row.outcome = Outcome::Failed(refusal.with(evidence));
    }
    document.comparisons.clear();
    document
}

fn last_words(place: &str) -> Vec<LastWords> {
    vec![LastWords {
        boot: "capos-ring-samples-1".into(),
        sources: vec!["boots/capos-ring-samples-1.ktrace".into()],
        logs: vec![Log {
            label: "console".into(),
            path: format!("{place}boots/capos-ring-samples-1.console.log"),
            lines: vec!["kernel: waiting for nobody".into()],
        }],
    }]
}

#[test]
fn the_last_lines_of_a_boot_stand_beside_the_rows_that_it_took() {
    let text = |last_words| {
        let appendix = Appendix {
            last_words,
            ..Appendix::default()
        };
        Report::summary(&stopped(), &appendix).text(Look::PLAIN)
    };
    let of_boot = text(last_words("runs/r/"));
    let ends = "console of capos-ring-samples-1 (runs/r/boots/capos-ring-samples-1.console.log) \
                ends:\n    | kernel: waiting";
    assert_eq!(of_boot.matches(ends).count(), 1, "{of_boot}");
    let mut others = last_words("");
    others[0].sources = vec!["boots/another.ktrace".into()];
    let text = text(others);
    assert!(!text.contains("kernel: waiting"), "{text}");
}

#[test]
fn a_run_without_numbers_claims_nothing_about_them() {
    let extent = Extent::Part {
        booted: 3,
        planned: 20,
    };
    let appendix = Appendix {
        extent,
        last_words: last_words("../r/"),
        ..Appendix::default()
    };
    let text = Report::summary(&stopped(), &appendix).text(Look::PLAIN);
    assert!(text.contains("boots: 3 of 20 took place"), "{text}");
    assert!(!text.contains("Numbers count"), "{text}");
    assert!(!text.contains("Value: the median"), "{text}");

    let report = Report::new(&stopped(), &appendix).markdown();
    assert!(!report.contains("Numbers count"), "{report}");
    assert!(!report.contains("Value: the median"), "{report}");
    assert!(report.contains("boots: 3 of 20 took place"), "{report}");
    assert!(report.contains("kernel: waiting for nobody"), "{report}");
    let first = report.split("\n> ").nth(1).unwrap();
    assert!(first.contains("failed, timedOut"), "{report}");
    let section = |title: &str| {
        report
            .find(title)
            .unwrap_or_else(|| panic!("{title}: {report}"))
    };
    assert!(section("## Correctness") < section("## Side by side"));
}

#[test]
fn reasons_in_tables_and_evidence_lead_to_what_was_seen() {
    let file = capbench_report::appendix::File {
        label: "trace".into(),
        path: "../r/boots/capos-ring-samples-1.ktrace".into(),
    };
    let boot = capbench_report::appendix::Boot {
        files: vec![file],
        ..Default::default()
    };
    let appendix = Appendix {
        boots: vec![boot],
        ..Appendix::default()
    };
    let page = Report::new(&stopped(), &appendix).html().unwrap();
    assert!(
        page.contains(r##"<a href="#refused-1">timedOut</a>"##),
        "{page}"
    );
    assert!(page.contains(r#"id="refused-1""#));
    let name = "boots/capos-ring-samples-1.ktrace";
    let trace = format!(r#"<a href="../r/{name}">{name}</a>: end of the boot"#);
    assert!(page.contains(&trace), "{page}");
}

#[test]
fn pairs_without_numbers_are_counted_and_not_listed() {
    let mut document = compared(Mode::Exact);
    let pairs = document.comparisons.len();
    for pair in &mut document.comparisons {
        let refusal = Refusal::new(NoRatioReason::NotMeasured, "a row failed");
        pair.outcome = ComparisonOutcome::None(refusal);
    }
    let report = Report::new(&document, &Appendix::default());
    for text in [
        summary(&document, WIDE),
        report.text(WIDE),
        report.markdown(),
    ] {
        assert!(text.contains("No pair has two values"), "{text}");
        assert!(!text.contains("a row failed"), "{text}");
        let counted = format!("- Pairs in which a row has no value: {pairs}");
        assert!(text.contains(&counted), "{text}");
    }
}

#[test]
fn a_row_with_two_modes_says_so_and_a_constant_one_says_nothing() {
    let mut document = document(Mode::Exact);
    assert!(!summary(&document, Look::PLAIN).contains("bimodal"));
    let Outcome::Passed(measurement) = &mut document.results[0].outcome else {
        panic!("the first row passed")
    };
    *measurement = two_modes(measurement);
    document.check().unwrap();
    let text = summary(&document, WIDE);
    assert!(
        text.contains("ring/nop/1 on capos (ring): bimodal: modes at 404 and 420 (dip 0."),
        "{text}"
    );
    let report = Report::new(&document, &Appendix::default());
    let markdown = report.markdown();
    assert!(markdown.contains("One value does not describe `ring/nop/1` on capos"));
    assert!(markdown.contains("### Rows that one value does not describe"));
    assert!(
        markdown.contains(": bimodal: modes at 404 and 420"),
        "{markdown}"
    );
}

#[test]
fn labels_stand_at_their_rows_whether_these_have_numbers_or_not() {
    let mut document = compared(Mode::Exact);
    let all = |document: &_| {
        let report = Report::new(document, &Appendix::default());
        let html = report.html().unwrap();
        [
            summary(document, WIDE),
            report.text(WIDE),
            report.markdown(),
            html,
        ]
    };
    for text in all(&document) {
        assert!(!text.contains("labels"), "{text}");
    }
    let labelled = |row: &&mut BenchmarkResult| row.guest == "capos";
    for row in document.results.iter_mut().filter(labelled) {
        row.labels = vec![Label::MeasurementCapability, Label::ScriptedInput];
    }
    document.check().unwrap();
    for text in all(&document) {
        assert!(
            text.contains("measurement-capability, scripted-input"),
            "{text}"
        );
    }
    let text = summary(&document, WIDE);
    let title = text.lines().find(|line| line.starts_with("capos ("));
    assert!(
        title.unwrap().ends_with("scripted-input"),
        "what all rows have stands once: {text}"
    );
    let mut of_capos = document.results.iter_mut().filter(labelled);
    of_capos.next().unwrap().labels = vec![Label::ScriptedInput];
    let text = summary(&document, WIDE);
    for row in document.results.iter().filter(|row| row.guest == "capos") {
        let mut lines = text.lines();
        let line = lines.find(|line| line.starts_with(&format!("{} ", row.benchmark_name)));
        assert!(line.unwrap().contains("scripted-input"), "{text}");
    }
    for plot in plots(&document) {
        let of_capos = plot.title.contains(" on capos ");
        assert_eq!(
            plot.title.contains("scripted-input"),
            of_capos,
            "{}",
            plot.title
        );
    }
}

/// Room for every table and sentence in one line.
const WIDE: Look = Look {
    width: 400,
    ..Look::PLAIN
};

/// The same with samples around two values, in no order.
fn two_modes(measurement: &Measurement) -> Measurement {
    let mut measurement = measurement.clone();
    let samples = (0..40).map(|i| if i * 7 % 11 < 5 { 404.0 } else { 420.0 });
    let boots = measurement.boots.len();
    measurement.samples = samples.collect::<Vec<f64>>().repeat(boots);
    measurement.n = measurement.samples.len() as u64;
    (measurement.min, measurement.max) = (404.0, 420.0);
    measurement.boots.iter_mut().for_each(|boot| boot.n = 40);
    measurement
}

#[test]
fn an_emulated_run_carries_a_watermark() {
    assert!(summary(&document(Mode::Emulated), Look::PLAIN).contains("not publishable"));
}

#[test]
fn no_line_is_wider_than_the_place_unless_a_table_is() {
    let look = Look {
        width: 60,
        ..Look::PLAIN
    };
    let mut document = document(Mode::Exact);
    // Its table has lines that begin with blanks.
    let Outcome::Passed(measurement) = &mut document.results[1].outcome else {
        panic!("the second row passed")
    };
    measurement.breakdown = None;
    let text = summary(&document, look);
    // Titles and tables stay whole, and folded titles begin far to the right; sentences
    // do not.
    let wrapped = |line: &&str| {
        let indented = line.len() - line.trim_start().len();
        (1..8).contains(&indented) || line.contains("Numbers")
    };
    for line in text.lines().filter(wrapped) {
        assert!(line.chars().count() <= 60, "{line}");
    }
}

#[test]
fn colour_changes_nothing_but_colour() {
    let plain = summary(&document(Mode::Exact), Look::PLAIN);
    let painted = summary(
        &document(Mode::Exact),
        Look {
            color: true,
            ..Look::PLAIN
        },
    );
    let mut stripped = String::new();
    for (index, part) in painted.split("\x1b[").enumerate() {
        stripped.push_str(if index == 0 {
            part
        } else {
            part.split_once('m').unwrap().1
        });
    }
    assert_eq!(stripped, plain);
}

fn trace_of(bytes: &[u8]) -> TraceSummary {
    let read = read_bytes(bytes, "made.ktrace").unwrap();
    capbench_judge::trace(&read).unwrap()
}

fn trace(bytes: &[u8]) -> String {
    Report::trace(&trace_of(bytes)).text(Look::PLAIN)
}

fn shape() -> Shape {
    Shape {
        records: 2_000,
        ..Shape::default()
    }
}

#[test]
fn a_trace_shows_its_windows_and_segments() {
    insta::assert_snapshot!("trace", trace(&bytes(&shape())));
}

#[test]
fn a_damaged_trace_shows_objections_first() {
    let mut bytes = bytes(&shape());
    let place = bytes.len() / 2;
    bytes[place] ^= 1;
    let text = trace(&bytes);
    let (objections, windows) = (text.find("Not to be believed"), text.find("Windows"));
    assert!(objections.is_some() && objections < windows, "{text}");
    assert!(text.contains("frameDamaged"), "{text}");
}

#[test]
fn a_trace_as_json_holds_the_same() {
    let summary = trace_of(&bytes(&shape()));
    let json: serde_json::Value = serde_json::from_str(&trace_json(&summary).unwrap()).unwrap();
    assert_eq!(json["windows"][0]["benchmark"], "synthetic/1/16");
    let segments = &json["windows"][0]["breakdown"]["segments"];
    assert_eq!(segments[0]["name"], "dispatch");
    assert_eq!(json["unit"], "tsc_ticks");
    assert_eq!(json["findings"], serde_json::json!([]));
}
