//! Runs the guest's program as an ordinary one and decodes what it streams.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};
use trace_format::control::{Edge, Message, OracleOutcome};
use trace_format::decode::{Event, Frames, Messages, read_records};
use trace_format::{FrameKind, Instant, PcSample, Sample};

/// A window of a decoded stream.
#[derive(Default)]
pub struct Window {
    pub benchmark: String,
    pub samples: Vec<Sample>,
    /// What each counter gained.
    pub gains: BTreeMap<String, u64>,
    pub passed: bool,
    pub detail: String,
}

/// A decoded stream.
#[derive(Default)]
pub struct Stream {
    pub variant: String,
    pub features: String,
    tsc_hz: u64,
    pub windows: BTreeMap<u32, Window>,
    pub instants: Vec<Instant>,
    pub pc_samples: Vec<PcSample>,
    /// Frames and samples as the end of the stream states them.
    pub stated: Option<(u32, u64)>,
    pub frames: u32,
    counters: BTreeMap<u16, String>,
    begin: BTreeMap<(u32, u16), u64>,
}

/// A file under the target's folder for tests.
pub fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Runs rows in a pass, with files named after the test.
pub fn run(test: &str, pass: &str, rows: &str) -> (Output, Stream) {
    let (rows_file, trace_file) = (
        file(&format!("{test}.rows")),
        file(&format!("{test}.trace")),
    );
    std::fs::write(&rows_file, rows).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_init"))
        .arg(format!("pass={pass}"))
        .arg(format!("rows={}", rows_file.display()))
        .arg(format!("trace={}", trace_file.display()))
        .output()
        .unwrap();
    let stream = Stream::decode(&std::fs::read(trace_file).unwrap());
    (output, stream)
}

impl Stream {
    /// What the clock certificate says.
    pub fn seconds_per_tick(&self) -> f64 {
        1.0 / self.tsc_hz as f64
    }

    fn decode(bytes: &[u8]) -> Stream {
        let mut stream = Stream::default();
        for event in Frames::new(bytes) {
            let Event::Frame(frame) = event else {
                panic!("{event:?}");
            };
            stream.frames += 1;
            match frame.header.kind {
                FrameKind::Samples => {
                    let mut samples: Vec<Sample> = Vec::new();
                    read_records(&frame, &mut samples).unwrap();
                    for sample in samples {
                        stream.window(sample.window).samples.push(sample);
                    }
                }
                FrameKind::Instants => {
                    read_records(&frame, &mut stream.instants).unwrap();
                }
                FrameKind::PcSamples => {
                    read_records(&frame, &mut stream.pc_samples).unwrap();
                }
                FrameKind::Control => Messages::new(&frame).for_each(|m| stream.take(m.unwrap())),
                kind => panic!("the guest sends no {kind:?}"),
            }
        }
        stream
    }

    fn window(&mut self, window: u32) -> &mut Window {
        self.windows.entry(window).or_default()
    }

    fn take(&mut self, message: Message<'_>) {
        match message {
            Message::Session(session) => {
                self.variant = session.variant.into();
                self.features = session.features.into();
            }
            Message::ClockCertificate(clock) => self.tsc_hz = clock.tsc_hz,
            Message::WindowBegun(begun) => {
                self.window(begun.window).benchmark = begun.benchmark.into();
            }
            Message::CounterDeclared(counter) => {
                self.counters.insert(counter.id, counter.name.into());
            }
            Message::WindowCounter(reading) => {
                let key = (reading.window, reading.counter);
                match reading.edge {
                    Edge::Begin => {
                        self.begin.insert(key, reading.value);
                    }
                    Edge::End => {
                        let gain = reading.value - self.begin[&key];
                        let name = self.counters[&reading.counter].clone();
                        self.window(reading.window).gains.insert(name, gain);
                    }
                }
            }
            Message::Verdict(verdict) => {
                let window = self.window(verdict.window);
                window.passed = verdict.outcome == OracleOutcome::Passed;
                window.detail = verdict.detail.into();
            }
            Message::EndOfStream(end) => self.stated = Some((end.frames, end.samples)),
            _ => {}
        }
    }
}
