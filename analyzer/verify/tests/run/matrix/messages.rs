//! Every field of every message, and each message as a whole.

use serde::Deserialize;
use serde_json::Value;
use trace_format::FrameKind;
use trace_format::control::Message;
use trace_format::decode::Messages;

use super::case::{Case, Mutation, Then, leaves, mutated};
use crate::artifact::{Artifact, raw};
use crate::stream::{self, frames};

/// Boots that are changed alike, one of them, and whose fields take the place of theirs:
/// of another variant, and of another system.
const GROUPS: [[&str; 4]; 3] = [
    [
        "capos-ring-samples",
        "capos-ring-samples-1",
        "capos-ring-segments-1",
        LINUX,
    ],
    [
        "capos-ring-segments",
        "capos-ring-segments-1",
        "capos-ring-samples-1",
        LINUX,
    ],
    [
        "linux-linux-matched",
        LINUX,
        "linux-linux-matched-counts-1",
        "capos-ring-samples-1",
    ],
];
const LINUX: &str = "linux-linux-matched-samples-1";

macro_rules! by_name {
    ($($name:ident)*) => {
        /// A message's name and fields.
        fn fields(message: &Message) -> (&'static str, Value) {
            match message {
                $(Message::$name(message) => {
                    (stringify!($name), serde_json::to_value(message).unwrap())
                })*
            }
        }

        /// The message of these fields; `None` where its type has no such value.
        fn message(name: &str, fields: &Value) -> Option<Message<'static>> {
            // The text of a message is borrowed, and a test ends soon.
            let json: &'static str = fields.to_string().leak();
            let mut reader = serde_json::Deserializer::from_str(json);
            match name {
                $(stringify!($name) => Deserialize::deserialize(&mut reader).ok().map(Message::$name),)*
                _ => None,
            }
        }
    };
}

by_name! {
    Session SegmentDeclared InterfaceDeclared CounterDeclared InstantDeclared MetricDeclared
    ThreadDeclared ClockCertificate Calibration WindowBegun WindowRing WindowCounter
    WindowEnded WindowRefused Verdict AuthorityGranted AuthorityExercised DenialProven
    ProcessExited ProcessFaulted Panicked RingAccount EndOfStream AuditRecord
}

/// The first message of each kind in a boot's stream.
fn firsts(run: &Artifact, stem: &str) -> Vec<(&'static str, Value)> {
    let stream = raw(&run.path(&format!("boots/{stem}.ktrace")));
    let mut found: Vec<(&'static str, Value)> = Vec::new();
    for raw in frames(&stream) {
        if raw.frame.header.kind != FrameKind::Control {
            continue;
        }
        for message in Messages::new(&raw.frame).map(Result::unwrap) {
            let (name, value) = fields(&message);
            if !found.iter().any(|(known, _)| *known == name) {
                found.push((name, value));
            }
        }
    }
    found
}

pub fn cases() -> Vec<Case> {
    let run = Artifact::new();
    let mut cases = Vec::new();
    for [boots, own, variant, system] in GROUPS {
        let own = firsts(&run, own);
        let (variant, system) = (firsts(&run, variant), firsts(&run, system));
        for (name, value) in &own {
            cases.push(whole(boots, name, Mutation::Absent));
            cases.push(whole(boots, name, Mutation::Twice));
            for leaf in leaves(value) {
                let donor = |from: &[(&'static str, Value)]| {
                    let of_kind = from.iter().find(|(known, _)| known == name)?;
                    of_kind.1.pointer(&leaf).cloned()
                };
                let donors = [
                    (Mutation::Absent, None),
                    (Mutation::Altered, None),
                    (Mutation::OfAnotherVariant, donor(&variant)),
                    (Mutation::OfAnotherSystem, donor(&system)),
                ];
                for (mutation, donor) in donors {
                    // Its type may have no such value, which is the best of rules.
                    if changed(name, value, &leaf, mutation, donor.as_ref()).is_some() {
                        cases.push(replaced(boots, name, leaf.clone(), mutation, donor));
                    }
                }
            }
        }
    }
    cases
}

/// A message with another value in one field; `None` where that changes nothing, or its
/// type has no such value.
fn changed(
    name: &str,
    own: &Value,
    leaf: &str,
    mutation: Mutation,
    donor: Option<&Value>,
) -> Option<Message<'static>> {
    let mut fields = own.clone();
    let place = fields.pointer_mut(leaf)?;
    *place = mutated(place, mutation, donor)?;
    message(name, &fields)
}

/// The first message of its kind in every boot, with another value in one field of its
/// own: what one boot says would not fit into another anyway.
fn replaced(
    boots: &'static str,
    name: &'static str,
    leaf: String,
    mutation: Mutation,
    donor: Option<Value>,
) -> Case {
    let place = format!("{boots} {name}{leaf}");
    let change = move |run: &Artifact| {
        let mut any = false;
        run.restream(boots, |stream| {
            let mut first = true;
            stream::messages(stream, &[], |message| {
                let (kind, own) = fields(&message);
                if kind != name || !std::mem::take(&mut first) {
                    return Some(message);
                }
                let new = changed(name, &own, &leaf, mutation, donor.as_ref());
                any |= new.is_some();
                Some(new.unwrap_or(message))
            })
        });
        any
    };
    Case {
        place,
        mutation,
        then: Then::Judge,
        change: Box::new(change),
    }
}

/// The first message of its kind taken out, or put in front once more.
fn whole(boots: &'static str, name: &'static str, mutation: Mutation) -> Case {
    let change = move |run: &Artifact| {
        run.restream(boots, |stream| {
            let mut first = true;
            match mutation {
                Mutation::Twice => stream::repeated(stream, |message| fields(message).0 == name),
                _ => stream::messages(stream, &[], |message| {
                    let is_it = fields(&message).0 == name && std::mem::take(&mut first);
                    (!is_it).then_some(message)
                }),
            }
        });
        true
    };
    Case {
        place: format!("{boots} {name}"),
        mutation,
        then: Then::Judge,
        change: Box::new(change),
    }
}
