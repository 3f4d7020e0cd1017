//! What a stream declares, it declares in one way: one session, one end, one meaning for
//! each id, and no segment inside of itself.

use super::{Expectation, Findings};
use capbench_frames::statements::Statements;
use capbench_frames::trace::Trace;
use capbench_results::InvalidReason::DeclarationsContradict;

pub(super) fn check(trace: &Trace, _: &Expectation, findings: &mut Findings) {
    let statements = &trace.statements;
    let expected = "one meaning each";
    for contradiction in &statements.contradictions {
        findings.invalid(
            DeclarationsContradict,
            "declarations",
            expected,
            contradiction,
        );
    }
    for nameless in nameless(trace) {
        findings.invalid(
            DeclarationsContradict,
            "declarations",
            "a name each",
            nameless,
        );
    }
    for id in rings_of_parents(statements) {
        let name = statements.segment_name(id);
        let observed = format!("segment {id} ({name}) is inside of itself by its parents");
        findings.invalid(DeclarationsContradict, "declarations", expected, observed);
    }
}

/// What was declared under no name, in words.
fn nameless(trace: &Trace) -> Vec<String> {
    let statements = &trace.statements;
    let segments = statements.segments.iter();
    let segments = segments.map(|(id, segment)| ("segment", u32::from(*id), &segment.name));
    let interfaces = statements.interfaces.iter();
    let interfaces = interfaces.map(|(id, (_, name))| ("interface", u32::from(*id), name));
    let counters = statements.counters.iter();
    let counters = counters.map(|(id, counter)| ("counter", u32::from(*id), &counter.name));
    let instants = statements.instants.iter();
    let instants = instants.map(|(id, instant)| ("instant", u32::from(*id), &instant.name));
    let threads = statements.threads.iter();
    let threads = threads.map(|(tid, (_, program))| ("thread", *tid, program));
    let metrics = trace.windows.iter().flat_map(|window| &window.metrics);
    let metrics = metrics.map(|(id, name)| ("metric", u32::from(*id), name));
    segments
        .chain(interfaces)
        .chain(counters)
        .chain(instants)
        .chain(threads)
        .chain(metrics)
        .filter(|(.., name)| name.is_empty())
        .map(|(what, id, _)| format!("{what} {id} has none"))
        .collect()
}

/// Segments whose parents lead back to them; a segment that is its own parent is a
/// contradiction already.
fn rings_of_parents(statements: &Statements) -> Vec<u16> {
    let parent = |id: u16| statements.segments.get(&id)?.parent;
    let leads_back = |&id: &u16| {
        let mut at = parent(id).filter(|parent| *parent != id);
        for _ in 0..statements.segments.len() {
            match at {
                Some(ancestor) if ancestor == id => return true,
                Some(ancestor) => at = parent(ancestor),
                None => return false,
            }
        }
        false
    };
    statements
        .segments
        .keys()
        .copied()
        .filter(leads_back)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Objection;
    use super::super::testing::{Story, objections};
    use super::*;
    use trace_format::control::{EndOfStream, Message, SegmentDeclared, SegmentKind, Session};

    const CONTRADICTS: (&str, Objection) =
        ("declarations", Objection::Invalid(DeclarationsContradict));

    fn found(extra: Vec<Message<'static>>) -> Vec<(&'static str, Objection)> {
        let story = Story {
            extra,
            ..Story::default()
        };
        objections(&story, &Expectation::default())
    }

    fn segment(id: u16, parent: Option<u16>, name: &'static str) -> Message<'static> {
        Message::SegmentDeclared(SegmentDeclared {
            id,
            parent,
            kind: SegmentKind::Lap,
            name,
        })
    }

    #[test]
    fn what_is_declared_twice_is_found_whatever_it_says() {
        assert_eq!(found(vec![segment(20, Some(1), "other")]), []);
        assert_eq!(found(vec![segment(2, Some(1), "validate")]), [CONTRADICTS]);
        assert!(found(vec![segment(2, Some(1), "other")]).contains(&CONTRADICTS));
    }

    #[test]
    fn what_has_no_name_is_found() {
        assert_eq!(found(vec![segment(20, Some(1), "")]), [CONTRADICTS]);
    }

    #[test]
    fn a_segment_inside_of_itself_is_found_by_whatever_way() {
        assert!(found(vec![segment(20, Some(20), "a")]).contains(&CONTRADICTS));
        let ring = vec![segment(20, Some(21), "a"), segment(21, Some(20), "b")];
        assert!(found(ring).contains(&CONTRADICTS));
        let chain = vec![segment(20, Some(21), "a"), segment(21, None, "b")];
        assert_eq!(found(chain), []);
    }

    #[test]
    fn a_second_session_or_end_is_found_and_overrides_nothing() {
        let session = Session {
            build_id: "another",
            kernel: "another",
            variant: "samples",
            features: "",
            cpus: 1,
            ring_mode: trace_format::control::RingMode::Discard,
            ring_slots: 1,
        };
        assert!(found(vec![Message::Session(session)]).contains(&CONTRADICTS));
        let end = EndOfStream {
            frames: 1,
            samples: 0,
            instants: 0,
            time: 0,
        };
        assert!(found(vec![Message::EndOfStream(end)]).contains(&CONTRADICTS));
    }
}
