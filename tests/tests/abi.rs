//! The reference kernel keeps the promises of the ABI, with and without probes:
//! `abi-check` provokes it from inside and counts what went wrong.

use capbench_runner::guest::Variant;
use capbench_tests::guest_run::boot_system;

/// Fewer would mean that a group of checks was lost.
const CHECKS_AT_LEAST: u32 = 79;

#[test]
fn the_kernel_keeps_its_promises_in_every_variant() {
    for variant in Variant::ALL {
        let run = boot_system("abi-check", variant);
        let console = run.console();
        let totals = console
            .lines()
            .find_map(|line| {
                line.split_once("abi-check: checks=")?
                    .1
                    .split_once(" failed=")
            })
            .unwrap_or_else(|| panic!("{variant}, {}: {console}", run.boot().exit));
        assert!(
            totals.0.parse::<u32>().unwrap() >= CHECKS_AT_LEAST,
            "{console}"
        );
        assert_eq!(totals.1.trim(), "0", "{variant}: {console}");
        assert!(run.boot().exit.is_clean(), "{variant}: {}", run.boot().exit);
        let end = "kernel: 0 frames are not back";
        assert!(console.contains(end), "{variant}: {console}");
    }
}
