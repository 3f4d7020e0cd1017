//! Shows results: tables, breakdowns, exports.
