//! Traces that are cut, flipped, doubled, mixed, or none.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use crate::case::{Case, Expected};
use crate::random::Random;
use crate::subject::{Subject, word};

type Fault = fn(&mut Vec<u8>, &mut Random);

/// What is done to the bytes of a file. Whether it was compressed is another matter.
const FAULTS: [(&str, Fault); 9] = [
    ("cut", |bytes, random| {
        bytes.truncate(random.below(bytes.len()))
    }),
    ("a flipped bit", |bytes, random| {
        let at = random.below(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }),
    ("a block of noise", |bytes, random| {
        let at = random.below(bytes.len());
        let end = bytes.len().min(at + 1 + random.below(2000));
        bytes[at..end].fill_with(|| random.next() as u8);
    }),
    ("a block of zeros", |bytes, random| {
        let at = random.below(bytes.len());
        let end = bytes.len().min(at + 1 + random.below(2000));
        bytes[at..end].fill(0);
    }),
    ("a block twice", |bytes, random| {
        let at = random.below(bytes.len());
        let block = bytes[at..bytes.len().min(at + 1 + random.below(5000))].to_vec();
        bytes.splice(at..at, block);
    }),
    ("a block missing", |bytes, random| {
        let at = random.below(bytes.len());
        let end = bytes.len().min(at + 1 + random.below(5000));
        bytes.drain(at..end);
    }),
    ("halves in another order", |bytes, random| {
        let at = random.below(bytes.len());
        bytes.rotate_left(at.max(1));
    }),
    ("noise behind it", |bytes, random| {
        let more = 1 + random.below(3000);
        bytes.extend((0..more).map(|_| random.next() as u8));
    }),
    ("nothing but noise", |bytes, random| {
        let length = random.below(20_000);
        *bytes = (0..length).map(|_| random.next() as u8).collect();
    }),
];

/// Seeds for each fault in each form.
const SEEDS: u64 = 12;

pub fn cases(subject: &Subject) -> Vec<Case> {
    let mut cases = Vec::new();
    for trace in subject.traces() {
        let sealed = fs::read(&trace).unwrap();
        let raw = zstd::decode_all(&sealed[..]).unwrap();
        for (form, bytes) in [("compressed", sealed), ("raw", raw)] {
            // A command's peak is counted from this process's own, which it begins as.
            let bytes: Arc<[u8]> = bytes.into();
            for (name, fault) in FAULTS {
                for seed in 0..SEEDS {
                    let (bytes, trace) = (Arc::clone(&bytes), trace.clone());
                    cases.push(Case {
                        area: "traces",
                        fault: format!("{form}, {name}"),
                        seed,
                        expected: Expected::InOrderIfTheSame,
                        prepare: Box::new(move |directory, _| {
                            let mut bytes = bytes.to_vec();
                            fault(&mut bytes, &mut Random::of(seed));
                            let path = directory.join("damaged.ktrace");
                            fs::write(&path, bytes).unwrap();
                            inspect(&path)
                        }),
                        sound: Some(inspect(&trace)),
                        never_made: None,
                    });
                }
            }
        }
    }
    cases.extend(no_traces());
    cases
}

fn inspect(path: &Path) -> Vec<String> {
    ["inspect", word(path)].map(str::to_owned).into()
}

type Made = fn(&Path);

/// What stands in place of a trace.
const NO_TRACES: [(&str, Made); 7] = [
    ("nothing", |_| {}),
    ("an empty file", |path| fs::write(path, b"").unwrap()),
    ("a directory", |path| fs::create_dir(path).unwrap()),
    ("a FIFO", |path| {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }),
    ("a link to a device", |path| {
        symlink("/dev/zero", path).unwrap()
    }),
    ("a text", |path| {
        fs::write(path, "no trace\n".repeat(1000)).unwrap()
    }),
    ("what expands without end", |path| {
        let zeros = vec![0; 128 << 20];
        fs::write(path, zstd::encode_all(&zeros[..], 3).unwrap()).unwrap();
    }),
];

fn no_traces() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, make) in NO_TRACES {
        for words in [&["inspect"][..], &["inspect", "--format", "json"]] {
            cases.push(Case {
                area: "traces",
                fault: format!("{name} for {}", words.join(" ")),
                seed: 0,
                expected: Expected::NotInOrder,
                prepare: Box::new(move |directory, _| {
                    let path = directory.join("no.ktrace");
                    make(&path);
                    let words = words.iter().copied().chain([word(&path)]);
                    words.map(str::to_owned).collect()
                }),
                sound: None,
                never_made: None,
            });
        }
    }
    cases
}
