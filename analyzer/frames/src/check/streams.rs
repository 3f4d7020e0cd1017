//! Boots that must be identical are, to the last byte.

use super::{Finding, Objection};
use capbench_results::{Digest, Evidence, InvalidReason};

/// The raw stream of one boot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Name for evidence.
    pub source: String,
    /// Hash of its uncompressed bytes.
    pub hash: Digest,
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
                observed: stream.hash.to_string(),
            },
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_differing_stream_is_found_and_equal_ones_are_not() {
        let stream = |name: &str, byte| Stream {
            source: name.into(),
            hash: Digest([byte; 32]),
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
    }
}
