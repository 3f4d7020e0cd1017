//! The stream of frames to the host.
//!
//! Context: any thread, between timed loops only; a panic may come at any
//! time. Loss: none while the host reads; a write that fails ends the boot
//! without an end-of-stream, which the host does not take for success.

use crate::clock;
use crate::machine::Machine;
use crate::outcome::Outcome;
use std::fs::File;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use trace_format::control::{ControlFrame, EndOfStream, Message, Panicked};
use trace_format::frame::FRAME_LENGTH_MAX;
use trace_format::{Context, FixedRecord, FrameFull, FrameKind, Lost, Origin, RecordFrame};

/// The stream; clones are the same one.
#[derive(Clone)]
pub struct Stream(Arc<Mutex<Writer>>);

struct Writer {
    sink: File,
    buffer: Box<[u8]>,
    frames: u32,
    samples: u64,
    instants: u64,
}

impl Stream {
    /// A stream that begins at the sink's present end.
    pub fn new(sink: File) -> Stream {
        Stream(Arc::new(Mutex::new(Writer {
            sink,
            buffer: vec![0; FRAME_LENGTH_MAX].into_boxed_slice(),
            frames: 0,
            samples: 0,
            instants: 0,
        })))
    }

    /// Sends control messages.
    pub fn control(&self, messages: &[Message<'_>]) -> io::Result<()> {
        self.lock().control(messages)
    }

    /// Sends records of one kind.
    pub fn records<R: FixedRecord>(&self, records: &[R]) -> io::Result<()> {
        self.lock().records(records)
    }

    /// Sends the last message of a complete stream.
    pub fn finish(&self) -> io::Result<()> {
        self.lock().finish()
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn control(&mut self, mut messages: &[Message<'_>]) -> io::Result<()> {
        while !messages.is_empty() {
            let origin = self.origin();
            let mut frame = ControlFrame::new(&mut self.buffer);
            let pushed = messages
                .iter()
                .take_while(|message| message.push_to(&mut frame).is_ok())
                .count();
            if pushed == 0 {
                return Err(io::Error::other("a control message is longer than a frame"));
            }
            self.sink.write_all(frame.finish(origin, clock::now()))?;
            self.frames += 1;
            messages = &messages[pushed..];
        }
        Ok(())
    }

    fn records<R: FixedRecord>(&mut self, records: &[R]) -> io::Result<()> {
        let mut records = records.iter().peekable();
        while records.peek().is_some() {
            let origin = self.origin();
            let mut frame = RecordFrame::<R>::new(&mut self.buffer);
            while let Some(record) = records.peek() {
                match frame.push(record) {
                    Ok(()) => records.next(),
                    Err(FrameFull) => break,
                };
            }
            match R::KIND {
                FrameKind::Samples => self.samples += u64::from(frame.record_count()),
                FrameKind::Instants => self.instants += u64::from(frame.record_count()),
                _ => {}
            }
            self.sink.write_all(frame.finish(origin))?;
            self.frames += 1;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        let end = EndOfStream {
            frames: self.frames + 1,
            samples: self.samples,
            instants: self.instants,
            time: clock::now(),
        };
        self.control(&[Message::EndOfStream(end)])
    }

    /// There are no rings, so nothing can be lost before it is sent.
    fn origin(&self) -> Origin {
        Origin {
            cpu: 0,
            context: Context::Thread,
            sequence: self.frames,
            lost: Lost::default(),
        }
    }
}

/// Lets a panic of any thread reach the host before the machine goes down.
pub fn send_panics_to(stream: &Stream, machine: Machine) {
    let stream = stream.clone();
    std::panic::set_hook(Box::new(move |info| {
        machine.say(&info.to_string());
        // A panic while a frame is written leaves that frame torn; the host
        // sees that too.
        if let Ok(mut writer) = stream.0.try_lock() {
            let _ = writer.send_panic(info);
        }
        if machine == Machine::Guest {
            machine.exit(Outcome::Panicked);
        }
    }));
}

impl Writer {
    fn send_panic(&mut self, info: &PanicHookInfo<'_>) -> io::Result<()> {
        let location = info.location().map(ToString::to_string).unwrap_or_default();
        self.control(&[Message::Panicked(Panicked {
            time: clock::now(),
            message: &info.to_string(),
            location: &location,
            open_spans: 0,
        })])
    }
}
