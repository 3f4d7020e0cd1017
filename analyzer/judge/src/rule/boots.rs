//! Every boot that was planned is in the record, audits included: a boot that is left
//! out must not pass for one that went well.

use super::{Finding, Objection};
use capbench_results::{Evidence, InvalidReason};
use capbench_runner::boot::{BootId, CapturedBoot};

/// One finding for each planned boot that no record mentions.
pub(crate) fn missing<'a>(
    planned: impl Iterator<Item = &'a BootId>,
    captured: &[CapturedBoot],
) -> Vec<Finding> {
    planned
        .filter(|id| captured.iter().all(|boot| boot.id != **id))
        .map(|id| Finding {
            check: "boots",
            objection: Objection::Invalid(InvalidReason::EvidenceMissing),
            benchmark: None,
            evidence: Evidence {
                source: id.stem(),
                subject: "the boot".to_owned(),
                expected: "in the record, as planned".to_owned(),
                observed: "not there".to_owned(),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::repeated::tests::boot;

    #[test]
    fn a_planned_boot_that_the_record_leaves_out_is_found() {
        let captured = [boot(1, 1), boot(3, 1)];
        let planned = [boot(1, 1).id, boot(2, 1).id, boot(3, 1).id];
        let found = missing(planned.iter(), &captured);
        let sources: Vec<&str> = found.iter().map(|f| f.evidence.source.as_str()).collect();
        assert_eq!(sources, ["capos-ring-samples-2"]);
    }
}
