//! The `capbench` command.

fn main() {}
