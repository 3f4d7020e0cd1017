//! An array of objects, one row a line; null is `null`.

use std::io::Write;

use polars_core::prelude::Schema;
use polars_io::json::BatchedWriter;

use crate::error::ExportError;
use crate::file::OutFile;
use crate::write::Feed;

/// Writes the batches of `feed`.
pub(crate) fn write(out: &mut OutFile, _schema: &Schema, feed: Feed) -> Result<u64, ExportError> {
    let path = out.path().to_owned();
    let failed = || ExportError::encode(&path);
    out.text("[")?;
    let rows = {
        let mut writer = BatchedWriter::new(Lines {
            out: &mut *out,
            state: State::Start,
        });
        feed(&mut |batch| {
            let batch = batch.map_err(failed())?;
            writer.write_batch(&batch).map_err(failed())
        })?
    };
    out.text("\n]\n")?;
    Ok(rows)
}

/// Makes an array's inside out of lines: a comma between each two.
struct Lines<W> {
    out: W,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first line.
    Start,
    /// Between two lines.
    Between,
    /// Inside a line.
    Inside,
}

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        // A line break inside of a string is escaped, so each ends a row.
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match self.state {
                State::Start => self.out.write_all(b"\n")?,
                State::Between => self.out.write_all(b",\n")?,
                State::Inside => {}
            }
            let text = line.strip_suffix(b"\n");
            self.out.write_all(text.unwrap_or(line))?;
            self.state = match text {
                Some(_) => State::Between,
                None => State::Inside,
            };
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
