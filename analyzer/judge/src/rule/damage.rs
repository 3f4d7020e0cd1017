//! Every byte of the trace is what was sent, and was understood.

use super::{Expectation, Findings};
use capbench_frames::statements::LIMIT;
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::{FrameDamaged, TraceCutOff};

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    let damage = &trace.damage;
    let first = damage.first.first().map_or("", String::as_str);
    if damage.archive > 0 {
        let observed = format!("{} damaged ({first})", damage.archive);
        findings.invalid(
            FrameDamaged,
            "parts of the compressed trace",
            "all whole",
            observed,
        );
    }
    if damage.cut {
        findings.invalid(TraceCutOff, "end of the trace", "a whole frame", first);
    }
    if damage.bytes > 0 {
        let observed = format!("{} bytes in none ({first})", damage.bytes);
        findings.invalid(
            FrameDamaged,
            "bytes of the trace",
            "all in intact frames",
            observed,
        );
    }
    if damage.malformed > 0 {
        let observed = format!("{} unreadable ({first})", damage.malformed);
        findings.invalid(
            FrameDamaged,
            "records of intact frames",
            "all readable",
            observed,
        );
    }
    if damage.left_out > 0 {
        let observed = format!("{} left out", damage.left_out);
        findings.invalid(
            FrameDamaged,
            "statements of the trace",
            format!("of known windows, and at most {LIMIT} of a kind"),
            observed,
        );
    }
    if trace.statements.session.is_none() {
        findings.invalid(FrameDamaged, "session header", "one", "none");
    }
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections_in};
    use super::*;
    use trace_format::control::{Message, ProcessExited};

    #[test]
    fn a_flipped_byte_is_found() {
        let mut bytes = Story::default().bytes();
        let place = bytes.len() / 2;
        bytes[place] ^= 1;
        let found = objections_in(&bytes, &Expectation::default());
        assert_eq!(found[0], ("damage", Objection::Invalid(FrameDamaged)));
    }

    #[test]
    fn a_compressed_trace_is_told_damaged_from_cut_off() {
        let bytes = Story::default().bytes();
        let (front, back) = bytes.split_at(bytes.len() / 2);
        let front = zstd::encode_all(front, 1).unwrap();
        let archive = [front.clone(), zstd::encode_all(back, 1).unwrap()].concat();
        let mut flipped = archive.clone();
        flipped[front.len() + 20] ^= 0x55;
        let found = |bytes: &[u8]| objections_in(bytes, &Expectation::default());
        assert_eq!(found(&archive), []);
        assert_eq!(
            found(&flipped)[0],
            ("damage", Objection::Invalid(FrameDamaged))
        );
        let cut = &archive[..archive.len() - 9];
        assert!(found(cut).contains(&("damage", Objection::Invalid(TraceCutOff))));
    }

    #[test]
    fn a_trace_of_which_nothing_survived_is_damaged_unless_the_boot_says_why() {
        let error = capbench_frames::trace::read_bytes(&[7; 100], "test").unwrap_err();
        let found = |ending| {
            let expected = Expectation {
                ending,
                ..Expectation::default()
            };
            let findings = super::super::check_unreadable("test", &expected, &error);
            findings
                .into_iter()
                .map(|finding| finding.check)
                .collect::<Vec<_>>()
        };
        assert_eq!(found(None), ["damage", "end-of-stream"]);
        let killed = Some(super::super::Ending::Abnormal("signal 9".into()));
        assert_eq!(found(killed), ["ending", "damage", "end-of-stream"]);
    }

    #[test]
    fn more_statements_than_are_kept_are_an_objection_that_names_the_limit() {
        let story = Story::default().bytes();
        let exits = |count: usize| {
            let exit = Message::ProcessExited(ProcessExited { pid: 1, code: 0 });
            let mut trace = capbench_frames::trace::read_bytes(&story, "test").unwrap();
            let before = trace.statements.exits.len();
            (before..count).for_each(|_| trace.statements.take(&exit));
            trace.damage.left_out += trace.statements.left_out;
            let mut found = super::super::check(&trace, &Expectation::default());
            found.retain(|finding| finding.check == "damage");
            found
        };
        assert_eq!(exits(LIMIT), []);
        let found = exits(LIMIT + 1);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].objection, Objection::Invalid(FrameDamaged));
        assert!(found[0].evidence.expected.contains(&LIMIT.to_string()));
        assert_eq!(found[0].evidence.observed, "1 left out");
    }

    #[test]
    fn a_cut_off_trace_is_found() {
        let bytes = Story::default().bytes();
        let found = objections_in(&bytes[..bytes.len() - 10], &Expectation::default());
        assert_eq!(found[0], ("damage", Objection::Invalid(TraceCutOff)));
    }

    #[test]
    fn a_stream_without_a_session_is_found() {
        let story = Story {
            silent: true,
            ..Story::default()
        };
        let found = objections_in(&story.bytes(), &Expectation::default());
        assert_eq!(found[0], ("damage", Objection::Invalid(FrameDamaged)));
    }
}
