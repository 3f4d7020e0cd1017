//! Runs whose files are gone, damaged, foreign, or no files.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::case::{Case, Expected, OUT};
use crate::random::Random;
use crate::subject::{Subject, word};

type Fault = fn(&Path, &mut Random);

const FAULTS: [(&str, Fault); 7] = [
    ("gone", |path, _| fs::remove_file(path).unwrap()),
    ("empty", |path, _| fs::write(path, b"").unwrap()),
    ("cut", |path, random| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..random.below(bytes.len())]).unwrap();
    }),
    ("flipped", |path, random| {
        let mut bytes = fs::read(path).unwrap();
        if bytes.is_empty() {
            bytes.push(1);
        } else {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        fs::write(path, bytes).unwrap();
    }),
    ("noise", |path, random| {
        let length = 1 + random.below(5000);
        let noise: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        fs::write(path, noise).unwrap();
    }),
    ("a FIFO", |path, _| {
        fs::remove_file(path).unwrap();
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }),
    ("a link out", |path, _| {
        fs::remove_file(path).unwrap();
        symlink("/dev/zero", path).unwrap();
    }),
];

/// Commands that read a run; a damaged file may be none of theirs.
const READERS: [&[&str]; 5] = [
    &["judge"],
    &["explain", "ring/nop/1", "--run"],
    &["export", "--format", "csv", "--output", "OUT"],
    &["report", "--out", "OUT"],
    &["plot", "--out", "OUT"],
];

pub fn cases(subject: &Subject) -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, file) in files(&subject.run()).into_iter().enumerate() {
        let is_empty = fs::metadata(subject.run().join(&file)).unwrap().len() == 0;
        for (seed, (name, fault)) in (0..).zip(FAULTS) {
            if is_empty && ["empty", "cut"].contains(&name) {
                continue;
            }
            let fault_name = format!("{} {name}", file.display());
            cases.push(case(
                &["verify"],
                &file,
                &fault_name,
                seed,
                fault,
                Expected::Broken,
            ));
            let reader = READERS[(number + seed as usize) % READERS.len()];
            let mut case = case(reader, &file, &fault_name, seed, fault, Expected::Anything);
            // The judge counts again, and so takes nothing as it is told.
            if reader == ["judge"] {
                case.expected = Expected::InOrderIfTheSame;
                case.sound = Some(["judge", word(&subject.run())].map(str::to_owned).into());
            }
            cases.push(case);
        }
    }
    cases
}

fn case(
    words: &'static [&'static str],
    file: &Path,
    name: &str,
    seed: u64,
    fault: Fault,
    expected: Expected,
) -> Case {
    let file = file.to_owned();
    Case {
        area: "run directories",
        fault: format!("{name}, for {}", words[0]),
        seed,
        expected,
        prepare: Box::new(move |directory, subject| {
            let run = subject.copy_of_run(directory);
            fault(&run.join(&file), &mut Random::of(seed));
            let out = directory.join(OUT);
            let words = words.iter().map(|word_of| match *word_of {
                "OUT" => word(&out).to_owned(),
                other => other.to_owned(),
            });
            words.chain([word(&run).to_owned()]).collect()
        }),
        sound: None,
        never_made: None,
    }
}

/// Its files, by their names in it, in order.
pub fn files(run: &Path) -> Vec<PathBuf> {
    let (mut files, mut folders) = (Vec::new(), vec![run.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path.strip_prefix(run).unwrap().to_owned()),
            }
        }
    }
    files.sort();
    files
}
