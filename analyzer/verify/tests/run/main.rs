//! Whole runs, made of golden traces.

mod artifact;
mod definitions;
mod emulator;
mod explained;
mod forged;
mod hostile;
mod matrix;
mod refused;
mod rules;
mod stream;
mod tampered;
