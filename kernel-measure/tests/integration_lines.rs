//! The budget for integrating the recorder into a kernel, on the virtio
//! transport, with driver memory and address translation included.

const LINES_MAX: usize = 15;

#[test]
fn a_kernel_integrates_in_fifteen_lines() {
    let example = include_str!("../examples/integration.rs");
    let (_, rest) = example.split_once("// integration begins\n").unwrap();
    let (lines, _) = rest.split_once("// integration ends\n").unwrap();
    let counted = lines.lines().filter(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with("//")
    });
    let count = counted.count();
    assert!(count <= LINES_MAX, "the integration takes {count} lines");
}
