//! Joins.
