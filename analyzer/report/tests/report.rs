//! What a report promises, as Markdown and as HTML.

mod made;

use capbench_report::appendix::Exercised;
use capbench_report::appendix::*;
use capbench_report::{LastWords, Log, Look, Report, plots};
use capbench_results::*;
use made::{compared, measurement};
use std::collections::BTreeSet;

/// A name that would break out of every context it is not escaped in.
const HOSTILE: &str = "x\"'><script>alert(1)</script>|`*[a](javascript:b)";

fn appendix() -> Appendix {
    let image = |name: &str| Image {
        name: name.into(),
        sha256: "ab".repeat(32),
        bytes: 1024,
    };
    let build = |guest: &str, variant: &str, feature: &str| GuestBuild {
        guest: guest.into(),
        variant: variant.into(),
        features: vec![feature.into()],
        profile: "release".into(),
        flags: vec![("kernel".into(), "-Ccode-model=kernel".into())],
        images: vec![image("kernel.elf")],
        ..GuestBuild::default()
    };
    let file = |label: &str, path: &str| File {
        label: label.into(),
        path: path.into(),
    };
    Appendix {
        ended_at: "2026-01-01T00:01:00Z".into(),
        command: vec!["capbench".into(), "run".into(), "ring".into()],
        machine: Machine {
            qemu: "QEMU emulator version 7.2.22".into(),
            arguments: ["-M", "q35", "-kernel", "{kernel}"].map(Into::into).into(),
            firmware: "cd".repeat(32),
            processor: "a processor".into(),
            kernel: "Linux 6.1".into(),
        },
        toolchain: vec![("rustc".into(), "rustc 1.95.0".into())],
        guests: vec![
            build("capos", "samples", "measure"),
            build("capos", "segments", "segments"),
        ],
        definitions: vec![("benchmarks/ring/nop".into(), "ef".repeat(32))],
        authority: vec![Profile {
            name: "ring-measure".into(),
            hash: "12".repeat(32),
            declared: Some(Declared {
                intent: "What ring-nop needs.".into(),
                grants: vec![
                    ("boot".into(), "boot_package".into()),
                    ("measure".into(), "measure_control".into()),
                ],
                denials: vec![("no-spawn".into(), "spawning is refused".into())],
                measurement_source: "measure_control".into(),
            }),
        }],
        boots: vec![Boot {
            name: "capos-ring-samples-1".into(),
            end: "clean shutdown".into(),
            wall_ms: 601,
            sha256: Some("34".repeat(32)),
            files: vec![file("trace", "../runs/r1/boots/a-1.ktrace")],
        }],
        audits: vec!["capos-ring-segments-audit-1: all 3183 spans equal.".into()],
        exercised: vec![Exercised {
            program: "ring-nop".into(),
            used: [("NullCap".into(), 4352)].into(),
            denials_proven: [("stale-capability".into(), 7)].into(),
        }],
        acts: vec![Act {
            program: "ring-nop".into(),
            event: "spawn".into(),
            subject: "ring-nop: null, measure".into(),
            outcome: "ok".into(),
            times: 7,
        }],
        files: vec![file("results.json", "../runs/r1/results.json")],
        ..Appendix::default()
    }
}

fn html(results: &Results) -> String {
    Report::new(results, &appendix()).html().unwrap()
}

/// The text between the heading of a section and the next one's.
fn part<'a>(html: &'a str, id: &str) -> &'a str {
    let start = html.find(&format!("<section id=\"{id}\"")).expect(id);
    let rest = &html[start..];
    &rest[..rest.find("</section>").unwrap()]
}

#[test]
fn markdown_says_everything() {
    let report = Report::new(&compared(Mode::Exact), &appendix());
    insta::assert_snapshot!("report", report.markdown());
}

const SECTIONS: [&str; 10] = [
    "side-by-side",
    "correctness",
    "tier-1",
    "distributions",
    "breakdown",
    "instruments",
    "authority",
    "configuration",
    "artifacts",
    "glossary",
];

#[test]
fn every_section_is_there_and_can_be_reached() {
    let html = html(&compared(Mode::Exact));
    for id in SECTIONS {
        assert!(part(&html, id).len() > 200, "{id} is empty");
        assert!(html.contains(&format!("href=\"#{id}\"")), "{id}");
    }
}

