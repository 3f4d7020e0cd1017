//! Every field of records and of frame headers.

use trace_format::{Context, FrameKind, Origin, Sample, SampleFlags};

use super::case::{Case, Mutation, Of, Then};
use crate::artifact::Artifact;
use crate::stream::Record;

/// Boots whose frames are changed alike.
const BOOTS: [&str; 3] = [
    "capos-ring-samples",
    "capos-ring-segments",
    "linux-linux-matched",
];

fn case(
    place: impl Into<String>,
    mutation: Mutation,
    change: impl Fn(&Artifact) -> bool + Send + Sync + 'static,
) -> Case {
    Case {
        place: place.into(),
        mutation,
        of: Of::Stream,
        then: Then::Judge,
        change: Box::new(change),
    }
}

pub fn cases() -> Vec<Case> {
    let mut cases = headers();
    cases.extend(samples());
    cases.extend(spans());
    cases
}

type OfOrigin = (&'static str, fn(&mut Origin));

fn headers() -> Vec<Case> {
    let fields: [OfOrigin; 6] = [
        ("cpu", |origin| origin.cpu += 1),
        ("context", |origin| origin.context = Context::Nmi),
        ("sequence", |origin| origin.sequence += 1),
        ("lost.ring_full", |origin| origin.lost.ring_full += 1),
        ("lost.overwritten", |origin| origin.lost.overwritten += 1),
        ("lost.transport", |origin| origin.lost.transport += 1),
    ];
    let kinds = [
        FrameKind::Control,
        FrameKind::Spans,
        FrameKind::Samples,
        FrameKind::Counters,
        FrameKind::Instants,
    ];
    let mut cases = Vec::new();
    for boots in BOOTS {
        for kind in kinds {
            for (field, alter) in fields {
                let place = format!("{boots} header of {kind:?} {field}");
                cases.push(case(place, Mutation::Altered, move |run| {
                    let mut changed = false;
                    let mut first = std::collections::BTreeSet::new();
                    run.reorigin_each(boots, |boot, of, origin| {
                        if of == kind && first.insert(boot.to_owned()) {
                            alter(origin);
                            changed = true;
                        }
                    });
                    changed
                }));
            }
        }
    }
    cases
}

type OfSample = (&'static str, fn(&mut Sample));

fn samples() -> Vec<Case> {
    let fields: [OfSample; 6] = [
        ("start", |sample| sample.start += 1_000_000),
        ("ticks", |sample| sample.ticks += 1_000_000),
        ("window", |sample| sample.window += 1),
        ("operations", |sample| sample.operations += 1),
        ("metric", |sample| sample.metric += 1),
        ("flags", |sample| sample.flags ^= SampleFlags::COLD),
    ];
    let mut cases = Vec::new();
    for boots in BOOTS {
        for (field, alter) in fields {
            let place = format!("{boots} Sample/{field}");
            cases.push(case(place, Mutation::Altered, move |run| {
                // One that counts, in the middle of the first window.
                let mut number = 0;
                run.resample(boots, |sample| {
                    number = if sample.window == 1 { number + 1 } else { 0 };
                    if number == 20 {
                        alter(sample);
                    }
                });
                true
            }));
        }
    }
    cases
}

type OfRecord = (&'static str, fn(&mut Record) -> bool);

fn spans() -> Vec<Case> {
    let fields: [OfRecord; 11] = [
        ("Span/start", |record| {
            of_span(record, |span| span.start -= 1)
        }),
        ("Span/duration", |record| {
            of_span(record, |span| span.duration += 1)
        }),
        ("Span/segment", |record| {
            of_span(record, |span| span.segment += 1)
        }),
        ("Root/start", |record| {
            of_root(record, |root| root.start -= 1)
        }),
        ("Root/duration", |record| {
            of_root(record, |root| root.duration += 1)
        }),
        ("Root/segment", |record| {
            of_root(record, |root| root.segment += 1)
        }),
        ("Root/spans_inside", |record| {
            of_root(record, |root| root.spans_inside += 1)
        }),
        ("Root/dispatch.tid", |record| {
            of_root(record, |root| root.dispatch.tid += 1)
        }),
        ("Root/dispatch.flow", |record| {
            of_root(record, |root| root.dispatch.flow += 9)
        }),
        ("Root/dispatch.opcode", |record| {
            of_root(record, |root| root.dispatch.opcode += 1)
        }),
        ("Root/dispatch.result", |record| {
            of_root(record, |root| root.dispatch.result -= 1)
        }),
    ];
    let mut cases = Vec::new();
    for (field, alter) in fields {
        let place = format!("capos-ring-segments {field}");
        cases.push(case(place, Mutation::Altered, move |run| {
            // One that is inside of a window, in every boot.
            let mut boots = 0;
            run.respan_each("capos-ring-segments", |number, record| {
                let fits = matches!(
                    (field.starts_with("Root"), &record),
                    (true, Record::Root(_)) | (false, Record::Span(_))
                );
                if number == 400 || (number > 400 && fits) {
                    boots += 1;
                    return fits && alter(record);
                }
                false
            });
            boots > 0
        }));
    }
    cases
}

fn of_span(record: &mut Record, change: fn(&mut trace_format::Span)) -> bool {
    match record {
        Record::Span(span) => change(span),
        Record::Root(_) => return false,
    }
    true
}

fn of_root(record: &mut Record, change: fn(&mut trace_format::Root)) -> bool {
    match record {
        Record::Root(root) => change(root),
        Record::Span(_) => return false,
    }
    true
}
