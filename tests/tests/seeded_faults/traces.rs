//! Traces: damaged, foreign, expanding, and things that are no file.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::case::{Case, Expected, Place, words};
use crate::damage::{fifo, flipped};
use crate::random::Random;

const AREA: &str = "traces";
const SEEDS: u64 = 14;
/// Zeros behind a few kilobytes.
const EXPANDED_BYTES: usize = 1 << 29;

/// Changes a stream: the bytes as a kernel sent them, and those of another stream.
type Change = fn(Vec<u8>, &[u8], &mut Random) -> Vec<u8>;

/// Changes that frame numbers, CRCs or the end of the session give away.
const CHANGES: [(&str, Change); 7] = [
    ("truncated", |stream, _, random| {
        stream[..random.below(stream.len())].to_vec()
    }),
    ("flipped", |stream, _, random| flipped(&stream, random)),
    ("duplicated", |mut stream, _, random| {
        let at = random.below(stream.len());
        let part = stream[at..].to_vec();
        stream.extend(part);
        stream
    }),
    ("reordered", |mut stream, _, random| {
        let at = 1 + random.below(stream.len() - 1);
        stream.rotate_left(at);
        stream
    }),
    ("spliced", |stream, other, random| {
        let cut = 1 + random.below(stream.len() - 1);
        let from = random.below(other.len());
        [&stream[..cut], &other[from..]].concat()
    }),
    ("garbage-inside", |mut stream, _, random| {
        let at = random.below(stream.len());
        let length = 1 + random.below(300);
        let garbage = random.bytes(length);
        stream.splice(at..at, garbage);
        stream
    }),
    ("twice", |stream, _, _| [&stream[..], &stream[..]].concat()),
];

/// Inputs that are no trace at all; the name of each says what is made.
const NO_TRACES: [(&str, fn(&Path, &mut Random)); 8] = [
    ("empty", |path, _| fs::write(path, []).unwrap()),
    ("garbage", |path, random| {
        let length = 1 + random.below(100_000);
        fs::write(path, random.bytes(length)).unwrap();
    }),
    ("compressed-garbage", |path, random| {
        let length = 1 + random.below(100_000);
        let garbage = random.bytes(length);
        fs::write(path, zstd::encode_all(&garbage[..], 1).unwrap()).unwrap();
    }),
    ("directory", |path, _| fs::create_dir(path).unwrap()),
    ("fifo", |path, _| fifo(path)),
    ("device", |path, _| symlink("/dev/zero", path).unwrap()),
    ("dangling-link", |path, _| symlink("nowhere", path).unwrap()),
    ("link-to-itself", |path, _| symlink(path, path).unwrap()),
];

/// How a trace is read, up to its path.
const READERS: [&[&str]; 3] = [
    &["inspect"],
    &["inspect", "--format=json"],
    &["inspect", "--stitch=ring/nop/1"],
];

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for golden in 0..5 {
        cases.push(Case::new(
            AREA,
            "undamaged",
            golden,
            Expected::CLEAN,
            move |place, _| words(&["inspect"], &place.base.golden[golden as usize]),
        ));
    }
    for (kind, change) in CHANGES {
        for is_compressed in [false, true] {
            let form = if is_compressed { "ktrace" } else { "raw" };
            for seed in 0..SEEDS {
                let expected = Expected::FOUND;
                let kind = format!("{kind}-{form}");
                cases.push(Case::new(
                    AREA,
                    kind,
                    seed,
                    expected,
                    move |place, random| {
                        let stream = change(golden(place, random), &golden(place, random), random);
                        let bytes = match is_compressed {
                            true => zstd::encode_all(&stream[..], 1).unwrap(),
                            false => stream,
                        };
                        let path = place.path("x.ktrace");
                        fs::write(&path, bytes).unwrap();
                        // What stands in a segment may be whole where the rest is not.
                        words(READERS[(seed % 2) as usize], &path)
                    },
                ));
            }
        }
    }
    for seed in 0..SEEDS {
        let expected = Expected::ORDERLY;
        let kind = "compressed-flipped";
        cases.push(Case::new(AREA, kind, seed, expected, |place, random| {
            let path = place.path("x.ktrace");
            let golden = fs::read(random.choose(&place.base.golden)).unwrap();
            fs::write(&path, flipped(&golden, random)).unwrap();
            words(READERS[random.below(3)], &path)
        }));
        let kind = "another-version";
        cases.push(Case::new(
            AREA,
            kind,
            seed,
            Expected::FOUND,
            |place, random| {
                let mut stream = golden(place, random);
                let at = random.below(8);
                stream[at] = stream[at].wrapping_add(1 + random.below(255) as u8);
                let path = place.path("x.raw");
                fs::write(&path, stream).unwrap();
                words(&["inspect"], &path)
            },
        ));
    }
    for (kind, make) in NO_TRACES {
        for seed in 0..6 {
            // A stream of noise may also be a stream of which nothing is left.
            let expected = match kind {
                "garbage" | "compressed-garbage" | "empty" => Expected::FOUND,
                _ => Expected::REFUSED,
            };
            cases.push(Case::new(
                AREA,
                kind,
                seed,
                expected,
                move |place, random| {
                    let path = place.path("x.ktrace");
                    make(&path, random);
                    words(READERS[(seed % 3) as usize], &path)
                },
            ));
        }
    }
    for seed in 0..2 {
        let expected = Expected::FOUND;
        cases.push(Case::new(
            AREA,
            "expanding",
            seed,
            expected,
            move |place, _| {
                let path = place.path("x.ktrace");
                expand(&path);
                words(READERS[seed as usize], &path)
            },
        ));
    }
    cases
}

fn golden(place: &Place, random: &mut Random) -> Vec<u8> {
    let file = fs::File::open(random.choose(&place.base.golden)).unwrap();
    zstd::decode_all(file).unwrap()
}

fn expand(path: &Path) {
    let mut encoder = zstd::Encoder::new(fs::File::create(path).unwrap(), 1).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..EXPANDED_BYTES / zeros.len() {
        encoder.write_all(&zeros).unwrap();
    }
    encoder.finish().unwrap();
}