#[test]
fn a_run_without_anything_still_makes_a_report() {
    let mut results = compared(Mode::Exact);
    results.results.clear();
    results.comparisons.clear();
    results.context.clear();
    let report = Report::new(&results, &Appendix::default());
    balanced(&report.html().unwrap());
    assert!(report.markdown().contains("there is no ratio"));
}

#[test]
fn each_tier_has_a_section_of_its_own() {
    let mut results = compared(Mode::Exact);
    results.results[1].tier = 3;
    let html = html(&results);
    assert!(part(&html, "tier-3").contains("common workloads"));
    assert!(!part(&html, "tier-1").contains("ring/nop/16"));
}

const VOID: [&str; 3] = ["meta", "br", "!DOCTYPE"];

/// Every element ends where it may; no identifier stands twice; links inside lead
/// somewhere.
fn balanced(html: &str) {
    let mut open: Vec<&str> = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').expect("a tag ends");
        let name = tag.split([' ', '\n', '/']).find(|s| !s.is_empty()).unwrap();
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{:?}", open.last()),
            None if tag.ends_with('/') || VOID.contains(&name) => {}
            None => open.push(name),
        }
        let names: Vec<&str> = tag
            .split("=\"")
            .filter_map(|piece| piece.rsplit(['"', ' ', '\n']).next())
            .collect();
        let before_last = &names[..names.len() - 1];
        let different: BTreeSet<_> = before_last.iter().collect();
        assert_eq!(different.len(), before_last.len(), "twice in <{tag}>");
    }
    assert!(open.is_empty(), "{open:?}");
    let mut names = BTreeSet::new();
    for name in attributes(html, "id") {
        assert!(names.insert(name), "id {name} twice");
    }
    for href in attributes(html, "href") {
        if let Some(name) = href.strip_prefix('#') {
            assert!(names.contains(name), "nothing at {href}");
        }
    }
    for list in attributes(html, "aria-labelledby") {
        for name in list.split(' ') {
            assert!(names.contains(name), "no label {name}");
        }
    }
}

fn attributes<'a>(html: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let mark = format!(" {name}=\"");
    let values = html.match_indices(&mark).map(|(at, mark)| at + mark.len());
    let values: Vec<usize> = values.collect();
    values
        .into_iter()
        .map(|at| html[at..].split('"').next().unwrap())
}

#[test]
fn html_is_well_formed() {
    balanced(&html(&compared(Mode::Exact)));
}

#[test]
fn nothing_is_fetched_and_nothing_runs() {
    let html = html(&compared(Mode::Exact));
    for href in attributes(&html, "href") {
        let inside = ["#", "./", "../"]
            .iter()
            .any(|start| href.starts_with(start));
        assert!(inside, "{href}");
    }
    for word in [
        "<script", "<link", "<img", "<iframe", " src=", "url(", "@import", "://",
    ] {
        assert!(!html.contains(word), "{word}");
    }
    assert!(html.contains("default-src 'none'"));
}

#[test]
fn every_picture_has_words() {
    let html = html(&compared(Mode::Exact));
    let pictures: Vec<&str> = html.split("<svg").skip(1).collect();
    assert!(pictures.len() >= 3, "{}", pictures.len());
    for picture in pictures {
        let (tag, inside) = picture.split_once('>').unwrap();
        assert!(tag.contains("role=\"img\"") && tag.contains("aria-labelledby"));
        let inside = inside.split("</svg>").next().unwrap();
        assert!(inside.contains("<title id=") && inside.contains("<desc id="));
    }
}

#[test]
fn every_table_has_a_caption_and_headers_with_scope() {
    let html = html(&compared(Mode::Exact));
    for table in html.split("<table>").skip(1) {
        let table = table.split("</table>").next().unwrap();
        assert!(table.starts_with("<caption"), "{table}");
        assert!(!table.contains("<th>"), "a header without scope: {table}");
        let lines = table
            .split("<tbody>")
            .nth(1)
            .unwrap()
            .matches("<tr>")
            .count();
        assert_eq!(table.matches("scope=\"row\"").count(), lines);
    }
}

#[test]
fn headings_descend_without_gaps() {
    let html = html(&compared(Mode::Exact));
    let levels = html
        .match_indices("<h")
        .filter_map(|(at, _)| html[at + 2..].chars().next().and_then(|c| c.to_digit(10)));
    let mut above = 0;
    for level in levels {
        assert!(level <= above + 1, "h{level} under h{above}");
        above = level;
    }
    for landmark in [
        "<header>",
        "<nav ",
        "<main ",
        "<footer>",
        "class=\"skip\"",
        "lang=\"en\"",
    ] {
        assert!(html.contains(landmark), "{landmark}");
    }
}

