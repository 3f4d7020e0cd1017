//! End-to-end tests: real boots, fault injection, golden traces.
