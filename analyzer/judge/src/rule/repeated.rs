//! Boots that took place again, held to what may be repeated.
//!
//! The runner repeats one odd boot and no more. A record may come from anywhere, so what
//! it did is not taken on trust.

use crate::rule::{Finding, Objection};
use capbench_results::{Evidence, InvalidReason};
use capbench_runner::boot::CapturedBoot;
use capbench_runner::boot::again::FEWEST_BOOTS;

use crate::boot::source;

/// Boots of one kind that were repeated more often than an odd one may be, or for
/// another reason than its stream.
pub fn finding(boots: &[&CapturedBoot]) -> Option<Finding> {
    let (counted, repeated): (Vec<&CapturedBoot>, Vec<&CapturedBoot>) = boots
        .iter()
        .partition(|boot| boots.iter().all(|other| !other.id.repeats(&boot.id)));
    let odd = repeated.last()?;
    let is_tolerated = repeated.len() == 1 && counted.len() >= FEWEST_BOOTS && odd.exit.is_clean();
    (!is_tolerated).then(|| Finding {
        check: "streams",
        objection: Objection::Invalid(InvalidReason::StreamsDiffer),
        benchmark: None,
        evidence: Evidence {
            source: source(odd),
            subject: "repeated boots".to_owned(),
            expected: format!(
                "at most one beside {FEWEST_BOOTS} equal ones, and only for its stream"
            ),
            observed: format!("{} beside {}", repeated.len(), counted.len()),
        },
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use capbench_runner::boot::{BootId, Capture, Exit};
    use capbench_runner::guest::{Variant, capos};

    pub(in super::super) fn boot(index: u32, attempt: u32) -> CapturedBoot {
        CapturedBoot {
            id: BootId {
                guest: capos::GUEST,
                system: "ring".into(),
                variant: Variant::Samples,
                audit: false,
                index,
                attempt,
            },
            exit: Exit::Clean,
            capture: Capture::Absent,
            console: "console".into(),
            emulator_log: "log".into(),
            instruction_log: None,
            wall_ms: 0,
            arguments: Vec::new(),
        }
    }

    /// The boot that should not have been repeated, if any.
    fn wrongly(boots: &[CapturedBoot]) -> Option<String> {
        let boots: Vec<&CapturedBoot> = boots.iter().collect();
        finding(&boots).map(|finding| finding.evidence.source)
    }

    #[test]
    fn one_odd_boot_of_four_is_no_finding_and_any_other_repetition_is() {
        let four: Vec<CapturedBoot> = (1..=4).map(|index| boot(index, 1)).collect();
        assert_eq!(wrongly(&four), None);
        let mut repeated = four.clone();
        repeated.push(boot(2, 2));
        assert_eq!(wrongly(&repeated), None);

        let too_few = wrongly(&repeated[1..]);
        assert_eq!(too_few.as_deref(), Some("capos-ring-samples-2"));

        let mut crashed = repeated.clone();
        crashed[1].exit = Exit::KernelPanic;
        assert!(wrongly(&crashed).is_some(), "a crash is a result");

        let mut twice = repeated.clone();
        twice.push(boot(3, 2));
        assert!(wrongly(&twice).is_some());
    }
}
