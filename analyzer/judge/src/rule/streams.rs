//! Boots that must be identical are, to the last byte.

use super::{Finding, Objection};
use capbench_frames::difference::first_difference;
use capbench_frames::trace::Trace;
use capbench_results::{Digest, Evidence, InvalidReason};

/// The raw stream of one boot.
#[derive(Clone, Debug)]
pub struct Stream<'a> {
    /// Name for evidence.
    pub source: String,
    /// Hash of its uncompressed bytes.
    pub hash: Digest,
    /// What it says, where it could be read.
    pub trace: Option<&'a Trace>,
}

/// Holds the streams of all boots of one guest variant against the first.
pub fn streams_differ(streams: &[Stream]) -> Vec<Finding> {
    let Some((first, others)) = streams.split_first() else {
        return Vec::new();
    };
    let differing = others.iter().filter(|stream| stream.hash != first.hash);
    differing
        .map(|stream| Finding {
            check: "streams",
            objection: Objection::Invalid(InvalidReason::StreamsDiffer),
            benchmark: None,
            evidence: Evidence {
                source: stream.source.clone(),
                subject: "SHA-256 of the stream".to_owned(),
                expected: format!("{} as in {}", first.hash, first.source),
                observed: match place(first, stream) {
                    Some(place) => format!("{}; first difference: {place}", stream.hash),
                    None => stream.hash.to_string(),
                },
            },
        })
        .collect()
}

fn place(first: &Stream, other: &Stream) -> Option<String> {
    first_difference(first.trace?, other.trace?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_differing_stream_is_found_and_equal_ones_are_not() {
        let stream = |name: &str, byte| Stream {
            source: name.into(),
            hash: Digest([byte; 32]),
            trace: None,
        };
        assert_eq!(streams_differ(&[]), []);
        assert_eq!(
            streams_differ(&[stream("boot-0", 1), stream("boot-1", 1)]),
            []
        );
        let found = streams_differ(&[
            stream("boot-0", 1),
            stream("boot-1", 1),
            stream("boot-2", 2),
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].evidence.source, "boot-2");
        assert_eq!(found[0].evidence.observed, "02".repeat(32));
    }

    #[test]
    fn the_place_where_boots_part_is_shown() {
        use crate::rule::testing::Story;
        use capbench_frames::trace::read_bytes;
        let story = |short_sample| Story {
            short_sample,
            ..Story::default()
        };
        let traces = [false, true].map(|short| read_bytes(&story(short).bytes(), "t").unwrap());
        let [first, other] = [0, 1].map(|boot| Stream {
            source: format!("boot-{boot}"),
            hash: Digest([boot as u8; 32]),
            trace: Some(&traces[boot]),
        });
        let found = streams_differ(&[first, other]);
        let observed = &found[0].evidence.observed;
        assert!(
            observed.ends_with("sample 3: 3199 ticks, not 4800"),
            "{observed}"
        );
    }
}
