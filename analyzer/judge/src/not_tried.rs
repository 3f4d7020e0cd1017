//! Boots that were left out because KVM had given up on another.

use capbench_runner::boot::Exit;

use crate::boot::Judged;

/// The boots whose ends a row states. Those that were not tried all say the same,
/// so the first of them speaks for all, and none where the boot that they were not
/// tried for is the row's own.
pub(crate) fn told<'a>(own: &[&'a Judged<'a>]) -> impl Iterator<Item = &'a Judged<'a>> {
    let mut said = own
        .iter()
        .any(|judged| matches!(judged.boot.exit, Exit::InternalError { .. }));
    own.iter().copied().filter(move |judged| {
        let tried = !matches!(judged.boot.exit, Exit::NotTried { .. });
        tried || !std::mem::replace(&mut said, true)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use capbench_runner::boot::{BootId, Capture, CapturedBoot};
    use capbench_runner::guest::{Variant, capos};

    /// Places of the boots that are stated, of these ends.
    fn told_of(exits: &[Exit]) -> Vec<u32> {
        let boots: Vec<CapturedBoot> = (0..).zip(exits).map(boot).collect();
        let judged: Vec<Judged> = boots.iter().map(judge).collect();
        let own: Vec<&Judged> = judged.iter().collect();
        told(&own).map(|judged| judged.boot.id.index).collect()
    }

    fn boot((index, exit): (u32, &Exit)) -> CapturedBoot {
        CapturedBoot {
            id: BootId {
                guest: capos::GUEST,
                system: "ring".into(),
                variant: Variant::Samples,
                audit: false,
                index,
                attempt: 1,
            },
            exit: exit.clone(),
            capture: Capture::Absent,
            console: "console".into(),
            emulator_log: "log".into(),
            instruction_log: None,
            wall_ms: 0,
            arguments: Vec::new(),
        }
    }

    fn judge(boot: &CapturedBoot) -> Judged<'_> {
        Judged {
            boot,
            trace: None,
            findings: Vec::new(),
        }
    }

    #[test]
    fn a_row_is_told_once_that_boots_were_not_tried_and_never_not_at_all() {
        let not_tried = || Exit::NotTried {
            because: "another".into(),
        };
        let given_up = Exit::InternalError {
            message: "KVM internal error".into(),
        };
        assert_eq!(told_of(&[given_up, not_tried(), not_tried()]), [0]);
        // Boots that went well must not pass for all that were planned.
        assert_eq!(told_of(&[Exit::Clean, not_tried(), not_tried()]), [0, 1]);
        assert_eq!(told_of(&[not_tried(), not_tried()]), [0]);
        assert_eq!(told_of(&[Exit::Clean, Exit::KernelPanic]), [0, 1]);
    }
}
