//! Nothing that a program does takes the kernel or another program down: ten million
//! submissions of noise and half-truths, from a seed, and every quota exhausted. What
//! they held comes back to the last frame.

use capbench_runner::guest::Variant;
use capbench_tests::guest_run::boot_system;

/// Submissions that the system's manifest asks for.
const SUBMISSIONS: u64 = 10_000_000;

/// The number behind a word of the console.
fn number(console: &str, before: &str) -> u64 {
    let (_, rest) = console
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?} in {console}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits
        .parse()
        .unwrap_or_else(|_| panic!("no number after {before:?} in {console}"))
}

#[test]
fn ten_million_hostile_submissions_harm_nobody_else() {
    let run = boot_system("hostile", Variant::Plain);
    let console = run.console();
    assert!(run.boot().exit.is_clean(), "{}: {console}", run.boot().exit);
    assert_eq!(number(&console, "hostile: submissions="), SUBMISSIONS);
    assert!(
        number(&console, " completions=") > SUBMISSIONS / 2,
        "most were served: {console}"
    );

    let free_at_start = number(&console, "kernel: ");
    let free_at_end = number(&console, "the system ends with 0, ");
    assert_eq!(free_at_start, free_at_end, "frames were lost: {console}");
}
