//! Whole runs, made of golden traces.

mod artifact;
mod explained;
mod tampered;