#[test]
fn foreign_words_are_escaped_everywhere() {
    let mut results = compared(Mode::Exact);
    for row in &mut results.results {
        row.benchmark_name = format!("{}{HOSTILE}", row.benchmark_name).into();
        row.notes = HOSTILE.into();
        row.system = HOSTILE.into();
        row.authority_profile = HOSTILE.into();
        row.correctness_id = HOSTILE.into();
        if let Outcome::Invalid(refusal) = &mut row.outcome {
            refusal.detail = HOSTILE.into();
            refusal.evidence[0].observed = HOSTILE.into();
        }
        if let Outcome::Passed(measurement) = &mut row.outcome
            && let Some(breakdown) = &mut measurement.breakdown
        {
            breakdown.segments[1].name = HOSTILE.into();
        }
    }
    for comparison in &mut results.comparisons {
        comparison.difference = HOSTILE.into();
        for row in [&mut comparison.numerator, &mut comparison.denominator] {
            row.benchmark_name = format!("{}{HOSTILE}", row.benchmark_name).into();
            row.system = HOSTILE.into();
        }
    }
    let mut appendix = appendix();
    appendix.command = vec![HOSTILE.into()];
    appendix.machine.arguments.push("```\n<script>".into());
    appendix.files[0].path = "javascript:alert(1)".into();
    let report = Report::new(&results, &appendix);
    let html = report.html().unwrap();
    balanced(&html);
    assert!(!html.contains("<script"));
    assert!(attributes(&html, "href").all(|href| !href.starts_with("javascript")));
    let markdown = report.markdown();
    let outside_of_code = markdown.lines().filter(|line| !line.contains('`'));
    for line in outside_of_code {
        let shown = line.replace("\\[a\\](javascript", "");
        assert!(!shown.contains("[a](javascript"), "{line}");
    }
    for plot in plots(&results) {
        assert!(!plot.svg().unwrap().contains("<script"));
        assert!(
            plot.name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
    }
}

/// What a terminal obeys, what turns text around, and what ends a line.
const OBEYED: &str = "a\u{1b}[2J\u{7}\u{202e}b\u{2028}\u{200b}\nc";

#[test]
fn no_renderer_lets_through_what_a_terminal_or_a_browser_obeys() {
    let mut results = compared(Mode::Exact);
    results.run.suite = OBEYED.into();
    results.run.tool = OBEYED.into();
    results.run.id = OBEYED.into();
    results.run.envelope.description = OBEYED.into();
    for row in &mut results.results {
        row.notes = OBEYED.into();
        row.system = OBEYED.into();
        row.authority_profile = OBEYED.into();
        row.correctness_id = OBEYED.into();
        match &mut row.outcome {
            Outcome::Passed(measurement) => {
                if let Some(breakdown) = &mut measurement.breakdown {
                    breakdown.segments[1].name = OBEYED.into();
                }
                for agreement in &mut measurement.instruments {
                    agreement.instrument = OBEYED.into();
                }
            }
            Outcome::Invalid(refusal) => {
                refusal.detail = OBEYED.into();
                refusal.evidence[0].observed = OBEYED.into();
            }
            _ => {}
        }
    }
    for comparison in &mut results.comparisons {
        comparison.difference = OBEYED.into();
        comparison.numerator.system = OBEYED.into();
        comparison.denominator.system = OBEYED.into();
    }
    let mut appendix = appendix();
    appendix.command = vec![OBEYED.into()];
    appendix.audits = vec![OBEYED.into()];
    appendix.machine.arguments.push(OBEYED.into());
    appendix.boots[0].name = OBEYED.into();
    appendix.last_words = vec![LastWords {
        boot: OBEYED.into(),
        sources: vec!["capos-samples-0.ktrace".into()],
        logs: vec![Log {
            label: "console".into(),
            path: OBEYED.into(),
            lines: vec![OBEYED.into()],
        }],
    }];
    appendix.files[0].label = OBEYED.into();
    appendix.files[0].path = OBEYED.into();
    let report = Report::new(&results, &appendix);
    let mut texts = vec![report.html().unwrap(), report.markdown()];
    texts.push(report.text(Look::PLAIN));
    texts.push(Report::summary(&results, &appendix).text(Look::PLAIN));
    texts.extend(plots(&results).iter().map(|plot| plot.svg().unwrap()));
    for text in texts {
        assert_eq!(plain_lines(&text), text);
        assert!(
            text.contains("u001b"),
            "the words are shown, and not left out"
        );
    }
}

#[test]
fn a_row_with_two_modes_shows_its_mean_wherever_its_value_stands() {
    let mut results = compared(Mode::Exact);
    let Outcome::Passed(measurement) = &mut results.results[0].outcome else {
        panic!("the first row passed")
    };
    measurement.mean = Some(408.5);
    measurement.modes = [(404.0, 0.5), (413.0, 0.5)]
        .map(|(value, share)| ValueMode { value, share })
        .to_vec();
    let markdown = Report::new(&results, &appendix()).markdown();
    let mut tables = 0;
    for section in ["Side by side", "Tier 1", "Distributions"] {
        let section = markdown.split(&format!("\n## {section}")).nth(1).unwrap();
        let row = section
            .lines()
            .find(|line| line.starts_with("| `ring/nop/1`"));
        assert!(row.unwrap().contains("408.5 (mean)"), "{row:?}");
        tables += 1;
    }
    assert_eq!(tables, 3);
    let text = Report::summary(&results, &appendix()).text(Look::PLAIN);
    let row = text.lines().find(|line| line.starts_with("ring/nop/1 "));
    assert!(row.unwrap().contains("408.5 (mean)"), "{text}");
    assert!(!markdown.contains("| median | range"), "{markdown}");
}

/// Words alone, without what a form adds to them.
fn words(text: &str) -> String {
    let mut text = text.to_owned();
    for (from, to) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ] {
        text = text.replace(from, to);
    }
    let text = text.replace(['`', '*', '\\', '|', ':', ','], " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A page's words, in the order of reading.
fn words_of_html(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split('<') {
        let (tag, words) = piece.split_once('>').unwrap_or_default();
        let name = tag.trim_start_matches('/').split(' ').next().unwrap();
        // What is part of a line is no end of a word.
        if !["code", "strong", "span", "a"].contains(&name) {
            text.push(' ');
        }
        text.push_str(words);
    }
    words(&text)
}

#[test]
fn all_three_forms_say_the_same_words() {
    const WIDE: Look = Look {
        width: 100_000,
        ..Look::PLAIN
    };
    let results = compared(Mode::Exact);
    let report = Report::new(&results, &appendix());
    let summary = Report::summary(&results, &appendix());
    for report in [report, summary] {
        let (text, html) = (words(&report.text(WIDE)), report.html().unwrap());
        let html = words_of_html(&html);
        let markdown = report.markdown();
        let mut compared = 0;
        let lines = markdown.lines().filter(|line| {
            // Rules, pictures, and where links lead.
            !line.starts_with("| ---") && !line.starts_with("*") && !line.contains("](")
        });
        for line in lines {
            let mark = |c: char| c.is_ascii_digit() || "#->. ".contains(c);
            let line = line.trim_start_matches(mark);
            let line = words(line);
            assert!(text.contains(&line), "{line}\n{text}");
            assert!(html.contains(&line), "{line}\n{html}");
            compared += usize::from(!line.is_empty());
        }
        assert!(compared > 50, "{compared} lines");
    }
}

#[test]
fn a_row_without_a_value_shows_none() {
    let results = compared(Mode::Exact);
    let report = Report::new(&results, &appendix());
    let html = report.html().unwrap();
    let refused = results
        .results
        .iter()
        .filter(|row| row.outcome.refusal().is_some());
    for row in refused {
        let (reason, ..) = row.outcome.refusal().unwrap();
        let mut lines = 0;
        for line in html.split("<tr>").skip(1) {
            let line = line.split("</tr>").next().unwrap();
            let name = format!("<code>{}</code>", row.benchmark_name);
            if line.starts_with(&format!("<th scope=\"row\">{name}")) && line.contains(reason) {
                let numbers = line.matches("class=\"number").count();
                assert_eq!(numbers, 0, "{line}");
                lines += 1;
            }
        }
        assert!(lines > 0, "{} stands in no table", row.benchmark_name);
        assert!(part(&html, "correctness").contains(reason), "{reason}");
    }
    // A pair with a refused side has no ratio.
    let pair = part(&html, "side-by-side")
        .split("<tr>")
        .find(|line| line.contains("linux/io-uring-nop/1"));
    assert!(pair.unwrap().contains("<strong>–</strong>"));
}

#[test]
fn every_refusal_tells_its_reason_and_all_its_evidence() {
    let results = compared(Mode::Exact);
    let html = html(&results);
    let correctness = part(&html, "correctness");
    for row in &results.results {
        let Some((reason, detail, evidence)) = row.outcome.refusal() else {
            continue;
        };
        assert!(correctness.contains(reason) && correctness.contains(detail));
        for piece in evidence {
            assert!(correctness.contains(&piece.to_string()), "{piece}");
        }
    }
}

#[test]
fn exact_mode_never_speaks_of_time_as_its_own() {
    let results = compared(Mode::Exact);
    let html = html(&results);
    let side = part(&html, "side-by-side");
    assert!(
        side.contains("<h2 id=\"side-by-side-title\">Side by side: instruction ratio (not time)")
    );
    assert!(side.contains(">instruction ratio (not time)</th>"));
    let column = html.find("class=\"number context\"").unwrap();
    assert!(html[column..].starts_with("class=\"number context\">context: native host"));
    let warnings = html.split("<h2").next().unwrap();
    assert!(warnings.contains("not time and not cycles"));
}

#[test]
fn warnings_name_the_reference_kernel_measurement_builds_and_capabilities() {
    let html = html(&compared(Mode::Exact));
    let warnings = html.split("<main").next().unwrap();
    for words in [
        "describe the reference kernel in this repository, not capOS",
        "measurement builds",
        "capos segments (segments)",
        "a capability that exists for measuring only",
        "changes that the commit does not hold",
    ] {
        assert!(warnings.contains(words), "{words}");
    }
    let emulated = Report::new(&compared(Mode::Emulated), &appendix())
        .html()
        .unwrap();
    assert!(emulated.contains("not publishable"));
}

#[test]
fn an_unknown_commit_is_called_unknown_and_never_clean() {
    // As it was written outside a repository, without git, and since.
    for (commit, dirty) in [("", false), ("unknown", false), ("unknown", true)] {
        let mut results = compared(Mode::Exact);
        results.run.commit = commit.into();
        results.run.dirty = dirty;
        let html = html(&results);
        let head = html.split("<main").next().unwrap();
        assert!(head.contains("commit unknown"), "{head}");
        assert!(head.contains("The commit of the sources is unknown."));
        assert!(!head.contains("changes"), "{head}");
        let text = Report::summary(&results, &Appendix::default()).text(Look::PLAIN);
        assert!(text.contains("commit unknown\n"), "{text}");
    }
}

#[test]
fn a_percentile_of_batch_means_says_so() {
    let html = html(&compared(Mode::Exact));
    let tier = part(&html, "tier-1");
    assert!(tier.contains("batch means (n=15)") && tier.contains("p95 is of"));
    assert!(tier.contains("fewer than 8 boots, so the range and no confidence interval"));
}

/// A plot of each kind, the last with a histogram.
fn all_plots() -> Vec<capbench_report::Plot> {
    let mut results = compared(Mode::Exact);
    let medians: Vec<f64> = (0..9).map(|boot| 100.0 + f64::from(boot * boot)).collect();
    results.results[0].outcome = Outcome::Passed(measurement(1, &medians, None));
    plots(&results)
}

#[test]
fn plots_are_drawn_in_known_colours() {
    let plots = all_plots();
    for kind in ["ratios", "segments-", "samples-"] {
        assert!(
            plots.iter().any(|plot| plot.name.starts_with(kind)),
            "{kind}"
        );
    }
    for plot in plots {
        let svg = plot.svg().unwrap();
        let shapes = svg.matches("<rect").count() + svg.matches("<circle").count();
        assert!(shapes > 2 && svg.matches("<text").count() > 4, "{svg}");
        balanced(&svg);
        for color in attributes(&svg, "fill").chain(attributes(&svg, "stroke")) {
            let known = [
                "none", "#1F2328", "#59636E", "#D8DEE4", "#1B4F8A", "#9DBCE0", "#FFFFFF",
            ];
            assert!(known.contains(&color), "{color} in {}", plot.name);
        }
    }
}

#[test]
fn pictures_of_pixels_are_not_blank() {
    for plot in all_plots() {
        let bytes = plot.png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let inked = pixels.chunks(3).filter(|pixel| **pixel != [255; 3]).count();
        let part = inked as f64 / (pixels.len() / 3) as f64;
        assert!((0.005..0.6).contains(&part), "{}: {part}", plot.name);
    }
}

#[test]
fn the_same_run_makes_the_same_report() {
    let results = compared(Mode::Exact);
    assert_eq!(html(&results), html(&results));
}
