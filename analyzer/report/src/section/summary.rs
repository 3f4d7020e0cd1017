//! What is printed of a run when it ends: fewer of the report's parts, in the same words.
//! Why rows have no value comes last, where a terminal stops.

use super::{breakdown, correctness, distribution, head, instruments, matrix, tier, tiers};
use crate::appendix::Appendix;
use crate::document::{Document, Section};
use capbench_results::Results;

pub(crate) fn summary(results: &Results, appendix: &Appendix) -> Document {
    let tiers = tiers(results).into_iter();
    let mut sections: Vec<Section> = tiers.map(|tier| tier::values(results, tier)).collect();
    let others = [
        distribution::flagged_rows(results),
        breakdown::if_any(results),
        instruments::if_any(results, appendix),
        matrix::if_any(results),
        correctness::reasons(results, appendix),
    ];
    sections.extend(others.into_iter().flatten());
    Document {
        title: head::title(results),
        facts: head::facts(results, appendix),
        warnings: head::warnings(results, appendix),
        sections,
    }
}
