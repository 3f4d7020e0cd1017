//! The report in a browser: it says nothing on the console, asks nobody for anything,
//! and looks like something.

use std::fs;
use std::path::{Path, PathBuf};

use capbench_tests::component::{self, Browser, test_with};
use libtest_mimic::Trial;
use serde_json::Value;

use crate::place::{place, succeed};

/// As large as a laptop's window.
const WINDOW: &str = "--window-size=1280,900";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

pub fn tests() -> Vec<Trial> {
    vec![
        test_with(
            "a_report_opens_without_a_console_message_or_a_request",
            component::browser,
            opens_quietly,
        ),
        test_with(
            "a_console_message_and_a_request_would_be_seen",
            component::browser,
            control,
        ),
        test_with("a_report_is_photographed", component::browser, photographed),
    ]
}

/// What a page did.
struct Visit {
    document: String,
    console: Vec<String>,
    requests: Vec<String>,
}

fn report() -> PathBuf {
    let place = place();
    let to = place.directory("report");
    let page = to.join("report.html");
    if !page.is_file() {
        let mut command = place.capbench(&["report"]);
        command.arg(place.run()).arg("--out").arg(&to);
        succeed(command);
    }
    page
}

fn visit(browser: &Browser, page: &Path) -> Visit {
    let own = tempfile::tempdir().unwrap();
    let log = own.path().join("network.json");
    let mut command = browser.command(&own.path().join("profile"));
    command.arg(format!("--log-net-log={}", log.display()));
    command.args(["--virtual-time-budget=3000", "--dump-dom"]);
    let output = command.arg(url(page)).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let console = said.lines().filter(|line| line.contains(":CONSOLE:"));
    Visit {
        document: String::from_utf8_lossy(&output.stdout).into_owned(),
        console: console.map(str::to_owned).collect(),
        requests: requests(&log),
    }
}

fn url(page: &Path) -> String {
    format!("file://{}", page.display())
}

/// What the page asked a network for. The browser asks for things of its own (time,
/// updates), and says so: those requests come from no origin.
fn requests(log: &Path) -> Vec<String> {
    let log: Value = serde_json::from_slice(&fs::read(log).unwrap()).unwrap();
    let start = &log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"];
    assert!(start.is_u64(), "the browser's log is another one now");
    let events = log["events"].as_array().unwrap().iter();
    let events = events.filter(|event| event["type"] == *start);
    let of_page = events.filter(|event| event["params"]["initiator"] != "not an origin");
    let urls = of_page.filter_map(|event| event["params"]["url"].as_str());
    urls.map(str::to_owned).collect()
}

fn opens_quietly(browser: &Browser) {
    let page = report();
    let visit = visit(browser, &page);
    assert_eq!(visit.console, [""; 0]);
    assert_eq!(visit.requests, [""; 0]);
    for row in &place().results.results {
        assert!(visit.document.contains(row.benchmark_name.as_str()));
    }
    let source = fs::read_to_string(&page).unwrap();
    assert_eq!(outside(&source), [""; 0], "attributes that leave the file");
    assert_eq!(outside(&visit.document), [""; 0]);
}

/// Values of attributes that make a browser fetch something, unless it is a part of
/// the page itself. A link is followed by a person and fetches nothing.
fn outside(source: &str) -> Vec<&str> {
    let fetching = [
        "src",
        "srcset",
        "poster",
        "data",
        "background",
        "action",
        "formaction",
        "ping",
        "xlink:href",
    ];
    let mut found = Vec::new();
    for tag in source
        .split('<')
        .skip(1)
        .filter_map(|rest| rest.split('>').next())
    {
        let link = tag.starts_with("link") || tag.starts_with("use") || tag.starts_with("image");
        for (name, value) in attributes(tag) {
            let fetches = fetching.contains(&name) || link && name == "href";
            if fetches && !value.starts_with("data:") && !value.starts_with('#') {
                found.push(tag);
            }
        }
    }
    let imports = ["url(http", "url(//", "url('", "url(\"", "@import"];
    found.extend(imports.into_iter().filter(|import| source.contains(import)));
    found
}

fn attributes(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    let words = tag.split('"').collect::<Vec<_>>();
    let pairs: Vec<_> = words
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    pairs.into_iter().filter_map(|(before, value)| {
        let name = before.trim_end().strip_suffix('=')?;
        Some((name.rsplit(char::is_whitespace).next()?, value))
    })
}

/// The two sieves above hold something back.
fn control(browser: &Browser) {
    let own = tempfile::tempdir().unwrap();
    let page = own.path().join("page.html");
    let text = "<!doctype html><title>x</title><img src=\"http://capbench.invalid/a.png\">\
                <script>console.error('planted')</script>";
    fs::write(&page, text).unwrap();
    let visit = visit(browser, &page);
    assert!(
        visit.console.iter().any(|line| line.contains("planted")),
        "{:?}",
        visit.console
    );
    let asked = visit
        .requests
        .iter()
        .any(|url| url.contains("capbench.invalid/a.png"));
    assert!(asked, "{:?}", visit.requests);
    assert_eq!(outside(text).len(), 1);
}

/// Pictures for people, below `target/readers/pictures/`: what a reader sees first, and
/// two sections by themselves.
fn photographed(browser: &Browser) {
    let report = report();
    let source = fs::read_to_string(&report).unwrap();
    let pictures = place().directory("pictures");
    fs::create_dir_all(&pictures).unwrap();
    let first = take(browser, &report, &pictures.join("first-screen.png"));
    let mut taken = vec![first];
    for (name, section) in [("waterfall", "breakdown"), ("appendix", "configuration")] {
        let heading = format!("<section id=\"{section}\"");
        assert!(source.contains(&heading), "the report has no {section}");
        // A picture shows the top of a page, so that the section becomes that.
        let hidden = format!(
            "<style>header,nav,footer,main>:not(#{section}){{display:none}}</style></head>"
        );
        let page = pictures.join(format!("{name}.html"));
        fs::write(&page, source.replacen("</head>", &hidden, 1)).unwrap();
        taken.push(take(browser, &page, &pictures.join(format!("{name}.png"))));
        fs::remove_file(page).unwrap();
    }
    // Three places of the report are three pictures, none of them of an empty page.
    assert!(taken.iter().all(|bytes| bytes.len() > 20_000));
    assert!(taken[0] != taken[1] && taken[1] != taken[2]);
}

fn take(browser: &Browser, page: &Path, picture: &Path) -> Vec<u8> {
    let own = tempfile::tempdir().unwrap();
    let mut command = browser.command(own.path());
    command.arg(WINDOW);
    command.arg(format!("--screenshot={}", picture.display()));
    command.arg(url(page));
    succeed(command);
    let bytes = fs::read(picture).unwrap();
    assert!(bytes.starts_with(PNG), "{}", picture.display());
    bytes
}
