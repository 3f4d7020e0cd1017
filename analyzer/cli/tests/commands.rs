//! What every command keeps to: it is documented, its exit status means what the
//! one table says, and colour is for terminals.

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

fn capbench(arguments: &[&str]) -> Output {
    let mut command: Command = assert_cmd::cargo::cargo_bin_cmd!("capbench");
    let output = command.current_dir(repository()).args(arguments).output();
    output.unwrap()
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn commands_page() -> String {
    fs::read_to_string(repository().join("docs/src/commands.md")).unwrap()
}

#[test]
fn every_command_is_documented_with_an_example() {
    let pages = tempfile::tempdir().unwrap();
    let directory = pages.path().to_str().unwrap();
    assert_eq!(capbench(&["man", "-o", directory]).status.code(), Some(0));
    let page = commands_page();
    let mut found = 0;
    for entry in fs::read_dir(pages.path()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        // `capbench-guest-build.1`: one section per command, subcommands in its examples.
        let words = file.trim_end_matches(".1").replace('-', " ");
        let Some(command) = words.split(' ').nth(1) else {
            continue;
        };
        let heading = format!("## `capbench {command}`");
        let example = format!("$ {words}");
        assert!(
            page.contains(&heading) && page.contains(&example),
            "docs/src/commands.md needs a section `{heading}` with an example `{example} …`"
        );
        found += 1;
    }
    assert!(found > 8, "{found} commands");
}

#[test]
fn the_exit_codes_of_the_book_are_those_of_the_program() {
    let help = text(&capbench(&["--help"]).stdout);
    let (_, table) = help.split_once("Exit status:\n").unwrap();
    let program: Vec<(String, String)> = table
        .lines()
        .filter_map(|line| line.trim().split_once("  "))
        .map(|(code, meaning)| (code.to_owned(), meaning.to_owned()))
        .collect();
    let page = commands_page();
    let book: Vec<(String, String)> = page
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let code = cells.next().filter(|code| code.parse::<u8>().is_ok())?;
            let meaning = cells.next()?.trim_end_matches(" |");
            Some((code.to_owned(), meaning.to_owned()))
        })
        .collect();
    assert_eq!(program.len(), 7, "{help}");
    assert_eq!(program, book);
}

#[test]
fn usage_errors_are_status_1_and_help_is_0() {
    assert_eq!(capbench(&["verify", "--no-such"]).status.code(), Some(1));
    assert_eq!(capbench(&["no-such-command"]).status.code(), Some(1));
    assert_eq!(capbench(&["--help"]).status.code(), Some(0));
    assert_eq!(capbench(&["--version"]).status.code(), Some(0));
}

#[test]
fn a_pipe_gets_no_colour_and_no_words_but_data() {
    let trace = "tests/golden/ring-segments-v1.ktrace";
    for arguments in [
        &["list"][..],
        &["list", "--format", "json"],
        &["inspect", trace],
        &["inspect", trace, "--format", "json"],
        &["doctor"],
        &["doctor", "--format", "json"],
        &["run", "no-such-suite"],
        &["verify", "tests/golden"],
        &["--help"],
    ] {
        let output = capbench(arguments);
        let escapes = |bytes: &[u8]| bytes.contains(&0x1b);
        assert!(!escapes(&output.stdout), "{arguments:?}: standard output");
        assert!(!escapes(&output.stderr), "{arguments:?}: standard error");
        if arguments.contains(&"json") {
            let parsed: Result<serde_json::Value, _> = serde_json::from_slice(&output.stdout);
            assert!(parsed.is_ok(), "{arguments:?}");
        }
    }
}

#[test]
fn on_a_terminal_no_color_is_respected() {
    // util-linux's `script` gives its command a terminal; not every host has it.
    let on_terminal = |variables: &str| {
        let program = assert_cmd::cargo::cargo_bin!("capbench").display();
        let trace = "tests/golden/ring-segments-v1.ktrace";
        let line = format!("env {variables} {program} inspect {trace}");
        let mut command = std::process::Command::new("script");
        command.args(["-qec", &line, "/dev/null"]);
        command.current_dir(repository()).env_remove("NO_COLOR");
        Some(command.output().ok()?.stdout.contains(&0x1b))
    };
    let Some(coloured) = on_terminal("TERM=xterm") else {
        eprintln!("skipped: there is no `script` here");
        return;
    };
    assert!(coloured, "a terminal shows colour");
    assert_eq!(on_terminal("TERM=xterm NO_COLOR=1"), Some(false));
}

#[test]
fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = capbench(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = text(&output.stdout);
        for command in ["verify", "explain", "replay", "completions"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
}

#[test]
fn what_is_no_run_says_what_to_do() {
    for command in ["verify", "replay"] {
        let output = capbench(&[command, "docs/src"]);
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert_eq!(text(&output.stdout), "", "{command}");
        assert_ne!(text(&output.stderr), "", "{command}");
    }
    let said = text(&capbench(&["verify", "docs/src"]).stderr);
    assert!(said.contains("capbench run ring"), "{said}");
    let said = text(&capbench(&["explain", ":x"]).stderr);
    assert!(said.contains("GUEST:BENCHMARK/BATCH"), "{said}");
}
