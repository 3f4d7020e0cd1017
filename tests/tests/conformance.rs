//! The reference kernel has the published capOS ABI: its constants and verdicts are
//! those of the published crates, and programs built against these run on it as they
//! are.

mod published;

use capbench_tests::command::{Said, guest_exec, run};
use published::{PROGRAMS, cargo, succeed};
use std::path::Path;

/// Fewer would mean that a group of comparisons was lost.
const COMPARISONS_AT_LEAST: usize = 33;

#[test]
fn constants_layouts_and_verdicts_are_the_published_ones() {
    let text = succeed(&mut cargo(&["test", "--locked"]));
    let passed = text.lines().filter(|line| line.ends_with("... ok")).count();
    assert!(passed >= COMPARISONS_AT_LEAST, "{text}");
}

fn exec(program: &Path, arguments: &[&str]) -> Said {
    run(guest_exec(program, arguments))
}

#[test]
fn the_published_smoke_program_passes_unmodified_in_every_variant() {
    for variant in ["plain", "samples", "segments"] {
        let arguments = ["--grant", "console", "--variant", variant];
        let said = exec(&PROGRAMS.smoke, &arguments);
        assert_eq!(said.status, 0, "{variant}: {}", said.text);
        for line in [
            "[capos-rt-smoke] typed ConsoleClient writeLine + exception decode ok.",
            "[capos-rt-smoke] copy-transfer helper kept Console live.",
            "[capos-rt-smoke] cloned owned Console handle stayed live.",
        ] {
            assert!(said.text.contains(line), "{variant}: {}", said.text);
        }
    }
}

/// Runs the steps for which these grants are enough; all of them must be done right.
fn typed_clients(grants: &[&str], steps: usize) {
    let child = format!("typed-child={}", PROGRAMS.typed_child.display());
    let mut arguments = vec!["--program", child.as_str()];
    for grant in [&["console"], grants].concat() {
        arguments.extend(["--grant", grant]);
    }
    let said = exec(&PROGRAMS.typed_clients, &arguments);
    assert_eq!(said.status, 0, "{}", said.text);
    let summary = format!("typed-clients: done={steps} failed=0");
    assert!(said.text.contains(&summary), "{summary}: {}", said.text);
}

#[test]
fn a_timer_tells_and_takes_time_through_its_typed_client() {
    typed_clients(&["timer"], 2);
}

#[test]
fn the_null_capability_takes_calls_with_and_without_parameters() {
    typed_clients(&["null"], 2);
}

#[test]
fn processes_are_spawned_waited_for_listed_and_terminated_through_typed_clients() {
    typed_clients(&["process_spawner"], 4);
}

#[test]
fn an_endpoint_serves_a_child_with_the_published_operations() {
    // The four of the spawner too.
    typed_clients(&["process_spawner", "endpoint"], 7);
}

#[test]
fn threads_are_created_and_joined_through_typed_clients() {
    typed_clients(&["thread_control", "thread_spawner"], 4);
}

#[test]
fn memory_is_mapped_protected_and_unmapped_through_its_typed_client() {
    typed_clients(&["virtual_memory"], 4);
}
